"""Image files -> the batch that a classifier takes, in the graph."""

from collections.abc import Callable

import tensorflow as tf

from qualnet_tf.exporters import orientation


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


def fit_whole(image: tf.Tensor, image_size: int) -> tf.Tensor:
    """Brings the whole of a picture to the square that a face network takes.

    The rule of evaluation on faces (`datasets.face_pictures.fit_face`): a
    picture of that size stays as it is; any other has black added to a square,
    its content in the middle, and is resized (bicubic, antialiased). Beside
    the black the last pixels differ a little from those: they are not blended
    with it.

    Args:
        image: float32 `[height, width, 3]` in [0, 1], any size.
        image_size: Side of the result in pixels.

    Returns:
        float32 `[image_size, image_size, 3]` in [0, 1].
    """
    size = tf.shape(image)[:2]
    longer = tf.reduce_max(size)
    factor = tf.cast(image_size, tf.float32) / tf.cast(longer, tf.float32)
    # One op pads and resizes, as in `evaluation_crop`.
    fitted = tf.raw_ops.ScaleAndTranslate(
        images=image[tf.newaxis],
        size=[image_size, image_size],
        scale=[factor, factor],
        translation=tf.cast((longer - size) // 2, tf.float32) * factor,
        kernel_type="keyscubic",
        antialias=True,
    )
    fitted = tf.clip_by_value(fitted[0], 0.0, 1.0)
    return tf.ensure_shape(fitted, [image_size, image_size, 3])


def decode_and_crop(
    image_bytes: tf.Tensor,
    image_size: int,
    fit: Callable[[tf.Tensor, int], tf.Tensor] = evaluation_crop,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Turns encoded pictures into the batch that the classifier takes.

    Args:
        image_bytes: string `[batch]`, each a whole image file: JPEG, PNG, GIF
            (its first frame), BMP or WebP.
        image_size: Side of the result in pixels.
        fit: Brings a picture to that size.

    Returns:
        The pictures, float32 `[batch, image_size, image_size, 3]` in [0, 1],
        and the EXIF orientations that were undone, int32 `[batch]`.
    """

    def decode_one(contents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.io.decode_image(
            contents, channels=3, expand_animations=False
        )
        image.set_shape([None, None, 3])
        stored = orientation.read_orientation(contents)
        image = orientation.turn_upright(image, stored)
        image = tf.image.convert_image_dtype(image, tf.float32)
        image.set_shape([None, None, 3])
        return fit(image, image_size), stored

    shape = [image_size, image_size, 3]
    return tf.map_fn(
        decode_one,
        image_bytes,
        fn_output_signature=(
            tf.TensorSpec(shape, tf.float32),
            tf.TensorSpec([], tf.int32),
        ),
    )


def checked_images(image: tf.Tensor) -> tf.Tensor:
    """Returns images whose pixels are numbers in [0, 1], or fails.

    A caller who sends levels up to 255, or NaN, would otherwise get a
    confident answer to nothing. A thousandth beyond the range is let through:
    resizing leaves that.

    Args:
        image: float32 `[batch, height, width, 3]`.
    """
    is_legal = tf.reduce_all((image >= -1e-3) & (image <= 1 + 1e-3))
    # Without brackets: servers print the parts of a check in brackets.
    message = (
        "image: expected finite pixels from 0 to 1; divide levels of 8 bits "
        "by 255; received values from"
    )
    check = tf.debugging.Assert(
        is_legal, [message, tf.reduce_min(image), "to", tf.reduce_max(image)]
    )
    with tf.control_dependencies([check]):
        return tf.identity(image)
