"""The paper's methods on CIFAR-10, every one from its flagfile, over seeds.

python -m benchmarks.cifar10_study --data_dir=/path/to/tfds --seeds=3
python -m benchmarks.cifar10_study --data_dir=/path/to/tfds --minutes=60
KERAS_BACKEND=jax python -m benchmarks.cifar10_study --data_dir=/path/to/tfds \
    --size=medium --jobs=8

Trains the runs of `configs/cifar10/`, evaluates them and prints the paper's
Tables 1, 2, 3 and 6 in this setting, mean and range over seeds. Finished runs
are kept, so the same command goes on where it stopped; `--minutes` starts no
further run after that time. "--size=cpu" makes the recipes small (thin
networks, a tenth of the images, ten epochs), "medium" takes the same networks
and four times the images for twice as long, "full" leaves the recipes as they
are. `--jobs` trains so many runs at once, for a GPU with cores to feed it.
"""

import argparse
import concurrent.futures
import os
import pathlib
import platform
import subprocess
import sys
import time

from benchmarks import cifar10_tables
from qualnet_tf.run_dir import RunDir

ROOT = pathlib.Path(__file__).parent.parent
RUNS = cifar10_tables.RUNS
_ON_STAGE1 = (
    "qualnet18",
    "qualnet18_ablation",
    "qualnet18_clean",
    "resnet18_kd",
    "resnet18_fitnet",
    "resnet18_pkt",
    "resnet18_vid",
    "resnet18_sp",
)
# Run -> flag that names another run -> that run.
NEEDS = {
    **{name: {"stage1_run_dir": "irevnet_stage1"} for name in _ON_STAGE1},
    "qualnet18_finetuned": {
        "stage1_run_dir": "irevnet_stage1",
        "initial_run_dir": "qualnet18_clean",
    },
    "resnet18_naive_finetuned": {"initial_run_dir": "resnet18_vanilla"},
    "two_stage18": {"stage1_run_dir": "encoder_decoder18_clean"},
    "resnet18_deepcorrect_noise": {"stage1_run_dir": "resnet18_vanilla"},
    "resnet18_deepcorrect_blur": {"stage1_run_dir": "resnet18_vanilla"},
}
# Rates and epochs of the small study, whose runs see a 260th of the images.
SMALL = {
    "max_train_images": 5000,
    "num_epochs": 10,
    "decay_epochs": "6,9",
    "warmup_epochs": 0.1,
    "batch_size": 32,
    "recipe_batch_size": 32,
    "learning_rate": 0.05,
    "validation_epochs": 0,
}
# A decoder and teacher is trained until it is no worse than its students: after
# ten epochs it had 55 % where they had 60 %.
SMALL_STAGE1 = {"num_epochs": 30, "decay_epochs": "20,27"}
MEDIUM = SMALL | {
    "max_train_images": 20000,
    "num_epochs": 20,
    "decay_epochs": "12,18",
    "batch_size": 128,
    "recipe_batch_size": 128,
    "learning_rate": 0.1,
}
MEDIUM_STAGE1 = {"num_epochs": 40, "decay_epochs": "27,36"}
# Size -> what it changes in every run, and in stage 1.
SIZES = {
    "cpu": (SMALL, SMALL_STAGE1),
    "medium": (MEDIUM, MEDIUM_STAGE1),
    "full": ({}, {}),
}
# Share of the run at which auxtraining's last stage begins.
_MERGING = 6 / 7


def training_flags(
    name: str, folder: pathlib.Path, seed: int, data_dir: str, size: str
) -> list[str]:
    """Returns the flags of a run: its flagfile, then what the study changes.

    Args:
        name: One of `RUNS`.
        folder: Where this seed's runs are.
        seed: Seed of the run.
        data_dir: Folder of prepared TensorFlow Datasets; empty is theirs.
        size: One of `SIZES`.
    """
    changed = {"run_dir": folder / name, "seed": seed, "data_dir": data_dir}
    changed |= {
        flag: folder / other for flag, other in NEEDS.get(name, {}).items()
    }
    changed |= _smaller(name, size, changed)
    flagfile = ROOT / "configs" / "cifar10" / f"{name}.flags"
    return [
        f"--flagfile={flagfile}",
        *(f"--{flag}={value}" for flag, value in changed.items()),
    ]


