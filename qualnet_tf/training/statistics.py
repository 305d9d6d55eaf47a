"""Moving statistics that replicas keep each for themselves, brought together.

Without synchronisation every replica's batch norm sees its own part of the
batches. Training uses nothing else; what is validated and saved is the mean
over replicas.
"""

import keras
import tensorflow as tf

from qualnet_tf.methods.method import Method
from qualnet_tf.training.replicas import Replicas


class StatisticsMean:
    """Replaces every moving statistic by its mean over all replicas.

    Every worker must call it at the same step.

    Args:
        method: Its frozen weights and what is no statistic stay as they are.
        replicas: Who trains it.
    """

    def __init__(self, method: Method, replicas: Replicas):
        frozen = {id(weight) for weight in method.frozen_weights}
        self.weights = [
            weight
            for weight in method.non_trainable_weights
            if id(weight) not in frozen
            and keras.backend.is_float_dtype(weight.dtype)
        ]
        self.is_needed = (
            replicas.strategy is not None
            and replicas.count > 1
            and bool(self.weights)
        )
        self._average = tf.function(
            lambda: replicas.strategy.run(self._on_replica)
        )

    def __call__(self) -> None:
        """Does it; nothing where there is one replica."""
        if self.is_needed:
            self._average()

    def _on_replica(self) -> None:
        context = tf.distribute.get_replica_context()
        flat = [tf.reshape(weight.value, [-1]) for weight in self.weights]
        mean = context.all_reduce("MEAN", tf.concat(flat, 0))
        parts = tf.split(mean, [tf.size(part) for part in flat])
        for weight, part in zip(self.weights, parts, strict=True):
            weight.assign(tf.reshape(part, weight.shape))
