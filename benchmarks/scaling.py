"""One worker against two: what sharing a step costs.

python -m benchmarks.scaling
python -m benchmarks.scaling --backbone=cifar_resnet18 --batch_size=64

Trains the same run with one worker on one core, and with two workers on a core
each, over gRPC on this machine. With the batch of a worker kept ("weak") two
workers would at best make twice the images a second; with the whole batch kept
("strong") as well, each having half of it. Prints images a second, the
efficiency (the ratio to twice one worker), what `--deterministic` costs one
worker, and the bytes of a step's gradients.
In turn, several rounds; the median.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from benchmarks.disturbed_runs import free_ports

# Counted from here on: graphs are traced before.
_FIRST_STEP = 10
_PROGRAM = """
import json, os, runpy, sys, time
os.sched_setaffinity(0, {int(os.environ["CORE"])})
from qualnet_tf.training.callbacks import Progress
times = []
move = Progress.on_train_batch_end
def note(self, batch, logs=None):
    move(self, batch, logs)
    times.append(time.monotonic())
Progress.on_train_batch_end = note
sys.argv[0] = "train"
try:
    runpy.run_module("qualnet_tf.train", run_name="__main__")
finally:
    if times:
        print(json.dumps(times))
"""


def train(
    root: pathlib.Path,
    name: str,
    arguments,
    num_workers: int,
    batch_size: int,
    deterministic: bool = False,
) -> float:
    """Returns the images a second of a short run."""
    ports = free_ports(num_workers)
    workers = [f"localhost:{port}" for port in ports]
    flags = {
        "run_dir": str(root / name),
        "dataset": "synthetic",
        "image_size": arguments.image_size,
        "augmentation": "none",
        "clean_fraction": 1,
        "backbone": arguments.backbone,
        "batch_size": batch_size,
        "num_epochs": 0,
        "num_steps": arguments.steps,
        "decay_epochs": "",
        "validation_epochs": 0,
        "checkpoint_steps": 100000,
        "deterministic": str(deterministic).lower(),
        "strategy": "multi_worker" if num_workers > 1 else "none",
    }
    processes = []
    for place in range(num_workers):
        task = {"type": "worker", "index": place}
        config = {"cluster": {"worker": workers}, "task": task}
        processes.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _PROGRAM,
                    *(f"--{key}={value}" for key, value in flags.items()),
                ],
                env={
                    **os.environ,
                    "CORE": str(place % os.cpu_count()),
                    "TF_CONFIG": json.dumps(config),
                    "CUDA_VISIBLE_DEVICES": "",
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
    said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit(f"{name}: a worker failed")
    times = json.loads(said[0].splitlines()[-1])[_FIRST_STEP:]
    steps = [after - before for before, after in zip(times, times[1:])]  # noqa: B905
    return batch_size / statistics.median(steps)


def gradient_bytes(arguments) -> int:
    """Returns the bytes of all trained weights, which a step adds up."""
    from qualnet_tf.config import TrainConfig
    from qualnet_tf.training import build

    config = TrainConfig(
        run_dir="none",
        backbone=arguments.backbone,
        image_size=arguments.image_size,
    )
    method = build.build_method(config, 10)
    return 4 * sum(
        int(w.value.shape.num_elements()) for w in method.trainable_weights
    )


def main() -> None:
    """Measures and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="resnet_small")
    parser.add_argument("--image_size", type=int, default=32)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    size = arguments.batch_size
    cases = {
        "one": (1, size),
        "deterministic": (1, size, True),
        "weak": (2, 2 * size),
        "strong": (2, size),
    }
    found: dict[str, list[float]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            for name, case in cases.items():
                run = f"{name}{number}"
                rate = train(pathlib.Path(folder), run, arguments, *case)
                found[name].append(rate)
    one = statistics.median(found["one"])
    print(
        f"{arguments.backbone} at {arguments.image_size} pixels, "
        f"{gradient_bytes(arguments) / 2**20:.2f} MiB of gradients a step\n"
    )
    print(
        "| Workers | Images a step | Images/s | Efficiency |\n|---|---|---|---|"
    )
    for name, (num_workers, batch_size, *more) in cases.items():
        rate = statistics.median(found[name])
        print(
            f"| {num_workers}{', --deterministic' if more else ''} | "
            f"{batch_size} | {rate:,.0f} | "
            f"{rate / (num_workers * one):.2f} |"
        )


if __name__ == "__main__":
    main()
