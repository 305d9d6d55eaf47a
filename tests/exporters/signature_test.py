"""The signatures' names, and what they answer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.exporters import signature
from qualnet_tf.exporters.picture_statistics import picture_statistics
from qualnet_tf.exporters.quality import QualityHead, QualityMeasure

NUM_STATISTICS = picture_statistics(tf.zeros([1, 16, 16, 3])).shape[1]
KERNEL = np.ones([NUM_STATISTICS, 2]), np.zeros(2)


class TestAnswer:
    logits = np.array([[1.0, 3.0, 2.0], [0.0, 0.0, -1.0]], np.float32)

    def test_labels_and_probabilities_are_ranked_together(self):
        outputs = signature.answer(self.logits, ["a", "b", "c"])
        labels = outputs["labels"].numpy().tolist()
        assert labels == [[b"b", b"c", b"a"], [b"a", b"b", b"c"]]
        exponents = np.exp([[3.0, 2.0, 1.0], [0.0, 0.0, -1.0]])
        expected = exponents / exponents.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(
            outputs["probabilities"], expected, rtol=1e-6
        )
        np.testing.assert_array_equal(outputs["logits"], self.logits)

    def test_classes_of_vanishing_probability_keep_their_order(self):
        outputs = signature.answer(
            np.array([[-900.0, -800.0, 0.0]], np.float32), ["a", "b", "c"]
        )
        assert outputs["probabilities"].numpy().tolist() == [[1, 0, 0]]
        assert outputs["labels"].numpy().tolist() == [[b"c", b"b", b"a"]]

    def test_outputs_of_mixed_precision_are_float32(self):
        logits = tf.cast(self.logits, tf.bfloat16)
        outputs = signature.answer(logits, ["a", "b", "c"])
        assert outputs["logits"].dtype == tf.float32
        assert outputs["probabilities"].dtype == tf.float32


def test_endpoints_name_their_inputs(build_classifier):
    specs = {
        name: spec
        for name, (_, (spec,)) in signature.endpoints(
            build_classifier(num_classes=2), ["a", "b"], 32
        ).items()
    }
    contents = tf.TensorSpec([None], tf.string, "image_bytes")
    assert specs == {
        "serving_default": contents,
        "predict_images": tf.TensorSpec([None, 32, 32, 3], tf.float32, "image"),
        "features": contents,
        "class_names": tf.TensorSpec([None], tf.int64, "index"),
    }


def test_quality_answers_where_it_is_asked_for(build_classifier):
    names = ("clean", "fog")
    head = QualityHead(names, *(np.float32(x) for x in (0, 1, *KERNEL)))
    endpoints = signature.endpoints(
        build_classifier(num_classes=2),
        ["a", "b"],
        32,
        quality_head=head,
        quality_measure=QualityMeasure(lambda image: image),
    )
    predict, _ = endpoints["predict_images"]
    outputs = predict(tf.fill([3, 32, 32, 3], 0.5))
    assert outputs["quality_score"].shape == (3,)
    assert set(outputs["corruption"].numpy()) <= {b"clean", b"fog"}
    predict, specs = endpoints["quality"]
    contents = tf.io.encode_png(tf.fill([40, 40, 3], tf.constant(7, tf.uint8)))
    outputs = predict(contents[tf.newaxis])
    assert specs[0].name == "image_bytes"
    assert outputs["residual"].numpy() == [0]
    assert outputs["reconstruction"].shape == (1, 32, 32, 3)


def test_a_classifier_without_a_last_dense_layer_is_refused():
    image = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(image)
    classifier = keras.Model(image, keras.layers.Softmax()(x))
    with pytest.raises(ValueError, match="ends in a dense layer, received"):
        signature.endpoints(classifier, "abc", 32)
