"""Weights of `keras.applications.ResNet50` for our ResNet50s.

Every convolution and batch norm there has one of the same shape here. What the
two do differently is folded into the copied numbers:

    bias        Convolutions have one there: it moves into the mean that batch
                norm subtracts, mean' = mean - bias.
    epsilon     That of batch norm is 1.001e-5 there and 1e-5 here:
                variance' = variance + 1e-8.
    pixels      There the stem sees 255 x - mean in the order blue, green, red
                (`keras.applications.resnet.preprocess_input`), here
                (x - mean) / std in the order red, green, blue. Order and
                scale 255 std move into the stem's kernel. The mean stays where
                it is subtracted, in PixelNormalization, because zeros are
                padded behind it: that layer takes Keras's mean.

So `resnet50_v1` with the original stem computes the same function. `resnet50`,
whose strides are elsewhere, and the "qualnet" stem take the same weights as a
start for fine-tuning.
"""

import pathlib
import re
import warnings
import zipfile
from collections.abc import Iterator

import keras
import numpy as np

# Blue, green, red in [0, 255], as preprocess_input subtracts them.
MEAN_BGR = (103.939, 116.779, 123.68)
_REMEDY = (
    "use backbone resnet50 or resnet50_v1 and a network made by "
    "keras.applications.ResNet50"
)


def initialize(backbone: keras.Model, weights: str) -> None:
    """Gives `backbone` the weights of a `keras.applications.ResNet50`.

    Args:
        backbone: `resnet50` or `resnet50_v1`, with either stem.
        weights: "imagenet", or a file; see `open_resnet50`.

    Raises:
        ValueError: If there are no such weights, or they do not fit.
    """
    copy_resnet50(open_resnet50(weights), backbone)


def open_resnet50(weights: str) -> keras.Model:
    """Returns a `keras.applications.ResNet50`.

    Args:
        weights: "imagenet", which Keras downloads once and keeps, or a file of
            such a network: a whole model (`.keras`) or weights (`.weights.h5`,
            or `.h5` as Keras's own download), with the layer of 1000 classes
            or without it.

    Raises:
        ValueError: If the download fails or the file holds something else.
    """
    if weights == "imagenet":
        return _download()
    path = pathlib.Path(weights)
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a file of ResNet50 weights, found none; give "
            "the path of one, or imagenet to download them"
        )
    if path.suffix == ".keras":
        return _read_model(path)
    return _read_weights(path)


def copy_resnet50(source: keras.Model, backbone: keras.Model) -> None:
    """Copies every convolution and batch norm of `source` into `backbone`.

    Nothing is changed unless everything fits. The mean of the pixels is no
    variable: what was compiled from `backbone` before keeps the old one.

    Args:
        source: A `keras.applications.ResNet50`, with or without its top,
            which is not copied.
        backbone: `resnet50` or `resnet50_v1`, with either stem.

    Raises:
        ValueError: If a layer is missing on either side, or a shape differs.
    """
    pairs = []
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Conv2D):
            norm = _get_layer(backbone, f"{layer.name}_norm")
            pairs += _convolution_and_norm(source, layer, norm)
    normalization = _get_layer(backbone, "pixel_normalization")
    _check_complete(source, backbone, pairs)
    for variable, value in pairs:
        if variable.path.endswith("stem_conv/kernel"):
            value = _fold_pixels(value, normalization.std)
        variable.assign(value)
    normalization.mean = tuple(mean / 255 for mean in reversed(MEAN_BGR))


def _convolution_and_norm(
    source: keras.Model,
    convolution: keras.layers.Layer,
    norm: keras.layers.Layer,
) -> Iterator[tuple]:
    """Yields our variables and the values they get, the stem's unfolded."""
    name = _source_name(convolution.name)
    theirs = _get_layer(source, f"{name}_conv")
    their_norm = _get_layer(source, f"{name}_bn")
    kernel, bias = _numbers(theirs, "kernel", "bias")
    gamma, beta, mean, variance = _numbers(
        their_norm, "gamma", "beta", "moving_mean", "moving_variance"
    )
    epsilon = their_norm.epsilon - norm.epsilon
    yield from (
        (convolution.kernel, kernel),
        (norm.gamma, gamma),
        (norm.beta, beta),
        (norm.moving_mean, mean - bias),
        (norm.moving_variance, variance + epsilon),
    )


