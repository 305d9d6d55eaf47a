"""How many steps of a run are done, for everything that counts them."""

import keras


class StepCount(keras.callbacks.Callback):
    """Counts steps; the first of a run's callbacks.

    The optimizer's own count is no measure: a step in float16 that overflows
    is not counted there, but its images are used up.

    Args:
        done: Steps that an earlier start did.

    Attributes:
        done: Steps of the run until now.
    """

    def __init__(self, done: int = 0):
        super().__init__()
        self.done = done
        self._before_epoch = done

    def on_epoch_begin(self, epoch, logs=None):
        """Notes where the epoch, or the rest of one, begins."""
        self._before_epoch = self.done

    def on_train_batch_end(self, batch, logs=None):
        """Counts; several steps may be one execution."""
        self.done = self._before_epoch + batch + 1