def _smaller(name: str, size: str, changed: dict) -> dict:
    """What a size changes in a run's recipe."""
    recipe, stage1 = SIZES[size]
    if not recipe:
        return {}
    small = dict(recipe)
    is_stage1 = name == "irevnet_stage1"
    small["backbone"] = "irevnet_small" if is_stage1 else "resnet_small"
    if is_stage1:
        small |= stage1
    if name.startswith("encoder_decoder"):
        small["decoder_network"] = "irevnet_small"
    if "initial_run_dir" in changed:
        small["learning_rate"] = recipe["learning_rate"] / 10
    if name == "resnet18_auxtraining":
        small["merging_epoch"] = round(_MERGING * recipe["num_epochs"])
    if name.startswith("resnet18_deepcorrect"):
        small["correction_images"] = 32
    return small


def with_needs(names: list[str]) -> list[str]:
    """Returns the runs and all that they start from, in training order.

    Raises:
        ValueError: If there is no such run.
    """
    unknown = [name for name in names if name not in RUNS]
    if unknown:
        raise ValueError(
            f"--runs: expected some of {', '.join(RUNS)}, received {unknown[0]}"
        )
    wanted = set(names)
    for name in reversed(RUNS):
        if name in wanted:
            wanted |= set(NEEDS.get(name, {}).values())
    return [name for name in RUNS if name in wanted]


def run_program(program: str, flags: list[str]) -> None:
    """Runs one of the programs.

    Raises:
        ValueError: If it fails; it has said why itself.
    """
    command = [sys.executable, "-m", f"qualnet_tf.{program}", *flags]
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        raise ValueError(
            f"{program}: expected exit status 0, received {done.returncode}; "
            f"see above, then start the study again: {' '.join(flags)}"
        )


def train_and_evaluate(
    name: str, seed: int, folder: pathlib.Path, arguments
) -> None:
    """Trains a run and evaluates it, where that is not yet done."""
    run = RunDir(folder / name)
    if run.results.is_file():
        return
    print(f"study: {name}, seed {seed}", flush=True)
    run_program(
        "train",
        training_flags(name, folder, seed, arguments.data_dir, arguments.size),
    )
    run_program(
        "evaluate",
        [f"--run_dir={run.path}", f"--num_images={arguments.images}"],
    )


def study(arguments, folders: dict[int, pathlib.Path]) -> bool:
    """Trains and evaluates until all is done or the time is over.

    A run begins when those that it needs are done.

    Returns:
        Whether all is done.
    """
    end = time.monotonic() + 60 * arguments.minutes
    waiting = [(seed, name) for seed in folders for name in arguments.runs]
    running: dict[concurrent.futures.Future, tuple[int, str]] = {}
    done: set[tuple[int, str]] = set()
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        while running or (waiting and time.monotonic() <= end):
            for seed, name in _ready(waiting, done):
                if len(running) < arguments.jobs and time.monotonic() <= end:
                    waiting.remove((seed, name))
                    future = pool.submit(
                        train_and_evaluate, name, seed, folders[seed], arguments
                    )
                    running[future] = (seed, name)
            finished, _ = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in finished:
                future.result()
                done.add(running.pop(future))
    return not waiting


def _ready(waiting, done) -> list[tuple[int, str]]:
    """Returns the runs whose needs are met, in order."""
    return [
        (seed, name)
        for seed, name in waiting
        if all((seed, other) in done for other in NEEDS.get(name, {}).values())
    ]


def main() -> None:
    """Reads the flags, runs the study and prints its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--size", choices=SIZES, default="cpu")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--runs", default=",".join(RUNS))
    parser.add_argument("--output_dir", default="runs/cifar10_study")
    parser.add_argument("--data_dir", default="")
    parser.add_argument(
        "--images", type=int, default=1000, help="test images; 0 is all"
    )
    arguments = parser.parse_args()
    try:
        arguments.runs = with_needs(arguments.runs.split(","))
        output = pathlib.Path(arguments.output_dir).resolve() / arguments.size
        folders = {
            seed: output / f"seed{seed}" for seed in range(arguments.seeds)
        }
        done = study(arguments, folders)
    except ValueError as error:
        sys.exit(f"error: {error}")
    print("\n".join(cifar10_tables.tables(arguments.runs, folders)))
    print(
        f"\nPer cent, mean and range over seeds; {arguments.images or 'all'} "
        f"test images; size {arguments.size}; {os.cpu_count()} cores, "
        f"{platform.platform()}, {time.strftime('%Y-%m-%d')}"
    )
    if not done:
        print("The time was over before all was done: start it again.")


if __name__ == "__main__":
    main()
