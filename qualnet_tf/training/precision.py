"""What a run computes in, and which batch statistics it takes."""

import dataclasses

import keras

from qualnet_tf.config import TrainConfig


def set_precision(config: TrainConfig) -> None:
    """Sets what networks built from here on compute in.

    Weights are float32 in any case; heads, connectors, decoders and losses say
    float32 themselves, and the streams of invertible networks do.
    """
    keras.config.set_dtype_policy(config.precision)


def scaled(optimizer: keras.optimizers.Optimizer, config: TrainConfig):
    """Returns the optimizer, in float16 with a loss scale around it.

    Small gradients would be zero in float16: the loss is multiplied by a
    factor that doubles now and then and halves where it overflows. A step that
    overflows changes no weight.
    """
    if config.precision != "mixed_float16":
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer, name="scaled")


def set_synchronized(method: keras.Model, synchronized: bool) -> None:
    """Makes every batch norm take the whole batch's statistics, or a part's.

    On JAX one step sees the whole batch whatever the devices, so that nothing
    has to be asked for.
    """
    if keras.backend.backend() != "tensorflow":
        return
    for layer in method._flatten_layers():
        if hasattr(layer, "synchronized"):
            layer.synchronized = synchronized
        if hasattr(layer, "residual"):  # of an invertible network
            layer.residual = dataclasses.replace(
                layer.residual, synchronized=synchronized
            )
