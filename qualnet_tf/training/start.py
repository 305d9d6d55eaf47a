"""Starts a run from the weights of a finished one (fine-tuning)."""

import pathlib

import keras

from qualnet_tf.methods.method import Method
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir


def start_from_run(method: Method, run: RunDir) -> None:
    """Copies a finished run's classifier, and its connector where both have.

    The paper's QualNet* starts so: from a QualNet that was trained on clean
    images, at a tenth of the learning rate. The optimizer starts anew.

    Args:
        method: What the new run trains, already built.
        run: The finished run.

    Raises:
        ValueError: If the run has not finished or its weights do not fit;
            the method keeps its own then.
    """
    run.read_finished_info()
    pairs = [(run.classifier, method.classifier)]
    connector = getattr(method, "connector", None)
    if connector is not None and run.connector.is_file():
        pairs.append((run.connector, connector))
    loaded = [_load_fitting(path, model) for path, model in pairs]
    for (_, model), source in zip(pairs, loaded, strict=True):
        model.set_weights(source.get_weights())


def _load_fitting(path: pathlib.Path, model: keras.Model) -> keras.Model:
    """Loads a model whose weights can be copied one by one."""
    source = load_model(path)
    expected, received = (
        [(weight.path, tuple(weight.shape)) for weight in each.weights]
        for each in (model, source)
    )
    for one, other in zip(expected, received, strict=False):
        if one != other:
            raise ValueError(
                f"{path}: expected {_described(one)}, received "
                f"{_described(other)}; --initial_run_dir takes a run of the "
                "same backbone, stem, size and classes"
            )
    if len(expected) != len(received):
        raise ValueError(
            f"{path}: expected {len(expected)} weights, received "
            f"{len(received)}; --initial_run_dir takes a run of the same "
            "backbone"
        )
    return source


def _described(weight: tuple[str, tuple[int, ...]]) -> str:
    path, shape = weight
    return f"{path} of shape {'x'.join(map(str, shape))}"
