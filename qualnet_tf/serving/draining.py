"""A web server that stops without losing a request."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn

# Long enough for a request that is on its way on an open connection.
_LAME_DUCK_SECONDS = 0.5


class DrainingServer(uvicorn.Server):
    """Uvicorn's server with an end in three steps.

    Closing a socket resets connections that wait to be accepted, and open ones
    on which a request has just come in: their clients would not know whether
    they were heard. So whoever waits is accepted first; then nobody else is,
    and for a while every answer closes its connection; then idle connections
    are closed, and the rest as soon as it has its answer.

    Args:
        config: Uvicorn's.
        listener: The one socket that it listens at.
        begin_draining: Called at the first step; from then on answers are to
            say "Connection: close".
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        begin_draining: Callable[[], None],
    ):
        super().__init__(config)
        self._listener = listener
        self._begin_draining = begin_draining

    async def shutdown(self, sockets: list[socket.socket] | None = None):
        """Stops in the three steps."""
        self._begin_draining()
        waiting = self._accept_waiting()
        for server in self.servers:
            server.close()
        self._listener.close()
        loop = asyncio.get_running_loop()
        for connection in waiting:
            await loop.connect_accepted_socket(self._protocol, connection)
        await asyncio.sleep(_LAME_DUCK_SECONDS)
        await super().shutdown()

    def _accept_waiting(self) -> list[socket.socket]:
        """Returns the connections that the system holds for this process."""
        found = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # none is left, or the system refuses more
                return found
            connection.setblocking(False)
            found.append(connection)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
