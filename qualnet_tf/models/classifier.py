"""Backbone and head joined into the classifier that is deployed."""

import keras

from qualnet_tf.models import heads
from qualnet_tf.models.cosine_logits import CosineLogits


def build_classifier(
    backbone: keras.layers.Layer,
    image_size: int,
    num_classes: int,
    normalized_head: bool = False,
    cosine_scale: float | None = None,
) -> keras.Model:
    """Joins a backbone and a linear head, or a face network's.

    The result is all that is evaluated and exported (paper, section 3.2: the
    decoder is only used in training).

    Args:
        backbone: Maps images [batch, image_size, image_size, 3] in [0, 1] to
            features [batch, height, width, channels].
        image_size: Side of the input, pixels.
        num_classes: Number of logits.
        normalized_head: Whether batch norm and ReLU come before the pooling,
            as behind an i-RevNet, whose last block ends in a sum.
        cosine_scale: Scale of a head that margin losses are trained on; None
            makes the linear one.

    Returns:
        A functional model, images -> logits [batch, num_classes], whose
        second and third layers are the backbone and the head.
    """
    image = keras.Input((image_size, image_size, 3), name="image")
    features = backbone(image)
    shape = tuple(features.shape[1:])
    if cosine_scale is None:
        head = heads.linear_head(shape, num_classes, normalized=normalized_head)
    else:
        head = heads.margin_head(shape, num_classes, cosine_scale)
    return keras.Model(image, head(features), name="classifier")


def split_classifier(
    classifier: keras.Model,
) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Returns the backbone and the head of `build_classifier`'s model.

    Raises:
        ValueError: If the model was not made by `build_classifier`.
    """
    layers = classifier.layers
    if len(layers) != 3 or layers[2].name != "head":
        raise ValueError(
            "expected a classifier of three layers (image, backbone, head), "
            f"received {[layer.name for layer in layers]}; build it with "
            "build_classifier"
        )
    return layers[1], layers[2]


def pooled_classifier(classifier: keras.Model) -> keras.Model:
    """Returns the classifier with its pooled features as a second output.

    Args:
        classifier: From `build_classifier`, or any functional model that ends
            in a dense layer or in scaled cosines.

    Returns:
        A model of the same layers, images -> [features [batch, channels],
        logits [batch, num_classes]].

    Raises:
        ValueError: If the classifier does not end in a dense layer.
    """
    last = classifier.layers[-1]
    if isinstance(last, keras.Model):
        backbone, head = split_classifier(classifier)
        outputs = pooled_classifier(head)(backbone(classifier.inputs[0]))
    elif isinstance(last, (keras.layers.Dense, CosineLogits)):
        outputs = [last.input, last.output]
    else:
        raise ValueError(
            "expected a classifier that ends in a dense layer, received one "
            f"that ends in {last.name} ({type(last).__name__}); export the "
            "classifier with its logits as outputs"
        )
    return keras.Model(classifier.inputs, outputs, name=classifier.name)
