"""Crops and flips of training images, and the crop that evaluation uses.

Every training augmentation is `f(image, image_size, seed)`: uint8 or float32
[height, width, 3] to float32 [image_size, image_size, 3] in [0, 1], the same
pixels for the same seed (int32 [2]). Corruptions come afterwards.
"""

import tensorflow as tf

# Resize the shorter side to 256, crop 224: the usual ImageNet evaluation.
_SHORTER_SIDE_TO_CROP = 256 / 224
# Share of the side by which `shift` moves an image at most; 4 of 32 pixels,
# as customary on CIFAR-10.
_SHIFT = 1 / 8
# Ranges of the usual ImageNet training crop (Szegedy et al., 2015).
_CROP_AREA = (0.08, 1.0)
_CROP_ASPECT = (3 / 4, 4 / 3)


def evaluation_crop(image: tf.Tensor, image_size: int) -> tf.Tensor:
    """Resizes the shorter side to 256/224 of the crop, then crops the centre.

    An image that already has the wanted size stays as it is.

    Args:
        image: uint8 in [0, 255] or float32 in [0, 1], [height, width, 3].
        image_size: Side of the result, pixels.

    Returns:
        float32 [image_size, image_size, 3] in [0, 1].
    """
    image = _to_unit_range(image)
    fits = tf.reduce_all(tf.equal(tf.shape(image)[:2], image_size))
    image = tf.cond(
        fits,
        lambda: image,
        lambda: _resize_and_crop(image, image_size),
    )
    return tf.ensure_shape(image, (image_size, image_size, 3))


def keep(image: tf.Tensor, image_size: int, seed: tf.Tensor) -> tf.Tensor:
    """Shows the image as evaluation does; nothing is random."""
    del seed
    return evaluation_crop(image, image_size)


def flip(image: tf.Tensor, image_size: int, seed: tf.Tensor) -> tf.Tensor:
    """`keep`, then a horizontal flip of every second image: aligned faces."""
    image = evaluation_crop(image, image_size)
    return tf.image.stateless_random_flip_left_right(image, seed)


def shift(image: tf.Tensor, image_size: int, seed: tf.Tensor) -> tf.Tensor:
    """Moves the image by up to 1/8 of its side, repeating its edge pixels."""
    image = evaluation_crop(image, image_size)
    reach = max(1, round(image_size * _SHIFT))
    moves = tf.random.stateless_uniform(
        (2,), seed, -reach, reach + 1, dtype=tf.int32
    )
    places = tf.range(image_size) + moves[:, tf.newaxis]
    places = tf.clip_by_value(places, 0, image_size - 1)
    return tf.gather(tf.gather(image, places[0], axis=0), places[1], axis=1)


def shift_flip(image: tf.Tensor, image_size: int, seed: tf.Tensor) -> tf.Tensor:
    """`shift`, then a horizontal flip of every second image."""
    seeds = tf.random.split(seed, 2)
    image = shift(image, image_size, seeds[0])
    return tf.image.stateless_random_flip_left_right(image, seeds[1])


def resized_crop_flip(
    image: tf.Tensor, image_size: int, seed: tf.Tensor
) -> tf.Tensor:
    """Resizes a random crop, 8 % to 100 % of the area, then flips half."""
    seeds = tf.random.split(seed, 2)
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(image),
        bounding_boxes=tf.zeros((1, 0, 4)),
        seed=seeds[0],
        min_object_covered=0.0,
        aspect_ratio_range=_CROP_ASPECT,
        area_range=_CROP_AREA,
        max_attempts=10,
        use_image_if_no_bounding_boxes=True,
    )
    crop = tf.ensure_shape(tf.slice(image, begin, size), (None, None, 3))
    image = _resize(crop, (image_size, image_size))
    return tf.image.stateless_random_flip_left_right(image, seeds[1])


def _resize_and_crop(image: tf.Tensor, image_size: int) -> tf.Tensor:
    shape = tf.cast(tf.shape(image)[:2], tf.float32)
    shorter = float(round(image_size * _SHORTER_SIDE_TO_CROP))
    resized = tf.cast(
        tf.round(shape * (shorter / tf.reduce_min(shape))), tf.int32
    )
    image = _resize(image, resized)
    top, left = tf.unstack((resized - image_size) // 2)
    return image[top : top + image_size, left : left + image_size]


def _resize(image: tf.Tensor, size) -> tf.Tensor:
    resized = tf.image.resize(
        _to_unit_range(image), size, method="bilinear", antialias=True
    )
    # The weights sum to 1 only up to rounding.
    return tf.clip_by_value(resized, 0.0, 1.0)


def _to_unit_range(image: tf.Tensor) -> tf.Tensor:
    """uint8 in [0, 255] to float32 in [0, 1]; floats stay as they are."""
    if image.dtype == tf.uint8:
        # A true division: times 1/255 is one rounding off for some levels.
        return tf.cast(image, tf.float32) / 255.0
    return tf.cast(image, tf.float32)
