"""Loads the runs that are compared, each as functions of a batch."""

import dataclasses
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from qualnet_tf.config import TrainConfig
from qualnet_tf.evaluation.results import load_pictures
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.decoders import InverseDecoder, load_decoder
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir

Images = np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class TriedRun:
    """One run.

    Attributes:
        name: Of its folder.
        method: As training calls it.
        classify: float32 [n, side, side, 3] in [0, 1] -> probabilities
            [n, classes].
        decode: The same images -> what its features decode to, or None where
            the run has no decoder.
        invert: The same images -> what its stage-1 network makes of its own
            features, or None likewise.
    """

    name: str
    method: str
    classify: Callable[[Images], np.ndarray]
    decode: Callable[[Images], np.ndarray] | None = None
    invert: Callable[[Images], np.ndarray] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class TriedRuns:
    """The runs of a page.

    Attributes:
        runs: In the order given.
        class_names: Of all of them.
        image_size: Side of what they take, pixels.
        examples: uint8 [n, side, side, 3], pictures of their evaluation.
    """

    runs: tuple[TriedRun, ...]
    class_names: tuple[str, ...]
    image_size: int
    examples: np.ndarray


def load_runs(paths: Sequence[str]) -> TriedRuns:
    """Loads runs that can be compared.

    Args:
        paths: Their folders.

    Raises:
        ValueError: If one is not finished, or they take different images or
            know different classes.
    """
    found = [RunDir(path) for path in paths]
    infos = [run.read_finished_info() for run in found]
    configs = [TrainConfig.from_json(run.config.read_text()) for run in found]
    for run, info, config in zip(found, infos, configs, strict=True):
        if info["class_names"] != infos[0]["class_names"]:
            raise _unlike(run, found[0], "classes")
        if config.image_size != configs[0].image_size:
            raise _unlike(run, found[0], "side of its images")
    side = configs[0].image_size
    return TriedRuns(
        runs=tuple(
            _load(run, config)
            for run, config in zip(found, configs, strict=True)
        ),
        class_names=tuple(infos[0]["class_names"]),
        image_size=side,
        examples=_examples(found, side),
    )


def _unlike(run: RunDir, first: RunDir, what: str) -> ValueError:
    return ValueError(
        f"{run.path}: expected the {what} of {first.path}, received another; "
        "compare runs that were trained on the same images"
    )


def _load(run: RunDir, config: TrainConfig) -> TriedRun:
    classifier = load_model(run.classifier)
    side = config.image_size
    functions = {
        "classify": lambda image: keras.ops.softmax(
            keras.ops.cast(classifier(image, training=False), "float32")
        )
    }
    if run.connector.is_file():
        backbone, _ = split_classifier(classifier)
        connector = load_model(run.connector)
        decoder = load_decoder(
            run.find_decoding_network(),
            side,
            classifier.output_shape[-1],
            downscale=config.decoder_downscale,
        )
        functions["decode"] = lambda image: decoder(
            connector(backbone(image, training=False), training=False)
        )
        functions["invert"] = _inverting(decoder)
    graphs = {name: _graph(each, side) for name, each in functions.items()}
    return TriedRun(name=run.name, method=config.method, **graphs)


def _inverting(decoder: InverseDecoder) -> Callable:
    def invert(image):
        return decoder(decoder.network(decoder.shrink(image), training=False))

    return invert


def _graph(function: Callable, side: int) -> Callable[[Images], np.ndarray]:
    """Traces a function once, for any number of images."""
    spec = tf.TensorSpec((None, side, side, 3), tf.float32)
    graph = tf.function(function).get_concrete_function(spec)
    return lambda image: graph(tf.constant(image, tf.float32)).numpy()


def _examples(runs: Sequence[RunDir], side: int) -> np.ndarray:
    for run in runs:
        if run.pictures.is_file():
            clean = load_pictures(run.pictures).clean
            if clean.shape[1:3] == (side, side):
                return clean
    return np.empty((0, side, side, 3), np.uint8)
