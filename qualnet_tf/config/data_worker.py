"""Knobs of `data_worker`."""

import dataclasses
import re

from qualnet_tf.knobs import Config, knob, require

ROLES = ("dispatcher", "worker")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataWorkerConfig(Config):
    """A part of the data service: its dispatcher, or one of its workers."""

    role: str = knob("worker", "which part", choices=ROLES)
    port: int = knob(5050, "port to listen at", lower=1, upper=65535)
    workers: tuple[str, ...] = knob(
        (),
        "(dispatcher) HOST:PORT of every worker; the place in this list says "
        "which batches a worker makes, whenever it comes",
    )
    work_dir: str = knob(
        "",
        "(dispatcher) folder of its journal, by which one that is started "
        "again knows what it was doing; empty keeps none",
        path=True,
    )
    dispatcher: str = knob("", "(worker) HOST:PORT of the dispatcher")
    address: str = knob(
        "",
        "(worker) HOST:PORT by which others reach it, as in the dispatcher's "
        "list; empty is localhost at its port",
    )

    def check(self) -> None:
        if self.role == "dispatcher":
            require(self, "workers", "name every worker's HOST:PORT")
            self._refuse("dispatcher", "address")
            for address in self.workers:
                _check_address("workers", address)
            return
        require(self, "dispatcher", "name the dispatcher's HOST:PORT")
        self._refuse("workers", "work_dir")
        _check_address("dispatcher", self.dispatcher)
        if self.address:
            _check_address("address", self.address)

    def _refuse(self, *names: str) -> None:
        for name in names:
            if getattr(self, name):
                raise ValueError(
                    f"--{name} beside --role={self.role}: expected it with the "
                    "other role alone; leave it out"
                )


def _check_address(name: str, address: str) -> None:
    match = re.fullmatch(r"[^/\s]+:(\d{1,5})", address)
    if match is None or not 0 < int(match[1]) < 65536:
        raise ValueError(
            f"--{name}: expected HOST:PORT, such as localhost:5051, received "
            f"{address!r}"
        )
