"""What every conversion into another format asks of a classifier."""

from collections.abc import Sequence

import keras


def check_conversion(
    classifier: keras.Model, class_names: Sequence[str], kind: str
) -> None:
    """Raises ValueError where a classifier cannot be converted.

    Args:
        classifier: Must take square RGB images of one size.
        class_names: A name for each of the logits, or none at all.
        kind: What is made, with its article, for the error.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Keras runs on {keras.backend.backend()!r}, but {kind} is made on "
            "TensorFlow: set KERAS_BACKEND=tensorflow; a classifier trained on "
            "another backend loads there unchanged"
        )
    _, height, width, channels = classifier.input_shape
    if height is None or height != width or channels != 3:
        raise ValueError(
            f"{kind}: expected a classifier of square images of one size, "
            f"received one of shape {classifier.input_shape}; build it for "
            "its image size"
        )
    num_classes = classifier.output_shape[-1]
    if class_names and len(class_names) != num_classes:
        raise ValueError(
            f"{kind}: expected {num_classes} class names, one for each of the "
            f"logits, received {len(class_names)}; pass all or none"
        )
