"""What a step costs: counted by hand, and beside published and kept bytes."""

import keras
import pytest

from qualnet_tf import backbones, invertible
from qualnet_tf.invertible import rolling
from qualnet_tf.models.classifier import build_classifier
from qualnet_tf.models.decoders import InverseDecoder
from qualnet_tf.models.training_cost import part_cost


def _model():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(image, keras.layers.ReLU()(x))


def test_counts_of_a_convolution_with_norm_and_relu():
    found = part_cost("model", _model(), 8)
    assert found.multiply_adds == 64 * 9 * 3 * 4
    assert found.step_multiply_adds == 3 * found.multiply_adds
    assert found.parameters == (9 * 3 * 4 + 8, 8)
    assert found.weight_bytes == 4 * (9 * 3 * 4 + 16)
    # The norm's input and the ReLU's result.
    assert found.activation_bytes == 2 * 64 * 4 * 4


def test_a_part_without_gradient_is_run_once_and_keeps_nothing():
    found = part_cost("teacher", _model(), 8, differentiated=False)
    assert found.step_multiply_adds == found.multiply_adds
    assert found.activation_bytes == 0


def test_a_share_of_the_batch_costs_its_share():
    whole = part_cost("model", _model(), 8)
    half = part_cost("model", _model(), 8, share=0.5)
    assert half.multiply_adds == whole.multiply_adds
    assert half.step_multiply_adds == whole.step_multiply_adds // 2
    assert half.activation_bytes == whole.activation_bytes // 2


def _network(memory_saving, name="irevnet_small"):
    network = rolling.roll(invertible.get(name)())
    network.memory_saving = memory_saving
    network.build((None, 32, 32, 3))
    return network


@pytest.mark.parametrize("memory_saving", [False, True])
def test_passes_through_an_invertible_network(memory_saving):
    network = _network(memory_saving)
    trained = part_cost("backbone", network, 32)
    assert trained.step_multiply_adds == (
        (3 + memory_saving) * trained.multiply_adds
    )
    decoder = part_cost("decoder", InverseDecoder(network), 32)
    assert decoder.multiply_adds == trained.multiply_adds
    # Nothing is computed for a frozen weight.
    assert decoder.step_multiply_adds == (
        (2 + memory_saving) * decoder.multiply_adds
    )


def test_rebuilding_keeps_less():
    kept = [
        part_cost(
            "backbone", _network(saving, "irevnet_cifar"), 32
        ).activation_bytes
        for saving in (False, True)
    ]
    assert kept[1] < 0.2 * kept[0]


def test_half_precision_keeps_half():
    policy = keras.config.dtype_policy()
    kept = []
    for name in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(name)
        kept.append(part_cost("model", _model(), 8).activation_bytes)
    keras.config.set_dtype_policy(policy)
    assert kept[1] == kept[0] / 2


def test_resnet50_at_224():
    """Measured by the allocator, batch 8: 0.79 GB with 0.10 of gradients."""
    backbone = backbones.get("resnet50")(224)
    classifier = build_classifier(backbone, 224, 1000)
    found = part_cost("backbone", classifier.layers[1], 224)
    assert 8 * found.activation_bytes == pytest.approx(0.69e9, rel=0.05)
    assert found.multiply_adds == pytest.approx(4.13e9, rel=0.005)
