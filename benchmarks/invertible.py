"""Memory, start-up and time of irevnet300's training at 224 pixels.

python -m benchmarks.invertible --repeats=2
python -m benchmarks.invertible --parts=start_up,xla

Every case runs in a fresh process; repeats are interleaved and the median is
reported. The peers are plain differentiation and rematerialisation of every
block (`tf.recompute_grad`); ours is `--memory_saving`. TensorFlow, float32,
on the CPU, without its oneDNN kernels, under which memory cannot be watched.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys

WAYS = ("plain", "remat", "ours")
PARTS = ("memory", "depth", "decoder", "xla")
MIB = 2**20


def run_case(**settings) -> dict:
    """Runs one case and returns its figures.

    Args:
        **settings: Flags of `benchmarks.invertible_case`.

    Raises:
        ValueError: If the case fails; its last line of output is named.
    """
    flags = [
        f"--{key}" if value is True else f"--{key}={value}"
        for key, value in settings.items()
    ]
    print("running", *flags, file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.invertible_case", *flags],
        env={
            **os.environ,
            "KERAS_BACKEND": "tensorflow",
            # With oneDNN, tensors lie in a pool that cannot be watched.
            "TF_ENABLE_ONEDNN_OPTS": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or "no output").splitlines()[-1]
        raise ValueError(f"the case {' '.join(flags)} failed: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def run_cases(cases: dict, repeats: int) -> dict:
    """Runs cases in turn, `repeats` times; medians of every figure.

    Args:
        cases: Name -> settings of `run_case`.
        repeats: Rounds over all cases.
    """
    found = {name: [] for name in cases}
    for _ in range(repeats):
        for name, settings in cases.items():
            found[name].append(run_case(**settings))
    return {
        name: {
            key: statistics.median(run[key] for run in runs) for key in runs[0]
        }
        for name, runs in found.items()
    }


def table(heads: list[str], rows: list[list]) -> list[str]:
    """Returns the lines of a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(map(str, line)) + " |" for line in lines]


def report_memory(repeats: int) -> list[str]:
    """Stage 1: live bytes, time, trace and nodes of the three ways."""
    small = run_cases({way: {"way": way, "batch": 8} for way in WAYS}, repeats)
    large = run_cases(
        {way: {"way": way, "batch": 24, "steps": 1} for way in WAYS}, 1
    )
    plain = small["plain"]
    plain_growth = large["plain"]["peak_bytes"] - plain["peak_bytes"]
    rows = []
    for way in WAYS:
        one, more = small[way], large[way]
        growth = more["peak_bytes"] - one["peak_bytes"]
        rows.append(
            [
                way,
                f"{one['peak_bytes'] / MIB:.0f}",
                f"{more['peak_bytes'] / MIB:.0f}",
                f"{growth / 2 / MIB:.0f} ({growth / plain_growth:.2f})",
                f"{one['cpu_s']:.1f} ({one['cpu_s'] / plain['cpu_s']:.2f})",
                f"{one['trace_s']:.1f}",
                f"{one['nodes']:,.0f}",
            ]
        )
    heads = [
        "Stage 1",
        "live MiB over weights, batch 8",
        "batch 24",
        "activations of 8 images, MiB (to plain)",
        "CPU s a step, batch 8 (to plain)",
        "trace, s",
        "graph nodes",
    ]
    return ["### Training step of stage 1", "", *table(heads, rows), ""]


def report_depth(repeats: int) -> list[str]:
    """Stage 1, ours: twice the blocks."""
    cases = {
        (blocks, batch): {"way": "ours", "blocks": blocks, "batch": batch}
        for blocks in (100, 200)
        for batch in (8, 24)
    }
    found = run_cases(cases, repeats)
    rows = []
    for blocks in (100, 200):
        one, more = found[blocks, 8], found[blocks, 24]
        rows.append(
            [
                blocks,
                f"{one['peak_bytes'] / MIB:.0f}",
                f"{one['trainable_bytes'] / MIB:.0f}",
                f"{(more['peak_bytes'] - one['peak_bytes']) / 2 / MIB:.0f}",
                f"{one['nodes']:,.0f}",
                f"{one['trace_s']:.1f}",
            ]
        )
    heads = [
        "Blocks",
        "live MiB over weights, batch 8",
        "trained weights, MiB",
        "activations of 8 images, MiB",
        "graph nodes",
        "trace, s",
    ]
    return ["### Twice as many blocks", "", *table(heads, rows), ""]


def report_decoder(repeats: int) -> list[str]:
    """Stage 2: what the decoder adds to a step of ResNet50."""
    ways = ("plain", "ours")
    alone = run_cases(
        {way: {"stage": "decoder", "way": way, "batch": 8} for way in ways},
        repeats,
    )
    whole = run_cases(
        {
            way: {"stage": 2, "way": way, "batch": 8}
            for way in (*ways, "backbone")
        },
        repeats,
    )
    rows = []
    for way in ways:
        one, both = alone[way], whole[way]
        share = one["peak_bytes"] / alone["plain"]["peak_bytes"]
        rows.append(
            [
                way,
                f"{one['peak_bytes'] / MIB:.0f} ({share:.2f})",
                f"{one['cpu_s']:.1f}",
                f"{both['peak_bytes'] / MIB:.0f}",
                f"{both['cpu_s']:.1f}",
                f"{both['trace_s']:.1f}",
                f"{both['nodes']:,.0f}",
            ]
        )
    bare = whole["backbone"]
    rows.append(
        [
            "no decoder",
            "-",
            "-",
            f"{bare['peak_bytes'] / MIB:.0f}",
            f"{bare['cpu_s']:.1f}",
            f"{bare['trace_s']:.1f}",
            f"{bare['nodes']:,.0f}",
        ]
    )
    heads = [
        "Decoder",
        "alone: live MiB (to plain)",
        "alone: CPU s",
        "QualNet50 step: live MiB",
        "CPU s",
        "trace, s",
        "graph nodes",
    ]
    return ["### Decoder of stage 2, batch 8", "", *table(heads, rows), ""]


def report_xla(repeats: int) -> list[str]:
    """Stage 1 compiled: the first step after the trace, and later ones."""
    found = run_cases(
        {
            way: {"way": way, "batch": 4, "jit": True, "steps": 2}
            for way in ("plain", "ours")
        },
        repeats,
    )
    rows = [
        [
            way,
            f"{figures['first_step_s']:.1f}",
            f"{figures['cpu_s']:.1f}",
            f"{figures['peak_bytes'] / MIB:.0f}",
        ]
        for way, figures in found.items()
    ]
    heads = [
        "Stage 1, batch 4",
        "first step, s",
        "later steps, CPU s",
        "live MiB over weights",
    ]
    return ["### Compiled by XLA", "", *table(heads, rows), ""]


REPORTS = {
    "memory": report_memory,
    "depth": report_depth,
    "decoder": report_decoder,
    "xla": report_xla,
}


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise argparse.ArgumentTypeError(
            f"expected some of {','.join(PARTS)}, received {unknown[0]}"
        )
    return parts


def main() -> None:
    """Measures the parts that are asked for and prints their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--parts", type=_parts, default=",".join(PARTS))
    arguments = parser.parse_args()
    try:
        for part in arguments.parts:
            lines = REPORTS[part](max(1, arguments.repeats))
            print("\n".join(lines), flush=True)
    except ValueError as error:
        sys.exit(f"error: {error}")
    print(
        f"{os.cpu_count()} cores, {platform.platform()}, Python "
        f"{platform.python_version()}; {datetime.date.today()}"
    )


if __name__ == "__main__":
    main()
