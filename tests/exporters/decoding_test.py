"""Pictures are decoded and cropped in the graph as evaluation does it."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from qualnet_tf.exporters import decoding

SIZES = [
    (1, 1),
    (1, 50),
    (300, 5),
    (28, 28),
    (32, 33),
    (33, 32),
    (37, 37),
    (61, 48),
    (375, 500),
]


def resize_then_crop(image, image_size):
    """The rule of evaluation, written as two steps with static sizes."""
    height, width = image.shape[:2]
    factor = round(image_size * 256 / 224) / min(height, width)
    resized = (round(height * factor), round(width * factor))
    image = tf.image.resize(image, resized, antialias=True).numpy()
    top, left = ((side - image_size) // 2 for side in resized)
    return image[top : top + image_size, left : left + image_size]


def decode(image_bytes, image_size):
    return decoding.decode_and_crop(image_bytes, image_size)[0]


def random_image(height, width):
    return np.random.default_rng(0).random((height, width, 3), np.float32)


class TestEvaluationCrop:
    @pytest.mark.parametrize("image_size", [16, 32, 224])
    @pytest.mark.parametrize("height, width", SIZES)
    def test_equals_a_resize_and_a_crop(self, height, width, image_size):
        image = random_image(height, width)
        crop = decoding.evaluation_crop(image, image_size).numpy()
        assert crop.shape == (image_size, image_size, 3)
        assert crop.min() >= 0 and crop.max() <= 1
        expected = resize_then_crop(image, image_size)
        # float32 sampling positions differ in their last bits.
        np.testing.assert_allclose(crop, expected, atol=4e-5)

    @pytest.mark.parametrize("image_size", [16, 32])
    # 68 x 85 pixels become 18 x 22.5 at size 16: float32 decides the tie.
    @pytest.mark.parametrize("height, width", [(32, 32), (68, 85), *SIZES])
    def test_equals_the_crop_of_evaluation(self, height, width, image_size):
        augmentation = pytest.importorskip(
            "qualnet_tf.datasets.augmentation",
            reason="the room datasets is not there",
        )
        image = random_image(height, width)
        np.testing.assert_allclose(
            decoding.evaluation_crop(image, image_size),
            augmentation.evaluation_crop(image, image_size),
            atol=4e-5,
        )

    def test_leaves_a_picture_of_the_right_size_as_it_is(self):
        image = random_image(32, 32)
        crop = decoding.evaluation_crop(image, 32)
        np.testing.assert_array_equal(crop, image)

    def test_is_the_same_in_a_graph_of_unknown_shape(self):
        spec = tf.TensorSpec([None, None, 3], tf.float32)
        crop = tf.function(
            lambda image: decoding.evaluation_crop(image, 32),
            input_signature=[spec],
        )
        assert crop.get_concrete_function().output_shapes == (32, 32, 3)
        image = random_image(61, 48)
        np.testing.assert_allclose(
            crop(image), decoding.evaluation_crop(image, 32), atol=1e-6
        )

    def test_cuts_the_centre(self):
        image = np.zeros((64, 128, 3), np.float32)
        image[:, 32:96] = 1  # the crop lies within this square
        crop = decoding.evaluation_crop(image, 32).numpy()
        np.testing.assert_allclose(crop, 1, atol=1e-6)


class TestDecodeAndCrop:
    @pytest.mark.parametrize(
        "mode, file_format",
        [
            ("RGB", "PNG"),
            ("RGB", "BMP"),
            ("L", "PNG"),
            ("P", "PNG"),
            ("P", "GIF"),
        ],
    )
    def test_equals_pillow_where_nothing_is_lost(
        self, photograph, encode, mode, file_format
    ):
        content = encode(photograph(32, 32), mode, file_format)
        expected = Image.open(io.BytesIO(content)).convert("RGB")
        batch = decode(tf.constant([content]), 32)
        np.testing.assert_allclose(
            batch[0], np.asarray(expected) / 255, atol=1e-6
        )

    def test_alpha_is_dropped(self, photograph):
        pixels = photograph(32, 32)
        alpha = np.arange(1024, dtype=np.uint8).reshape(32, 32, 1)
        content = tf.io.encode_png(np.concatenate([pixels, alpha], -1))
        batch = decode(content[tf.newaxis], 32)
        np.testing.assert_allclose(batch[0], pixels / 255, atol=1e-6)

    def test_sixteen_bits_become_eight(self, photograph):
        pixels = photograph(32, 32)
        content = tf.io.encode_png(pixels.astype(np.uint16) * 256 + 255)
        batch = decode(content[tf.newaxis], 32)
        np.testing.assert_allclose(batch[0], pixels / 255, atol=1e-6)

    @pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
    def test_jpeg_is_near_pillow(self, photograph, encode, mode):
        content = encode(photograph(32, 32), mode, "JPEG")
        expected = Image.open(io.BytesIO(content)).convert("RGB")
        batch = decode(tf.constant([content]), 32)
        # TensorFlow's default inverse transform is the fast one.
        np.testing.assert_allclose(
            batch[0], np.asarray(expected) / 255, atol=6 / 255
        )

    def test_mixed_batch_equals_single_pictures(self, pictures):
        contents = list(pictures.values())
        batch = decode(tf.constant(contents), 32)
        assert batch.shape == (len(contents), 32, 32, 3)
        for image, content in zip(batch, contents, strict=True):
            alone = decode(tf.constant([content]), 32)
            np.testing.assert_array_equal(image, alone[0])

    def test_empty_batch(self):
        empty = tf.constant([], tf.string)
        assert decode(empty, 32).shape == (0, 32, 32, 3)

    @pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff"])
    def test_bad_bytes_are_an_invalid_argument(self, content):
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode(tf.constant([content]), 32)
