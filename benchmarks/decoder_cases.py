"""The decoders that `benchmarks.decoder_cost` compares, and their runs."""

import dataclasses
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
# Of the cost table, pixels.
SIDE, NUM_CLASSES = 224, 1000
# Of the quickstart's flagfiles.
SMALL_SIDE = 32


@dataclasses.dataclass(frozen=True)
class Case:
    """One way of making stage 2 cheaper.

    Attributes:
        name: Its row's first cell.
        network: Stage-1 network of the cost table; empty is no decoder.
        small_network: That of the quickstart; empty is naive augmentation.
        fraction: `decoder_fraction`.
        downscale: `decoder_downscale`.
    """

    name: str
    network: str = "irevnet300"
    small_network: str = "irevnet_small"
    fraction: float = 1.0
    downscale: int = 1


CASES = {
    "classifier": Case("no decoder", "", ""),
    "full": Case("full decoder"),
    "fraction": Case("a quarter of each batch", fraction=0.25),
    "half": Case(
        "half resolution", "irevnet300_half", "irevnet_small_half", downscale=2
    ),
    "smaller": Case("smaller stage 1", "irevnet96", "irevnet_mini"),
}


def make_method(case: Case):
    """Returns the method of the cost table, with fresh weights."""
    from qualnet_tf import backbones, invertible
    from qualnet_tf.methods.qualnet import QualNet
    from qualnet_tf.methods.supervised import Supervised
    from qualnet_tf.models.classifier import build_classifier
    from qualnet_tf.models.connector import build_connector
    from qualnet_tf.models.decoders import InverseDecoder

    backbone = backbones.get("resnet50")(SIDE)
    classifier = build_classifier(backbone, SIDE, NUM_CLASSES)
    if not case.network:
        return Supervised(classifier)
    network = invertible.get(case.network)()
    side = SIDE // case.downscale
    network.build((None, side, side, 3))
    decoder = InverseDecoder(network, case.downscale)
    connector = build_connector(
        tuple(backbone.output.shape[1:]), decoder.feature_shape(SIDE)
    )
    return QualNet(
        classifier, connector, decoder, 0.1, decoder_fraction=case.fraction
    )


def train_all(seed: int, folder: pathlib.Path, flags: list[str]) -> None:
    """Trains and evaluates every case's runs of one seed."""
    shared = [f"--seed={seed}", *flags]
    for network, downscale in {
        (case.small_network, case.downscale): None
        for case in CASES.values()
        if case.small_network
    }:
        _train(
            "stage1",
            folder / f"stage1_{network}",
            f"--backbone={network}",
            f"--image_size={SMALL_SIDE // downscale}",
            *shared,
        )
    for key, case in CASES.items():
        if not case.small_network:
            _train("naive", folder / key, *shared)
            continue
        _train(
            "qualnet",
            folder / key,
            f"--stage1_run_dir={folder / f'stage1_{case.small_network}'}",
            f"--decoder_fraction={case.fraction}",
            f"--decoder_downscale={case.downscale}",
            *shared,
        )
    runs = ",".join(str(folder / key) for key in CASES)
    _program("evaluate", f"--run_dir={runs}")


def _train(flagfile: str, run: pathlib.Path, *flags: str) -> None:
    _program(
        "train",
        f"--flagfile=configs/quickstart/{flagfile}.flags",
        *flags,
        f"--run_dir={run}",
    )


def _program(name: str, *flags: str) -> None:
    # Standard output is for the table.
    subprocess.run(
        [sys.executable, "-m", f"qualnet_tf.{name}", *flags],
        cwd=ROOT,
        stdout=sys.stderr,
        check=True,
    )
