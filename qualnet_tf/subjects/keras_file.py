"""A `.keras` file, of ours or of anybody, as a subject."""

from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np

from qualnet_tf.models.saving import load_model
from qualnet_tf.subjects import pixels
from qualnet_tf.subjects.input_shape import image_side, settled_names
from qualnet_tf.subjects.subject import Subject, SubjectOptions

# Layers that say what pixels are before them: (scale, offset) -> range.
_RESCALINGS = {
    (1 / 255, 0.0): "byte",
    (1 / 127.5, -1.0): "byte",
    (2.0, -1.0): "unit",
}


def open_keras(path: Path, options: SubjectOptions) -> Subject:
    """Opens a Keras file.

    Args:
        path: Of the file.
        options: What it does not say of itself. The range of its pixels is
            known from a Rescaling layer, or from our PixelNormalization.

    Raises:
        ValueError: If the file is missing, damaged, needs code that is not
            there, or is no classifier of one image.
    """
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a .keras file, found none; correct --model"
        )
    try:
        network = load_model(path)
    except ValueError:
        raise
    # Foreign layers fail in as many ways as there are layers.
    except Exception as error:
        raise ValueError(
            f"{path}: cannot be loaded ({' '.join(str(error).split())[:200]}); "
            "save it without layers of its own, or as a SavedModel"
        ) from error
    return keras_subject(network, str(path), options)


def keras_subject(
    network: keras.Model, address: str, options: SubjectOptions
) -> Subject:
    """Makes a subject of a loaded Keras model.

    Raises:
        ValueError: If it is no classifier of one image, or does not say what
            its pixels are.
    """
    if len(network.inputs or ()) != 1 or len(network.outputs or ()) != 1:
        raise ValueError(
            f"{address}: expected a model of one image and one answer, "
            f"received {len(network.inputs or ())} inputs and "
            f"{len(network.outputs or ())} outputs; save the classifier alone"
        )
    pixel_range = options.pixel_range
    if pixel_range == "auto":
        pixel_range = _find_range(network)
        if pixel_range is None:
            raise pixels.must_be_given(address)

    answer = graph_of(network, training=False)
    return Subject(
        address=address,
        kind="Keras file",
        image_size=image_side(
            network.inputs[0].shape, options.image_size, address
        ),
        pixel_range=pixel_range,
        class_names=settled_names((), options.class_names, address),
        ask=lambda image: keras.ops.convert_to_numpy(answer(image)),
        outputs=options.outputs,
        network=network,
    )


def layers_of(network: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yields a layer and every layer inside it, in no particular order."""
    # Keras has no public way into layers that are no models.
    yield from network._flatten_layers()


def graph_of(network: keras.Model, training: bool) -> Callable:
    """Returns the network as a function of batches of any length.

    On TensorFlow it is one graph, traced once; `predict_on_batch` is traced
    for every length.
    """

    def call(image):
        return network(image, training=training)

    if keras.backend.backend() != "tensorflow":
        return call
    import tensorflow as tf

    spec = tf.TensorSpec((None, *network.input_shape[1:]), tf.float32)
    # The concrete function, because TensorFlow warns of every sixth network
    # that passes through these lines.
    graph = tf.function(call).get_concrete_function(spec)
    return lambda image: graph(tf.constant(image, tf.float32))


def _find_range(network: keras.Model) -> str | None:
    """Returns what the first layer that speaks of pixels takes them to be."""
    for layer in layers_of(network):
        # By name: rooms below do not know this one, and nothing else of the
        # layer is needed.
        if type(layer).__name__ == "PixelNormalization":
            return "unit"
        if isinstance(layer, keras.layers.Rescaling):
            found = np.ravel(layer.scale)[0], np.ravel(layer.offset)[0]
            for known, name in _RESCALINGS.items():
                if np.allclose(found, known):
                    return name
    return None
