"""The steps by Keras's own `fit`, for the JAX backend.

It compiles them and shares them over the devices of the distribution that
`replicas` has set.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from qualnet_tf.methods.method import Method
from qualnet_tf.training.epoch_spans import epoch_spans
from qualnet_tf.training.preemption import StopRequests


class KerasFit:
    """Does what `loop.TrainingLoop` does, by `fit`.

    Args:
        method: Built and compiled.
        requests: Whether the process was asked to stop.
    """

    def __init__(self, method: Method, requests: StopRequests):
        self.method = method
        self.requests = requests

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self.requests.requested

    def run(
        self,
        batches_from: Callable[[int], tf.data.Dataset],
        held_out: tf.data.Dataset,
        callbacks: list[keras.callbacks.Callback],
        *,
        step: int,
        total_steps: int,
        steps_per_epoch: int,
        validation_epochs: int,
    ) -> None:
        """Takes the steps that are left; see `loop.TrainingLoop.run`.

        Keras counts steps from the start of an epoch, so each of
        `epoch_spans` is a `fit` of its own.
        """
        for first, last, steps in epoch_spans(
            step, total_steps, steps_per_epoch
        ):
            self.method.fit(
                batches_from(step),
                initial_epoch=first,
                epochs=last,
                steps_per_epoch=steps,
                validation_data=held_out,
                validation_freq=validation_epochs,
                callbacks=callbacks,
                shuffle=False,
                verbose=0,
            )
            step += (last - first) * steps

    def results(self) -> dict[str, float]:
        """Returns what the metrics have summed up."""
        logs = self.method.get_metrics_result()
        return {name: float(value) for name, value in logs.items()}

    def validate(self, held_out: tf.data.Dataset) -> dict[str, float]:
        """Returns the validation's metrics, their names with "val_" before."""
        logs = self.method.evaluate(held_out, verbose=0, return_dict=True)
        return {f"val_{name}": float(value) for name, value in logs.items()}
