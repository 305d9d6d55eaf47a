"""SIGTERM, as schedulers send it before they take a machine away.

Between steps a request is noted and obeyed at the end of the step, after a
checkpoint; anywhere else - data opened, networks built - there is nothing to
save, and the start ends at once.
"""

import signal
import threading
from collections.abc import Callable

import keras

from qualnet_tf.training.callbacks import CheckpointEvery


class PreemptedError(Exception):
    """Training ends here because it was asked to; no failure.

    Attributes:
        step: Last step, which is in a checkpoint; None before the first.
    """

    def __init__(self, step: int | None = None):
        super().__init__("asked to stop")
        self.step = step


class StopRequests:
    """Listens for SIGTERM while it is entered.

    Attributes:
        requested: Whether one came.
        in_steps: Whether steps are being taken, which are not interrupted.
    """

    def __init__(self):
        self.requested = False
        self.in_steps = False
        self._previous = None

    def __enter__(self) -> "StopRequests":
        self._previous = self.listen()
        return self

    def listen(self):
        """Takes the signal; once more where TensorFlow has taken it away.

        Its runtime does so when it joins a cluster.

        Returns:
            Whose the signal was, as far as Python knows.
        """
        # Python lets the main thread alone have handlers.
        if threading.current_thread() is threading.main_thread():
            return signal.signal(signal.SIGTERM, self._handle)
        return None

    def __exit__(self, *_) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGTERM, self._previous)
            self._previous = None

    def _handle(self, *_) -> None:
        self.requested = True
        if not self.in_steps:
            raise PreemptedError


class StopWhenAsked(keras.callbacks.Callback):
    """Saves and ends training at the first step after a request.

    Args:
        requests: What was asked.
        saver: Saves the checkpoint.
        is_asked: Whether to stop; by default whether this process was asked.
            Several workers must agree.

    Raises:
        PreemptedError: From within `fit`.
    """

    def __init__(
        self,
        requests: StopRequests,
        saver: CheckpointEvery,
        is_asked: Callable[[], bool] | None = None,
    ):
        super().__init__()
        self.requests = requests
        self.saver = saver
        self.is_asked = is_asked or (lambda: requests.requested)

    def on_train_begin(self, logs=None):
        """From here on a step is finished first."""
        self.requests.in_steps = True

    def on_train_batch_end(self, batch, logs=None):
        """Stops, if asked."""
        self._stop_if_asked()

    def on_test_batch_end(self, batch, logs=None):
        """Stops in a validation as well, which can take long."""
        self._stop_if_asked()

    def on_train_end(self, logs=None):
        """Stops, if asked since; what follows is not interrupted."""
        self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        if self.is_asked():
            self.saver.save()
            raise PreemptedError(self.saver.saved_step)
