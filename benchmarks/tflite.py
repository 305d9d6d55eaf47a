"""What the precisions of a TFLite file cost and save, on real networks.

python -m benchmarks.tflite
python -m benchmarks.tflite --networks=resnext101_32x8d@32,resnext101_32x8d@224

A Markdown table: size, latency of one image, and how far the answers are from
Keras's. The backbones' weights are random, with the statistics of batch norm
that belong to them. Only the head is fitted, to ten kinds of made-up pictures:
else all answers would be alike, and agreement would mean nothing.
"""

import argparse
import os
import pathlib
import platform
import tempfile
import time
from collections.abc import Callable, Iterator

import numpy as np

NETWORKS = "resnet18@32,resnet18@224,resnet50@224"
_LARGE = 64
_NUM_KINDS = 10
# Enough for every activation's range, for ten weights a kind, and for two
# digits of agreement.
_NUM_CALIBRATION, _NUM_FITTED, _NUM_SHOWN = 64, 100, 100


def make_pictures(
    count: int, side: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns pictures, float32 [count, side, side, 3] in [0, 1], and kinds."""
    kinds = np.random.default_rng(0).uniform(0, 1, (_NUM_KINDS, 4, 4, 3))
    random = np.random.default_rng(seed)
    kind = np.arange(count) % _NUM_KINDS
    coarse = kinds[kind] + random.normal(0, 0.2, (count, 4, 4, 3))
    pictures = coarse.repeat(side // 4, 1).repeat(side // 4, 2)
    pictures = pictures + random.normal(0, 0.05, pictures.shape)
    return pictures.clip(0, 1).astype(np.float32), kind


def make_classifier(name: str, side: int):
    """Returns a classifier of ten kinds of pictures."""
    import keras

    from qualnet_tf import backbones
    from qualnet_tf.models.classifier import (
        build_classifier,
        pooled_classifier,
    )

    keras.utils.set_random_seed(0)
    classifier = build_classifier(
        backbones.get(name)(side), side, 1000 if side > _LARGE else _NUM_KINDS
    )
    _settle(classifier.layers[1])
    pictures, kind = make_pictures(_NUM_FITTED, side, seed=2)
    classifier(pictures[:32], training=True)
    pooled = pooled_classifier(classifier)
    parts = np.array_split(pictures, _NUM_FITTED // 10)
    features = [np.asarray(pooled([part], training=False)[0]) for part in parts]
    _fit_head(classifier.layers[-1].layers[-1], np.concatenate(features), kind)
    return classifier


def _settle(backbone) -> None:
    """Makes a random backbone one that a picture's kind survives."""
    import keras

    norms = [
        layer
        for layer in backbone.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    last = "_conv3_norm" if "_conv3_" in norms[-1].name else "_conv2_norm"
    for norm in norms:
        # The next call in training sets the statistics.
        norm.momentum = 0.0
        if norm.name.endswith(last):
            # Blocks add little to what they get, as after common recipes.
            norm.gamma.assign(0.2 * norm.gamma)


def _fit_head(head, features: np.ndarray, kind: np.ndarray) -> None:
    """Fits a linear layer by ridge regression; other classes stay unlikely."""
    mean = features.mean(axis=0)
    centred = features - mean
    similarity = centred @ centred.T
    ridge = np.eye(len(features)) * 0.01 * np.trace(similarity) / len(features)
    wanted = 6.0 * (np.eye(_NUM_KINDS)[kind] - 1 / _NUM_KINDS)
    weights = centred.T @ np.linalg.solve(similarity + ridge, wanted)
    kernel, bias = np.zeros(head.kernel.shape), np.full(head.bias.shape, -4.0)
    kernel[:, :_NUM_KINDS] = weights
    bias[:_NUM_KINDS] = -mean @ weights
    head.kernel.assign(kernel)
    head.bias.assign(bias)


def write_forms(
    classifier, folder: pathlib.Path
) -> Iterator[tuple[str, pathlib.Path, float]]:
    """Yields (form, file, seconds it took to write)."""
    from qualnet_tf.exporters.onnx import export_onnx
    from qualnet_tf.exporters.tflite import PRECISIONS, convert_tflite
    from qualnet_tf.models.saving import save_model

    side = classifier.input_shape[1]
    pictures, _ = make_pictures(_NUM_CALIBRATION, side, seed=1)
    save_model(classifier, folder / "classifier.keras")
    yield "Keras", folder / "classifier.keras", 0.0
    for precision in PRECISIONS:
        start = time.perf_counter()
        path = folder / f"{precision}.tflite"
        path.write_bytes(convert_tflite(classifier, precision, pictures))
        yield precision, path, time.perf_counter() - start
    start = time.perf_counter()
    export_onnx(classifier, folder / "classifier.onnx")
    path = folder / "classifier.onnx"
    yield "ONNX", path, time.perf_counter() - start


def open_form(path: pathlib.Path) -> Callable[[np.ndarray], np.ndarray]:
    """Returns images -> logits, on all cores."""
    if path.suffix != ".onnx":
        from qualnet_tf.subjects.opening import open_subject

        return open_subject(path).logits
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    # Else its threads keep the cores busy while the next form is timed.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    return lambda image: session.run(["logits"], {"image": image})[0]


def measure(network: str) -> list[str]:
    """Returns the rows of one network, called name@side."""
    from qualnet_tf.evaluation.deployment import latencies, size_in_bytes

    name, side = network.split("@")
    classifier = make_classifier(name, int(side))
    pictures, kind = make_pictures(_NUM_SHOWN, int(side), seed=3)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        forms = list(write_forms(classifier, pathlib.Path(folder)))
        functions = [open_form(path) for _, path, _ in forms]
        answers = [_probabilities(each, pictures) for each in functions]
        times = latencies(functions, [pictures[:1]] * len(forms))
        sizes = [size_in_bytes(path) for _, path, _ in forms]
    peer = [form for form, _, _ in forms].index("float32")
    medians = [1e3 * np.median(each) for each in times]
    # What a machine does that others use too, in its quiet moments.
    quiet = [1e3 * np.quantile(each, 0.1) for each in times]
    for place, (form, _, seconds) in enumerate(forms):
        best = answers[place].argmax(1)
        rows.append(
            f"| {name} at {side} | {form} | {sizes[place] / 1e6:.1f} "
            f"| {sizes[place] / sizes[peer]:.2f} | {medians[place]:.1f} "
            f"| {quiet[place]:.1f} | {quiet[place] / quiet[peer]:.2f} "
            f"| {100 * (best == kind).mean():.0f} "
            f"| {100 * (best == answers[0].argmax(1)).mean():.0f} "
            f"| {np.abs(answers[place] - answers[0]).max():.5f} "
            f"| {seconds:.0f} |"
        )
    return rows


def _probabilities(function: Callable, pictures: np.ndarray) -> np.ndarray:
    parts = np.array_split(pictures, len(pictures) // 10)
    logits = np.concatenate([function(part) for part in parts])
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _where_and_when() -> str:
    import tensorflow as tf

    return (
        f"{os.cpu_count()} threads, {platform.platform()}, TensorFlow "
        f"{tf.__version__}, {time.strftime('%Y-%m-%d')}"
    )


def main() -> None:
    """Measures the networks that the flag names and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=NETWORKS, help="name@side,...")
    arguments = parser.parse_args()
    print(
        "| Network | Form | MB | of float32 | ms, median | ms, fastest tenth "
        "| of float32 | right, % | top-1 as Keras, % | largest difference "
        "| written in, s |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for network in arguments.networks.split(","):
        print("\n".join(measure(network)), flush=True)
    print(f"\n{_where_and_when()}")


if __name__ == "__main__":
    main()
