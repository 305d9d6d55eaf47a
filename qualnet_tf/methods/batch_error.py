"""An error of a whole batch, as a loss that Keras divides by replicas."""

from collections.abc import Callable

import keras
from keras import ops


class BatchError(keras.losses.Loss):
    """Makes a function that returns one number for a batch a Keras loss.

    Args:
        function: (expected, received) -> scalar, the mean over its batch.
    """

    def __init__(self, function: Callable):
        super().__init__(name="batch_error")
        self.function = function

    def call(self, y_true, y_pred):
        # With a batch axis: Keras does not scale what is a scalar already.
        return ops.reshape(self.function(y_true, y_pred), (1,))