def _source_name(name: str) -> str:
    """The name there of our convolution, without its ending "_conv".

    Stages count from 2 there; a projected shortcut is convolution 0.
    """
    if name == "stem_conv":
        return "conv1"
    match = re.fullmatch(r"stage(\d+)_block(\d+)_(?:conv(\d+)|shortcut)", name)
    if match is None:
        raise ValueError(
            f"layer {name!r}: expected one of an ImageNet ResNet; {_REMEDY}"
        )
    stage, block, number = (int(text or 0) for text in match.groups())
    return f"conv{stage + 1}_block{block}_{number}"


def _get_layer(model: keras.Model, name: str) -> keras.layers.Layer:
    try:
        return model.get_layer(name)
    except ValueError:
        raise ValueError(
            f"expected a layer {name!r} in {model.name!r}, found none; "
            f"{_REMEDY}"
        ) from None


def _numbers(layer: keras.layers.Layer, *names: str) -> list[np.ndarray]:
    """The named variables in double precision, for sums without rounding."""
    variables = [getattr(layer, name, None) for name in names]
    if any(variable is None for variable in variables):
        raise ValueError(
            f"layer {layer.name!r}: expected {', '.join(names)}, received "
            f"{', '.join(weight.name for weight in layer.weights) or 'none'}; "
            f"{_REMEDY}"
        )
    return [
        keras.ops.convert_to_numpy(variable).astype("float64")
        for variable in variables
    ]


def _fold_pixels(kernel: np.ndarray, std: tuple[float, ...]) -> np.ndarray:
    """Makes a kernel `[7, 7, 3, filters]` see our pixels for Keras's."""
    return kernel[:, :, ::-1] * (255 * np.asarray(std)[:, None])


def _check_complete(
    source: keras.Model, backbone: keras.Model, pairs: list[tuple]
) -> None:
    """Checks that all is set, once, in its shape, and nothing left over."""
    for variable, value in pairs:
        if tuple(variable.shape) != value.shape:
            raise ValueError(
                f"{variable.path}: expected shape {tuple(variable.shape)}, "
                f"received {value.shape} from {source.name!r}; {_REMEDY}"
            )
    received = sorted(variable.path for variable, _ in pairs)
    expected = sorted(variable.path for variable in backbone.variables)
    if received != expected:
        raise ValueError(
            f"{backbone.name!r}: expected a value for each of its "
            f"{len(expected)} variables, received {len(received)}; {_REMEDY}"
        )
    theirs = sum(
        len(layer.weights)
        for layer in source.layers
        if layer.name.endswith(("_conv", "_bn"))
    )
    # A convolution and its norm have one variable less here, the bias.
    taken = len(pairs) // 5 * 6
    if theirs != taken:
        raise ValueError(
            f"{source.name!r}: expected {taken} variables in convolutions and "
            f"batch norms, received {theirs}; {_REMEDY}"
        )


def _download() -> keras.Model:
    try:
        return keras.applications.ResNet50(
            weights="imagenet", include_top=False
        )
    # Keras raises Exception itself where the address does not answer.
    except Exception as error:
        raise ValueError(
            "initial weights imagenet: expected a download by "
            f"keras.applications, received {str(error) or repr(error)}; give "
            "the path of a file that was downloaded elsewhere"
        ) from error


def _read_model(path: pathlib.Path) -> keras.Model:
    model = None
    if zipfile.is_zipfile(path):
        model = keras.saving.load_model(path, compile=False)
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"{path}: expected a model saved as .keras, received something "
            f"else or a truncated file; {_REMEDY}"
        )
    return model


def _read_weights(path: pathlib.Path) -> keras.Model:
    for include_top in (False, True):
        model = keras.applications.ResNet50(
            weights=None, include_top=include_top
        )
        try:
            with warnings.catch_warnings():
                # A hundred lines beside the error that follows.
                warnings.filterwarnings("ignore", "Skipping nested container")
                model.load_weights(path)
            return model
        # What Keras and h5py raise for a file of another network, or none.
        except (ValueError, OSError, KeyError) as error:
            reason = error
    raise ValueError(
        f"{path}: expected weights of keras.applications.ResNet50 without its "
        f"top or with 1000 classes, received others; {_REMEDY}"
    ) from reason
