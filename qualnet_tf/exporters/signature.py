"""What an exported classifier is asked and what it answers, in the graph.

| Signature | Input | Output |
|---|---|---|
| `serving_default` | `image_bytes` | `labels`, `probabilities`, `logits`, `orientation` |
| `predict_images` | `image` | `labels`, `probabilities`, `logits` |
| `features` | `image_bytes` | `features` |
| `class_names` | `index` | `label` |
| `quality`, where a decoder is exported | `image_bytes` | `reconstruction`, `residual`, `corruption`, `quality_score` |

- `image_bytes`, string `[batch]`: JPEG, PNG, GIF (its first frame), BMP or
  WebP files of any size. Decoding, turning upright, resizing and cropping
  happen in the graph, as evaluation does them. A file that cannot be decoded
  fails the whole batch (INVALID_ARGUMENT).
- `image`, float32 `[batch, size, size, 3]` in [0, 1]; anything else is refused.
- `labels`, string `[batch, k]`: the most probable class names, best first;
  `probabilities`, float32 `[batch, k]`, in their order.
- `logits`, float32 `[batch, num_classes]`: in the order of the classes.
- `orientation`, int32 `[batch]`: the EXIF orientation that was undone, 1 where
  the picture was upright.
- `features`, float32 `[batch, channels]`: the pooled features.
- `index`, int64 `[batch]` -> `label`, string `[batch]`: a class by its number.

With a quality head (`exporters.quality`), the first two also answer
`corruption` and `quality_score`. The batch comes first in every output, as
servers require.
"""  # noqa: E501 (a table)

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from qualnet_tf.exporters.decoding import checked_images, decode_and_crop
from qualnet_tf.exporters.picture_statistics import picture_statistics
from qualnet_tf.exporters.quality import QualityHead, QualityMeasure
from qualnet_tf.models.classifier import pooled_classifier

BYTES_SIGNATURE = "serving_default"
IMAGES_SIGNATURE = "predict_images"
FEATURES_SIGNATURE = "features"
NAMES_SIGNATURE = "class_names"
QUALITY_SIGNATURE = "quality"
IMAGE_BYTES = "image_bytes"
IMAGE = "image"
LABELS = "labels"
PROBABILITIES = "probabilities"
LOGITS = "logits"
ORIENTATION = "orientation"
FEATURES = "features"
INDEX = "index"
LABEL = "label"
TOP_K = 5


def names(with_quality: bool = False) -> tuple[str, ...]:
    """Returns the signatures of a classifier.

    Args:
        with_quality: Whether a decoder is exported.
    """
    found = (
        BYTES_SIGNATURE,
        IMAGES_SIGNATURE,
        FEATURES_SIGNATURE,
        NAMES_SIGNATURE,
    )
    return (*found, QUALITY_SIGNATURE) if with_quality else found


def answer(
    logits: tf.Tensor, class_names: Sequence[str], top_k: int = TOP_K
) -> dict[str, tf.Tensor]:
    """Ranks the classes of each picture.

    Args:
        logits: `[batch, num_classes]`, any float type.
        class_names: The names, in the order of the logits.
        top_k: Classes in `labels` and `probabilities`; where there are fewer,
            all of them.

    Returns:
        The three outputs of both signatures, by name.
    """
    # Servers cannot write half or bfloat16, which mixed precision leaves.
    logits = tf.cast(logits, tf.float32)
    # Logits rank also those classes whose probability underflows to 0.
    _, order = tf.math.top_k(logits, k=min(top_k, len(class_names)))
    return {
        LABELS: tf.gather(tf.constant(list(class_names)), order),
        PROBABILITIES: tf.gather(tf.nn.softmax(logits), order, batch_dims=1),
        LOGITS: logits,
    }


def endpoints(
    classifier: keras.Model,
    class_names: Sequence[str],
    image_size: int,
    top_k: int = TOP_K,
    quality_head: QualityHead | None = None,
    quality_measure: QualityMeasure | None = None,
) -> dict[str, tuple[Callable, list[tf.TensorSpec]]]:
    """Returns signature name -> (function, its input specification).

    Args:
        classifier: Functional Keras model that ends in a dense layer, image
            float32 `[batch, image_size, image_size, 3]` in [0, 1] -> logits.
        class_names: The names, in the order of the logits.
        image_size: Side of the classifier's input in pixels.
        top_k: See `answer`.
        quality_head: Says from `picture_statistics` how a picture is
            corrupted.
        quality_measure: Decodes pictures; None leaves the signature out.

    Raises:
        ValueError: If the classifier does not end in a dense layer.
    """
    pooled = pooled_classifier(classifier)
    names = tf.constant(list(class_names))

    def classify(image):
        outputs = answer(classifier(image, training=False), class_names, top_k)
        if quality_head is not None:
            outputs |= quality_head(picture_statistics(image))
        return outputs

    def predict_images(image):
        return classify(checked_images(image))

    def predict_bytes(image_bytes):
        image, orientation = decode_and_crop(image_bytes, image_size)
        return classify(image) | {ORIENTATION: orientation}

    def features_of_bytes(image_bytes):
        image, _ = decode_and_crop(image_bytes, image_size)
        features, _ = pooled(image, training=False)
        return {FEATURES: tf.cast(features, tf.float32)}

    def names_of(index):
        return {LABEL: tf.gather(names, index)}

    def quality_of_bytes(image_bytes):
        image, _ = decode_and_crop(image_bytes, image_size)
        return quality_measure(image)

    shape = [None, image_size, image_size, 3]
    bytes_spec = tf.TensorSpec([None], tf.string, name=IMAGE_BYTES)
    images_spec = tf.TensorSpec(shape, tf.float32, name=IMAGE)
    index_spec = tf.TensorSpec([None], tf.int64, name=INDEX)
    found = {
        BYTES_SIGNATURE: (predict_bytes, [bytes_spec]),
        IMAGES_SIGNATURE: (predict_images, [images_spec]),
        FEATURES_SIGNATURE: (features_of_bytes, [bytes_spec]),
        NAMES_SIGNATURE: (names_of, [index_spec]),
    }
    if quality_measure is not None:
        found[QUALITY_SIGNATURE] = (quality_of_bytes, [bytes_spec])
    return found
