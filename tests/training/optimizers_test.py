"""The schedule and the update against the formulas, in NumPy."""

import keras
import numpy as np
import pytest

from qualnet_tf.training.optimizers import KernelDecaySGD, StepDecay


def test_paper_schedule_at_its_boundaries():
    schedule = StepDecay(0.1, (30, 60), 0.1)
    rates = [float(schedule(step)) for step in (0, 29, 30, 59, 60, 89)]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3], 1e-5)


def test_warm_up_is_linear_and_ends_at_the_peak():
    schedule = StepDecay(0.4, warmup_steps=4)
    rates = [float(schedule(step)) for step in range(6)]
    np.testing.assert_allclose(rates, [0.1, 0.2, 0.3, 0.4, 0.4, 0.4], 1e-6)


def test_schedule_survives_its_config():
    schedule = StepDecay(0.4, (3,), 0.5, 2)
    again = StepDecay.from_config(schedule.get_config())
    assert [float(again(s)) for s in range(5)] == [
        float(schedule(s)) for s in range(5)
    ]


def dense_layer():
    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    layer.bias.assign([0.5, -0.5])
    return layer


def test_decay_enters_the_momentum_on_kernels_only():
    layer = dense_layer()
    kernel, bias = (w.numpy().copy() for w in layer.weights)
    gradients = [np.full((3, 2), 0.1, "f"), np.full(2, 0.2, "f")]
    optimizer = KernelDecaySGD(0.1, momentum=0.9, kernel_decay=0.01)
    optimizer.build([layer.kernel, layer.bias])
    velocity = [0.0, 0.0]
    for _ in range(3):
        optimizer.apply(
            [keras.ops.convert_to_tensor(g) for g in gradients],
            [layer.kernel, layer.bias],
        )
        velocity[0] = 0.9 * velocity[0] - 0.1 * (gradients[0] + 0.01 * kernel)
        velocity[1] = 0.9 * velocity[1] - 0.1 * gradients[1]
        kernel, bias = kernel + velocity[0], bias + velocity[1]
    np.testing.assert_allclose(layer.kernel.numpy(), kernel, rtol=1e-5)
    np.testing.assert_allclose(layer.bias.numpy(), bias, rtol=1e-5)


def test_batch_norm_is_not_decayed():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 3))
    optimizer = KernelDecaySGD(0.1, kernel_decay=0.5)
    optimizer.build(layer.trainable_weights)
    zeros = [keras.ops.zeros(w.shape) for w in layer.trainable_weights]
    optimizer.apply(zeros, layer.trainable_weights)
    np.testing.assert_array_equal(layer.gamma.numpy(), 1.0)


def test_optimizer_survives_its_config():
    optimizer = KernelDecaySGD(0.1, momentum=0.9, kernel_decay=0.01)
    again = KernelDecaySGD.from_config(optimizer.get_config())
    assert again.kernel_decay == pytest.approx(0.01)
