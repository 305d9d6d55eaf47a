"""The quickstart over several seeds: mean and spread of every method.

python -m benchmarks.quickstart_seeds --seeds=0,1,2 --runs=runs/quickstart
python -m benchmarks.quickstart_seeds --dataset=cifar10 --data_dir=/path/to/tfds

Runs `make quickstart` once per seed (finished runs are reused) and prints a
Markdown table, with the wall time of each quickstart and the machine.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import time

from qualnet_tf.evaluation import results
from qualnet_tf.run_dir import RunDir

METHODS = ("vanilla", "naive", "qualnet")
COLUMNS = {
    "Clean": "clean_accuracy",
    "15 corruptions": "mean_corruption_accuracy",
    "4 hold-outs": "holdout_accuracy",
}


def run_seed(
    seed: int, folder: pathlib.Path, dataset: str, data_dir: str
) -> float:
    """Runs the quickstart with one seed; returns its wall seconds."""
    started = time.monotonic()
    subprocess.run(
        [
            "make",
            "quickstart",
            f"SEED={seed}",
            f"RUNS={folder}",
            f"QUICKSTART_DATASET={dataset}",
            f"QUICKSTART_DATA_DIR={data_dir}",
        ],
        check=True,
    )
    return time.monotonic() - started


def summarize(folders: list[pathlib.Path]) -> list[str]:
    """Returns the rows of the table: mean, then smallest to largest."""
    rows = []
    for method in METHODS:
        found = [
            results.summarize(results.load(RunDir(folder / method).results))
            for folder in folders
        ]
        cells = []
        for attribute in COLUMNS.values():
            values = [100 * getattr(each, attribute) for each in found]
            cells.append(
                f"{statistics.mean(values):.1f} "
                f"({min(values):.1f} to {max(values):.1f})"
            )
        rows.append(f"| {method} | {' | '.join(cells)} |")
    return rows


def main() -> None:
    """Runs the seeds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--runs", default="runs/quickstart")
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data_dir", default="")
    arguments = parser.parse_args()
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    folders = [
        pathlib.Path(arguments.runs) / f"{arguments.dataset}-seed{seed}"
        for seed in seeds
    ]
    seconds = [
        run_seed(seed, folder, arguments.dataset, arguments.data_dir)
        for seed, folder in zip(seeds, folders, strict=True)
    ]
    print(f"\n| Method | {' | '.join(COLUMNS)} |\n|---|---|---|---|")
    print("\n".join(summarize(folders)))
    print(
        f"\nPer cent, mean and range over seeds {arguments.seeds}; wall "
        f"seconds per quickstart {', '.join(f'{s:.0f}' for s in seconds)}; "
        f"{os.cpu_count()} cores, {platform.platform()}, "
        f"{time.strftime('%Y-%m-%d')}"
    )


if __name__ == "__main__":
    main()
