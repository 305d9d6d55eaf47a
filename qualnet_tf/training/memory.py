"""Memory that stays flat over a long run."""

import gc

import keras


class QuickCollection(keras.callbacks.Callback):
    """Lets Python's collector see what each step leaves in circles.

    It looks at old objects when a quarter as many new ones have come, and the
    graphs of a step are some hundred thousand: 5 kB a step were left, for
    thousands of steps. Once the graphs of training and validation are there,
    what exists is not looked at any more.
    """

    def __init__(self):
        super().__init__()
        self._num_executions = 0
        self._has_tested = False

    def on_train_batch_end(self, batch, logs=None):
        """After the second execution all graphs of a step are there."""
        self._num_executions += 1
        if self._num_executions == 2:
            _keep_what_is_there()

    def on_test_end(self, logs=None):
        """The first validation has made its own."""
        if not self._has_tested:
            self._has_tested = True
            _keep_what_is_there()

    def on_train_end(self, logs=None):
        """Everything may go again."""
        gc.unfreeze()


def _keep_what_is_there() -> None:
    gc.collect()
    gc.freeze()
