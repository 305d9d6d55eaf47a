"""What an export costs beside the same network exported bare.

python -m benchmarks.serving_cost
python -m benchmarks.serving_cost --cases=resnext101_32x8d --batch_sizes=1

"Bare" is the same classifier, or `keras.applications.ResNet50`, saved with
Keras's own exporter, image -> logits and nothing else. Both are loaded as a
server loads them (a Session, XLA off) and asked in turn, so that whatever else
the machine does hits both; the ratio is the median over pairs of the export's
time by the bare one's, with the middle 90 % of bootstrapped medians. The files
are compared too: variables and bytes of weights. Prints a Markdown table.
"""

import argparse
import ctypes
import importlib.util
import pathlib
import tempfile
import time

import numpy as np

CASES = {
    # name: (backbone, stem, bare network)
    "resnet18": ("resnet18", "qualnet", "same"),
    "resnet50": ("resnet50", "qualnet", "same"),
    "resnet50_v1 by keras.applications": (
        "resnet50_v1",
        "original",
        "keras.applications.ResNet50",
    ),
    "resnext101_32x8d": ("resnext101_32x8d", "qualnet", "same"),
}
NUM_CLASSES = 1000
_BYTES_PER_MEBIBYTE = 1 << 20


def disable_xla() -> None:
    """Switches XLA off in this process, as TensorFlow Serving starts."""
    folder = pathlib.Path(importlib.util.find_spec("tensorflow").origin).parent
    library = ctypes.CDLL(str(folder / "libtensorflow_cc.so.2"))
    library._ZN10tensorflow21DisableXlaCompilationEv()


def build(backbone: str, stem: str, side: int):
    """Returns a classifier with fresh weights."""
    from qualnet_tf.config import TrainConfig
    from qualnet_tf.training.build import build_network

    config = TrainConfig(
        run_dir="unused", backbone=backbone, stem=stem, image_size=side
    )
    return build_network(config, NUM_CLASSES)


def build_bare(kind: str, classifier, side: int):
    """Returns the network that is exported bare."""
    import keras

    if kind == "same":
        return classifier
    return keras.applications.ResNet50(
        weights=None,
        input_shape=(side, side, 3),
        classes=NUM_CLASSES,
        classifier_activation=None,
    )


def export_bare(network, folder: pathlib.Path) -> pathlib.Path:
    """Saves a network with Keras's exporter, image -> logits."""
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    spec = tf.TensorSpec((None, *network.input_shape[1:]), tf.float32, "image")
    archive.add_endpoint(
        "serving_default",
        lambda image: {"logits": network(image, training=False)},
        [spec],
    )
    archive.write_out(str(folder), verbose=False)
    return folder


class Served:
    """A SavedModel in a Session.

    Args:
        folder: Of the SavedModel.
        signature: Which one is asked.
    """

    def __init__(self, folder: pathlib.Path, signature: str):
        import tensorflow as tf

        graph = tf.Graph()
        with graph.as_default():
            self.session = tf.compat.v1.Session(graph=graph)
            meta_graph = tf.compat.v1.saved_model.load(
                self.session, ["serve"], str(folder)
            )
        found = meta_graph.signature_def[signature]
        (self.feed,) = (info.name for info in found.inputs.values())
        fetches = [info.name for info in found.outputs.values()]
        self.call = self.session.make_callable(fetches, [self.feed])

    def seconds(self, image: np.ndarray) -> float:
        """Returns how long one answer takes."""
        start = time.perf_counter()
        self.call(image)
        return time.perf_counter() - start


def compare(export: Served, bare: Served, image: np.ndarray, pairs: int):
    """Returns seconds of both, [pairs, 2], asked in turn."""
    for each in (export, bare):
        for _ in range(3):
            each.seconds(image)
    rows = []
    for pair in range(pairs):
        order = (0, 1) if pair % 2 else (1, 0)
        row = [0.0, 0.0]
        for place in order:
            row[place] = (export, bare)[place].seconds(image)
        rows.append(row)
    return np.array(rows)


def ratio_with_interval(seconds: np.ndarray) -> tuple[float, float, float]:
    """Returns the median ratio and the ends of its 90 % interval."""
    ratios = seconds[:, 0] / seconds[:, 1]
    generator = np.random.default_rng(0)
    drawn = generator.choice(ratios, (2000, len(ratios)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.05, 0.95])
    return float(np.median(ratios)), float(low), float(high)


def describe_files(folder: pathlib.Path) -> tuple[int, float]:
    """Returns the number of variables in a SavedModel, and MiB of weights."""
    import tensorflow as tf

    prefix = str(folder / "variables" / "variables")
    variables = [
        name
        for name, _ in tf.train.list_variables(prefix)
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH"
    ]
    size = sum(path.stat().st_size for path in (folder / "variables").iterdir())
    return len(variables), size / _BYTES_PER_MEBIBYTE


def measure(case: str, side: int, batch_sizes: list[int], pairs: int) -> None:
    """Prints a row for each batch size."""
    from qualnet_tf.exporters.saved_model import export_saved_model

    backbone, stem, kind = CASES[case]
    classifier = build(backbone, stem, side)
    names = [f"class {place}" for place in range(NUM_CLASSES)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        ours = export_saved_model(classifier, names, folder / "ours", side)
        network = build_bare(kind, classifier, side)
        bare = export_bare(network, folder / "bare")
        exported, plain = (
            Served(ours, "predict_images"),
            Served(bare, "serving_default"),
        )
        files = [describe_files(each) for each in (ours, bare)]
        for batch_size in batch_sizes:
            image = np.random.default_rng(0).random(
                (batch_size, side, side, 3), np.float32
            )
            seconds = compare(exported, plain, image, pairs)
            ratio, low, high = ratio_with_interval(seconds)
            latency = 1e3 * np.median(seconds, axis=0)
            rate = batch_size * 1e3 / latency
            print(
                f"| {case} | {batch_size} | {latency[0]:.1f} | {latency[1]:.1f}"
                f" | {rate[0]:.1f} | {rate[1]:.1f} | {ratio:.3f} ({low:.3f} to "
                f"{high:.3f}) | {files[0][0]} and {files[1][0]} | "
                f"{files[0][1]:.1f} and {files[1][1]:.1f} |",
                flush=True,
            )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cases", default="resnet18,resnet50," + list(CASES)[2]
    )
    parser.add_argument("--image_size", type=int, default=224)
    parser.add_argument("--batch_sizes", default="1,8")
    parser.add_argument("--pairs", type=int, default=40)
    arguments = parser.parse_args()
    cases = arguments.cases.split(",")
    unknown = [case for case in cases if case not in CASES]
    if unknown:
        parser.error(f"--cases: expected some of {', '.join(CASES)}")
    disable_xla()
    print(
        "| Network | Batch | Export, ms | Bare, ms | Export, images/s | Bare, "
        "images/s | Ratio of times | Variables | Weights, MiB |"
    )
    print("|" + "---|" * 9)
    batch_sizes = [int(size) for size in arguments.batch_sizes.split(",")]
    for case in cases:
        measure(case, arguments.image_size, batch_sizes, arguments.pairs)


if __name__ == "__main__":
    main()
