"""How busy an evaluation keeps its classifier, beside inference alone.

python -m benchmarks.evaluation --data_dir=/path/to/tfds
python -m benchmarks.evaluation --dataset=digits --num_images=100  (a minute)

Networks that were hardly trained are evaluated by the program, clean and under
all 19 corruptions at 5 severities. Beside its time stand two others, per image
of the same set and network:

    alone       inference on images that lie in memory, nothing else: no
                evaluation can be faster
    apart       Keras's `predict` on one stream per condition, each reading and
                decoding the set anew, as one would write it; six conditions
                of all families stand for the others
"""

import argparse
import dataclasses
import datetime
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

NETWORKS = ("resnet_small", "cifar_resnet18")
BATCH_SIZE = 256
NUM_CONDITIONS = 96
# Of every family, cheap and dear ones.
APART = (
    ("gaussian_noise", 3),
    ("glass_blur", 3),
    ("motion_blur", 3),
    ("frost", 3),
    ("elastic_transform", 3),
    ("jpeg_compression", 3),
)


@dataclasses.dataclass(frozen=True)
class Measured:
    """Seconds of one network.

    Attributes:
        network: Name of the backbone.
        num_images: Of the set.
        whole: Of the program, from start to table.
        asking: Of these, showing images and answering.
        waiting: Share of `asking` without an image to answer to.
        alone: Of inference alone on as many images.
        apart: Of one stream per condition, on as many images.
    """

    network: str
    num_images: int
    whole: float
    asking: float
    waiting: float
    alone: float
    apart: float

    def row(self) -> str:
        """Returns the line of the table."""
        shown = self.num_images * NUM_CONDITIONS
        return (
            f"| {self.network} | {shown:,} | {self.whole:.0f} "
            f"| {shown / self.asking:.0f} | {self.waiting:.0%} "
            f"| {self.asking / self.alone:.2f} "
            f"| {self.apart / self.asking:.2f} |"
        )


HEADER = (
    "| Network | Images shown | Seconds | Images/s | Waiting "
    "| Time by inference alone | Time of streams apart |\n"
    "|---|---|---|---|---|---|---|"
)


def make_run(folder: pathlib.Path, network: str, data: dict) -> None:
    """Trains a network for one step: its speed is that of any other."""
    from qualnet_tf.config import TrainConfig
    from qualnet_tf.experiment_flags import to_flagfile
    from qualnet_tf.training import fit

    config = TrainConfig(
        run_dir=str(folder),
        **data,
        max_train_images=64,
        image_size=32,
        augmentation="none",
        clean_fraction=1.0,
        backbone=network,
        batch_size=64,
        recipe_batch_size=64,
        num_epochs=1,
        decay_epochs=(),
        warmup_epochs=0,
        validation_epochs=0,
    )
    fit.train(config, to_flagfile(config))


def time_program(folder: pathlib.Path, num_images: int) -> dict[str, float]:
    """Runs the program and reads what it says of its time.

    Raises:
        RuntimeError: If it fails or says nothing.
    """
    command = [
        sys.executable,
        "-m",
        "qualnet_tf.evaluate",
        f"--run_dir={folder}",
        f"--num_images={num_images}",
        f"--batch_size={BATCH_SIZE}",
        "--num_pictures=0",
    ]
    started = time.perf_counter()
    result = subprocess.run(
        command, capture_output=True, text=True, check=False
    )
    whole = time.perf_counter() - started
    said = re.search(r"waited for images (\d+)% of (\d+) s", result.stdout)
    if result.returncode or not said:
        raise RuntimeError(
            f"{' '.join(command)}: expected its waiting time, received "
            f"{result.stdout[-200:]} {result.stderr[-500:]}"
        )
    return {
        "whole": whole,
        "waiting": int(said.group(1)) / 100,
        "asking": float(said.group(2)),
    }


def time_alone(folder: pathlib.Path, num_batches: int = 20) -> float:
    """Returns seconds per image of inference on images in memory."""
    from qualnet_tf.models.saving import load_model
    from qualnet_tf.run_dir import RunDir
    from qualnet_tf.subjects.keras_file import graph_of

    answer = graph_of(load_model(RunDir(folder).classifier), training=False)
    shape = (BATCH_SIZE, 32, 32, 3)
    image = np.random.default_rng(0).random(shape, np.float32)
    answer(image)
    started = time.perf_counter()
    for _ in range(num_batches):
        np.asarray(answer(image))
    return (time.perf_counter() - started) / (num_batches * BATCH_SIZE)


def time_apart(
    folder: pathlib.Path, data: dict, num_images: int, conditions
) -> float:
    """Returns seconds per image of one stream per condition."""
    from qualnet_tf.datasets import open_source, pipeline
    from qualnet_tf.models.saving import load_model
    from qualnet_tf.run_dir import RunDir

    network = load_model(RunDir(folder).classifier)
    source = open_source(split="validation", **data)
    started = time.perf_counter()
    for condition in conditions:
        batches = pipeline.evaluation_batches(
            source,
            batch_size=BATCH_SIZE,
            image_size=32,
            conditions=[condition],
            max_images=num_images,
        )
        network.predict(batches.map(lambda batch: batch["image"]), verbose=0)
    elapsed = time.perf_counter() - started
    return elapsed / (num_images * len(conditions))


def measure(network: str, data: dict, num_images: int) -> Measured:
    """Returns the times of one network."""
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root) / network
        make_run(folder, network, data)
        shown = num_images * NUM_CONDITIONS
        return Measured(
            network=network,
            num_images=num_images,
            **time_program(folder, num_images),
            alone=shown * time_alone(folder),
            apart=shown * time_apart(folder, data, num_images, APART),
        )


def main() -> None:
    """Prints a table, a line per network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--data_dir", default="")
    parser.add_argument("--num_images", type=int, default=10_000)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    arguments = parser.parse_args()
    data = {"dataset": arguments.dataset, "data_dir": arguments.data_dir}
    print(f"{platform.platform()}, {datetime.date.today()}")
    print(HEADER)
    for network in arguments.networks.split(","):
        found = measure(network, data, arguments.num_images)
        print(found.row(), flush=True)


if __name__ == "__main__":
    main()
