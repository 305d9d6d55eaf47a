"""What ends a training from outside, said in one line."""

import contextlib
import re

import tensorflow as tf

from qualnet_tf.training.replicas import Replicas
from qualnet_tf.training.step_count import StepCount

# How a worker learns that another one does not answer any more.
_GONE = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)


@contextlib.contextmanager
def explained(steps: StepCount, replicas: Replicas):
    """Turns TensorFlow's errors about machines and files into one line.

    Args:
        steps: The count of steps.
        replicas: Who trains.

    Raises:
        OSError: If another worker went away, or a file of the data set did.
    """
    try:
        yield
    except tf.errors.NotFoundError as error:
        found = re.search(r"(\S+); No such file", error.message)
        raise OSError(
            f"step {steps.done + 1}: expected the data set as it was opened, "
            f"received no {found[1] if found else 'file'} any more; the last "
            "checkpoint is kept; bring it back and start again to continue"
        ) from error
    except _GONE as error:
        if replicas.num_workers == 1:
            raise
        raise OSError(
            f"worker {replicas.worker}: step {steps.done + 1}: expected "
            f"{replicas.num_workers} workers, one of which does not answer any "
            "more; the last checkpoint is kept; start all workers again to "
            "continue"
        ) from error
