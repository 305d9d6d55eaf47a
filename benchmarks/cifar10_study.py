"""The paper's methods on CIFAR-10, every one from its flagfile, over seeds.

python -m benchmarks.cifar10_study --data_dir=/path/to/tfds --seeds=3
python -m benchmarks.cifar10_study --data_dir=/path/to/tfds --minutes=60
python -m benchmarks.cifar10_study --data_dir=/path/to/tfds --size=full

Trains one run after the other from `configs/cifar10/`, evaluates it and prints
the table of what is there so far, mean and range over seeds. Finished runs are
kept, so the same command goes on where it stopped; `--minutes` starts no
further run after that time. "--size=cpu" makes the recipes small (thin
networks, a tenth of the images, ten epochs), "full" leaves them as they are.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

from qualnet_tf.evaluation import results
from qualnet_tf.run_dir import RunDir

ROOT = pathlib.Path(__file__).parent.parent
# Name of a run and its flagfile -> name in the table; in the order of training,
# so that every run stands behind those it starts from.
RUNS = {
    "irevnet_stage1": "stage-1 network, clean images",
    "resnet18_vanilla": "vanilla",
    "resnet18_naive": "naive augmentation",
    "qualnet18": "QualNet",
    "resnet18_kd": "Original KD",
    "resnet18_fitnet": "FitNet",
    "resnet18_pkt": "PKT",
    "resnet18_vid": "VID",
    "resnet18_sp": "SP",
    "qualnet18_clean": "QualNet on clean images",
    "qualnet18_finetuned": "QualNet* (fine-tuned)",
    "encoder_decoder18": "decoder trained end to end",
    "encoder_decoder18_clean": "first of two stages",
    "two_stage18": "decoder in two stages, not invertible",
}
# Run -> flag that names another run -> that run.
NEEDS = {
    **{
        name: {"stage1_run_dir": "irevnet_stage1"}
        for name in (
            "qualnet18",
            "qualnet18_clean",
            "resnet18_kd",
            "resnet18_fitnet",
            "resnet18_pkt",
            "resnet18_vid",
            "resnet18_sp",
        )
    },
    "qualnet18_finetuned": {
        "stage1_run_dir": "irevnet_stage1",
        "initial_run_dir": "qualnet18_clean",
    },
    "two_stage18": {"stage1_run_dir": "encoder_decoder18_clean"},
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
SMALL_FINETUNING_RATE = 0.005
COLUMNS = {
    "Clean": "clean_accuracy",
    "15 corruptions": "mean_corruption_accuracy",
    "4 hold-outs": "holdout_accuracy",
}


def training_flags(
    name: str, folder: pathlib.Path, seed: int, data_dir: str, size: str
) -> list[str]:
    """Returns the flags of a run: its flagfile, then what the study changes.

    Args:
        name: One of `RUNS`.
        folder: Where this seed's runs are.
        seed: Seed of the run.
        data_dir: Folder of prepared TensorFlow Datasets; empty is theirs.
        size: "cpu" or "full".
    """
    changed = {"run_dir": folder / name, "seed": seed, "data_dir": data_dir}
    changed |= {
        flag: folder / other for flag, other in NEEDS.get(name, {}).items()
    }
    if size == "cpu":
        changed |= SMALL
        is_stage1 = name == "irevnet_stage1"
        changed["backbone"] = "irevnet_small" if is_stage1 else "resnet_small"
        if name.startswith("encoder_decoder"):
            changed["decoder_network"] = "irevnet_small"
        if "initial_run_dir" in changed:
            changed["learning_rate"] = SMALL_FINETUNING_RATE
    flagfile = ROOT / "configs" / "cifar10" / f"{name}.flags"
    return [
        f"--flagfile={flagfile}",
        *(f"--{flag}={value}" for flag, value in changed.items()),
    ]


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


def study(arguments, folders: dict[int, pathlib.Path]) -> bool:
    """Trains and evaluates until all is done or the time is over.

    Returns:
        Whether all is done.
    """
    end = time.monotonic() + 60 * arguments.minutes
    for seed, folder in folders.items():
        for name in arguments.runs:
            run = RunDir(folder / name)
            if run.results.is_file():
                continue
            if time.monotonic() > end:
                return False
            print(f"study: {name}, seed {seed}", flush=True)
            run_program(
                "train",
                training_flags(
                    name, folder, seed, arguments.data_dir, arguments.size
                ),
            )
            run_program(
                "evaluate",
                [f"--run_dir={run.path}", f"--num_images={arguments.images}"],
            )
    return True


def table(names: list[str], folders: dict[int, pathlib.Path]) -> list[str]:
    """Returns the lines of the table; what has not run has no row."""
    lines = [
        f"| Run | {' | '.join(COLUMNS)} | Seeds | Training, s |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        runs = [RunDir(folder / name) for folder in folders.values()]
        runs = [run for run in runs if run.results.is_file()]
        if not runs:
            continue
        found = [results.summarize(results.load(run.results)) for run in runs]
        cells = [
            _spread([100 * getattr(each, attribute) for each in found])
            for attribute in COLUMNS.values()
        ]
        seconds = statistics.mean(run.read_info()["seconds"] for run in runs)
        lines.append(
            f"| {RUNS[name]} | {' | '.join(cells)} | {len(runs)} "
            f"| {seconds:.0f} |"
        )
    return lines


def _spread(values: list[float]) -> str:
    """Mean, and the smallest and largest of several."""
    mean = f"{statistics.mean(values):.1f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    """Reads the flags, runs the study and prints its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--size", choices=("cpu", "full"), default="cpu")
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
    print("\n".join(["", *table(arguments.runs, folders)]))
    print(
        f"\nPer cent, mean and range over seeds; {arguments.images or 'all'} "
        f"test images; size {arguments.size}; {os.cpu_count()} cores, "
        f"{platform.platform()}, {time.strftime('%Y-%m-%d')}"
    )
    if not done:
        print("The time was over before all was done: start it again.")


if __name__ == "__main__":
    main()
