"""What a cheaper decoder saves in stage 2, and what it does to the results.

python -m benchmarks.decoder_cost --part=cost
python -m benchmarks.decoder_cost --part=quality --seeds=0,1 --runs=runs/decoder

Two Markdown tables. "cost": CPU seconds and live bytes of a stage-2 step at
224 pixels behind ResNet50, each case in a process of its own, the plain
classifier's step beside it. "quality": the quickstart on digits with each
decoder - accuracies, and how near the decoded images are to the clean ones;
finished runs are reused.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy as np

from benchmarks.decoder_cases import CASES, ROOT, Case, make_method, train_all


def measure_cost(case: Case, batch_size: int, num_steps: int) -> dict:
    """Returns the CPU seconds and the peak of live bytes of a step.

    The bytes are those over the weights and the batch.
    """
    import tensorflow as tf

    from benchmarks.invertible_case import cpu_seconds, make_batch
    from qualnet_tf.training.optimizers import KernelDecaySGD
    from tests.memory_probe import LiveBytes

    method = make_method(case)
    optimizer = KernelDecaySGD(0.01, momentum=0.9, kernel_decay=1e-4)
    method.compile(optimizer=optimizer)
    optimizer.build(method.trainable_weights)
    batch = {
        key: tf.constant(value) for key, value in make_batch(batch_size).items()
    }
    step = tf.function(method.train_step)
    step(batch)
    live = LiveBytes()
    seconds, peaks = [], []
    for _ in range(num_steps):
        start = cpu_seconds()
        peaks.append(live.peak_over_start(lambda: step(batch)))
        seconds.append(cpu_seconds() - start)
    return {"seconds": statistics.median(seconds), "bytes": max(peaks)}


def in_own_process(key: str, batch_size: int, num_steps: int) -> dict:
    """Returns `measure_cost` of a case, run in a fresh process.

    Raises:
        ValueError: If that process fails.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.decoder_cost",
            f"--case={key}",
            f"--batch_size={batch_size}",
            f"--steps={num_steps}",
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "",
            # With oneDNN, tensors lie in a pool that cannot be watched.
            "TF_ENABLE_ONEDNN_OPTS": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ValueError(
            f"case {key}: expected figures, received exit status "
            f"{done.returncode} ({last[0]}); run it alone with --case={key}"
        )
    return json.loads(done.stdout.splitlines()[-1])


def cost_table(batch_size: int, num_steps: int) -> list[str]:
    """Measures every case and returns the rows of the table."""
    found = {key: in_own_process(key, batch_size, num_steps) for key in CASES}
    base, full = found["classifier"], found["full"]
    rows = [
        "| Decoder | CPU s a step | of the full decoder's step | decoder's own "
        "CPU s | live bytes, GB | decoder's share of them |",
        "|---|---|---|---|---|---|",
    ]
    for key, case in CASES.items():
        seconds, peak = found[key]["seconds"], found[key]["bytes"]
        rows.append(
            f"| {_titled(case.name, case.network)} | {seconds:.1f} "
            f"| {100 * seconds / full['seconds']:.0f} % "
            f"| {seconds - base['seconds']:.1f} | {peak / 1e9:.2f} "
            f"| {100 * (1 - base['bytes'] / peak):.0f} % |"
        )
    return rows


def _titled(name: str, network: str) -> str:
    return f"{name}, `{network}`" if network else name


def quality_table(folders: list[pathlib.Path], num_images: int) -> list[str]:
    """Returns the rows: means over the seeds' folders."""
    from benchmarks import reconstruction_quality as quality
    from qualnet_tf.evaluation import results
    from qualnet_tf.run_dir import RunDir

    columns = [
        f"decoded {condition}, {side} side: L1, PSNR"
        for condition in quality.CONDITIONS
        for side in quality.SIDES
    ]
    rows = [
        "| Decoder | Clean | 15 corruptions | 4 hold-outs | training, s | "
        f"{' | '.join(columns)} |",
        "|---" * (5 + len(columns)) + "|",
    ]
    images = quality.load_images(RunDir(folders[0] / "full"), num_images)
    for key, case in CASES.items():
        runs = [RunDir(folder / key) for folder in folders]
        summaries = [results.summarize(results.load(r.results)) for r in runs]
        cells = [
            _percent([getattr(each, attribute) for each in summaries])
            for attribute in (
                "clean_accuracy",
                "mean_corruption_accuracy",
                "holdout_accuracy",
            )
        ]
        seconds = [run.read_info()["seconds"] for run in runs]
        cells.append(f"{statistics.mean(seconds):.0f}")
        if not case.small_network:
            cells += [""] * len(columns)
        else:
            found = [
                quality.reconstruction_quality(run, images) for run in runs
            ]
            for each in found[0]:
                l1, psnr = np.mean([part[each] for part in found], axis=0)
                cells.append(f"{l1:.4f}, {psnr:.2f} dB")
        title = _titled(case.name, case.small_network)
        rows.append(f"| {title} | {' | '.join(cells)} |")
    return rows


def _percent(values: list[float]) -> str:
    percent = [100 * value for value in values]
    text = f"{statistics.mean(percent):.1f}"
    if len(percent) > 1:
        text += f" ({min(percent):.1f} to {max(percent):.1f})"
    return text


def _where_and_when() -> str:
    import tensorflow as tf

    return (
        f"{os.cpu_count()} cores, {platform.platform()}, TensorFlow "
        f"{tf.__version__}, {time.strftime('%Y-%m-%d')}"
    )


def main() -> None:
    """Measures what the flags ask for and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("cost", "quality"), default="cost")
    parser.add_argument("--case", choices=tuple(CASES), help="figures of one")
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--runs", default="runs/decoder_cost")
    parser.add_argument("--num_images", type=int, default=200)
    parser.add_argument(
        "--flags", default="", help="more flags of every training, by spaces"
    )
    arguments = parser.parse_args()
    try:
        if arguments.case:
            case = CASES[arguments.case]
            print(
                json.dumps(
                    measure_cost(case, arguments.batch_size, arguments.steps)
                )
            )
        elif arguments.part == "cost":
            print("\n".join(cost_table(arguments.batch_size, arguments.steps)))
            print(
                f"\nBatch {arguments.batch_size}, median of "
                f"{arguments.steps} steps; {_where_and_when()}"
            )
        else:
            print("\n".join(_quality(arguments)))
    except (ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")


def _quality(arguments) -> list[str]:
    from benchmarks import reconstruction_quality as quality

    try:
        seeds = [int(seed) for seed in arguments.seeds.split(",")]
    except ValueError:
        raise ValueError(
            f"--seeds={arguments.seeds}: expected whole numbers separated by "
            "commas, such as 0,1,2"
        ) from None
    root = pathlib.Path(arguments.runs).resolve()
    folders = [root / f"seed{seed}" for seed in seeds]
    for seed, folder in zip(seeds, folders, strict=True):
        train_all(seed, folder, arguments.flags.split())
    return [
        *quality_table(folders, arguments.num_images),
        "",
        f"Accuracy in per cent, mean over the seeds {arguments.seeds}; decoded "
        f"from {arguments.num_images} validation images, clean and under the "
        f"15 corruptions at severity {quality.CORRUPTED_SEVERITY}; "
        f"{_where_and_when()}",
    ]


if __name__ == "__main__":
    main()
