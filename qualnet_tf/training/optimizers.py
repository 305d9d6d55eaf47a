"""The paper's optimiser: SGD with momentum, step schedule, L2 on kernels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("qualnet_tf")
class StepDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then a constant that decays at given steps.

        rate(step) = peak * factor^(boundaries <= step)
            * min(1, (step + 1) / warmup_steps)

    Paper, section 4.1: 0.1, divided by 10 at epochs 30 and 60 of 90.

    Args:
        peak: Rate after the warm-up.
        boundaries: Increasing steps at which the rate decays.
        factor: Factor of each decay.
        warmup_steps: Steps of the warm-up; 0 has none.
    """

    def __init__(
        self,
        peak: float,
        boundaries: tuple[int, ...] = (),
        factor: float = 0.1,
        warmup_steps: int = 0,
    ):
        self.peak = peak
        self.boundaries = tuple(boundaries)
        self.factor = factor
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        """Returns the rate of update number `step`, counted from 0."""
        step = ops.cast(step, "float32")
        rate = ops.convert_to_tensor(self.peak, "float32")
        for boundary in self.boundaries:
            passed = ops.cast(step >= boundary, "float32")
            rate = rate * (1.0 + passed * (self.factor - 1.0))
        if self.warmup_steps:
            rate = rate * ops.minimum(1.0, (step + 1.0) / self.warmup_steps)
        return rate

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "peak": self.peak,
            "boundaries": self.boundaries,
            "factor": self.factor,
            "warmup_steps": self.warmup_steps,
        }


@keras.saving.register_keras_serializable("qualnet_tf")
class KernelDecaySGD(keras.optimizers.SGD):
    """SGD whose L2 penalty is part of the gradient, on kernels only.

    gradient + kernel_decay * kernel enters the momentum, as in the recipes
    that ImageNet numbers are quoted for. Keras's own `weight_decay` is
    decoupled: it shrinks the weights beside the update. Biases and batch norm
    are not decayed.

    Args:
        kernel_decay: Weight of the penalty 0.5 * |kernel|^2.
    """

    def __init__(self, learning_rate=0.1, kernel_decay: float = 0.0, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.kernel_decay = kernel_decay

    def update_step(self, gradient, variable, learning_rate):
        """Adds the penalty's gradient, then updates with momentum."""
        decay = self.kernel_decay if self._is_kernel(variable) else 0.0
        if keras.backend.backend() == "tensorflow" and self.momentum:
            self._update_in_place(gradient, variable, learning_rate, decay)
            return
        if decay:
            gradient = ops.add(
                gradient,
                ops.multiply(ops.cast(variable, gradient.dtype), decay),
            )
        super().update_step(gradient, variable, learning_rate)

    def _update_in_place(self, gradient, variable, learning_rate, decay):
        """The same update in two operations without intermediate results.

        Keras's is made of seven, each with a result of the variable's size:
        for a stack of blocks that is more than the activations of a batch.

            m <- m - learning_rate * decay / momentum * variable
            m <- momentum * m - learning_rate * gradient
            variable <- variable + m
        """
        from tensorflow import raw_ops

        momentum = self.momentums[self._get_variable_index(variable)].value
        rate = ops.cast(learning_rate, variable.dtype)
        if decay:
            raw_ops.ResourceApplyGradientDescent(
                var=momentum.handle,
                alpha=rate * (decay / self.momentum),
                delta=ops.convert_to_tensor(variable),
            )
        raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=momentum.handle,
            lr=rate,
            grad=ops.cast(gradient, variable.dtype),
            momentum=ops.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )

    def _is_kernel(self, variable) -> bool:
        """Whether a variable is a kernel of a convolution or dense layer.

        On TensorFlow the update receives the variable beneath Keras's own; a
        second replica's is called "head/logits/kernel/replica_1:0".
        """
        if keras.backend.backend() == "tensorflow":
            place = self._get_variable_index(variable)
            variable = self._trainable_variables[place]
        return variable.path.split("/")[-1] == "kernel"

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "kernel_decay": self.kernel_decay}
