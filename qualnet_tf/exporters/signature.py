"""What an exported classifier is asked and what it answers, in the graph.

Two signatures, because two kinds of caller exist:

- `serving_default`: `image_bytes`, string `[batch]`: JPEG, PNG, GIF (its first
  frame) or BMP files of any size. Decoding, resizing and cropping happen in
  the graph, as evaluation does them.
- `predict_images`: `image`, float32 `[batch, size, size, 3]` in [0, 1].

Both answer, with the batch first in every output as servers require:

- `labels`, string `[batch, num_classes]`: class names, most probable first.
- `probabilities`, float32 `[batch, num_classes]`: in the order of `labels`.
- `logits`, float32 `[batch, num_classes]`: in the order of the classes.

An EXIF orientation is ignored: TensorFlow has no op that reads it, so a
picture that a camera stored on its side is classified on its side. A file that
cannot be decoded fails the whole batch (INVALID_ARGUMENT).
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

BYTES_SIGNATURE = "serving_default"
IMAGES_SIGNATURE = "predict_images"
IMAGE_BYTES = "image_bytes"
IMAGE = "image"
LABELS = "labels"
PROBABILITIES = "probabilities"
LOGITS = "logits"


def evaluation_crop(image: tf.Tensor, image_size: int) -> tf.Tensor:
    """Cuts the centre of a picture to the size that the classifier takes.

    The rule of evaluation: a picture that already has the size stays as it is;
    any other is resized (bilinear, antialiased) so that its shorter side is
    round(image_size * 256 / 224), and the central square is kept.

    Args:
        image: float32 `[height, width, 3]` in [0, 1], any size.
        image_size: Side of the result in pixels.

    Returns:
        float32 `[image_size, image_size, 3]` in [0, 1].
    """
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    # In float32, as qualnet_tf.datasets.augmentation does it: a longer side
    # that falls between two pixels must be rounded to the same one.
    factor = float(round(image_size * 256 / 224)) / tf.reduce_min(size)
    resized = tf.round(size * factor)
    resized = tf.where(tf.reduce_all(size == image_size), size, resized)
    # One op resizes and crops, and never holds more than the crop: a strip of
    # 1 x 60000 pixels would otherwise grow to gigabytes before it is cut.
    crop = tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=[image_size, image_size],
        scale=resized / size,
        translation=-((resized - image_size) // 2),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.ensure_shape(crop[0], [image_size, image_size, 3])


def decode_and_crop(image_bytes: tf.Tensor, image_size: int) -> tf.Tensor:
    """Turns encoded pictures into the batch that the classifier takes.

    Args:
        image_bytes: string `[batch]`, each a whole image file.
        image_size: Side of the result in pixels.

    Returns:
        float32 `[batch, image_size, image_size, 3]` in [0, 1].
    """

    def decode_one(contents: tf.Tensor) -> tf.Tensor:
        image = tf.io.decode_image(
            contents, channels=3, expand_animations=False
        )
        image = tf.image.convert_image_dtype(image, tf.float32)
        image.set_shape([None, None, 3])
        return evaluation_crop(image, image_size)

    shape = [image_size, image_size, 3]
    return tf.map_fn(
        decode_one,
        image_bytes,
        fn_output_signature=tf.TensorSpec(shape, tf.float32),
    )


def answer(logits: tf.Tensor, class_names: Sequence[str]) -> dict:
    """Ranks the classes of each picture.

    Args:
        logits: `[batch, num_classes]`, any float type.
        class_names: The names, in the order of the logits.

    Returns:
        The three outputs of both signatures, by name.
    """
    # Servers cannot write half or bfloat16, which mixed precision leaves.
    logits = tf.cast(logits, tf.float32)
    # Logits rank also those classes whose probability underflows to 0.
    _, order = tf.math.top_k(logits, k=len(class_names))
    return {
        LABELS: tf.gather(tf.constant(list(class_names)), order),
        PROBABILITIES: tf.gather(tf.nn.softmax(logits), order, batch_dims=1),
        LOGITS: logits,
    }


def endpoints(
    classifier: Callable, class_names: Sequence[str], image_size: int
) -> dict[str, tuple[Callable, list[tf.TensorSpec]]]:
    """Returns signature name -> (function, its input specification).

    Args:
        classifier: Functional Keras model, image float32
            `[batch, image_size, image_size, 3]` in [0, 1] -> logits.
        class_names: The names, in the order of the logits.
        image_size: Side of the classifier's input in pixels.
    """

    def predict_images(image):
        return answer(classifier(image, training=False), class_names)

    def predict_bytes(image_bytes):
        return predict_images(decode_and_crop(image_bytes, image_size))

    shape = [None, image_size, image_size, 3]
    bytes_spec = tf.TensorSpec([None], tf.string, name=IMAGE_BYTES)
    images_spec = tf.TensorSpec(shape, tf.float32, name=IMAGE)
    return {
        BYTES_SIGNATURE: (predict_bytes, [bytes_spec]),
        IMAGES_SIGNATURE: (predict_images, [images_spec]),
    }
