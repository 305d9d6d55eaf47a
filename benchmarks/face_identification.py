"""Identification at TinyFace's size: memory and time beside a full matrix.

python -m benchmarks.face_identification
python -m benchmarks.face_identification --probes=400 --gallery=20000

3,728 probes against 157,871 pictures, 512 numbers each, made at random around
one direction per person. "Ours" is `metrics.identification.identify`. "Full
matrix" is what evaluation scripts do: all scores at once, and `argsort` of each
row. Each runs in a process of its own, whose largest resident memory is read
from the system; memory before the measure (the embeddings themselves) is said
beside it. The two must agree on every number. Prints a Markdown table.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

_SIZE = 512
_MATES = 4_443
_KIBIBYTES_PER_GIGABYTE = 1e9 / 1024


def make_embeddings(num_probes: int, num_gallery: int):
    """Returns probes, their identities, gallery, its identities."""
    generator = np.random.default_rng(0)
    num_mates = min(_MATES, num_gallery // 2)
    num_people = max(2, num_mates * 2 // 3)
    people = generator.normal(size=(num_people, _SIZE)).astype(np.float32)
    mates = np.arange(num_mates) % num_people
    probes = generator.integers(0, num_people, num_probes)

    def around(identities):
        noise = generator.normal(size=(len(identities), _SIZE), scale=2.5)
        return people[identities] + noise.astype(np.float32)

    distractors = generator.normal(
        size=(num_gallery - num_mates, _SIZE), scale=2.7
    )
    gallery = np.concatenate([around(mates), distractors.astype(np.float32)])
    identities = np.full(num_gallery, -100)
    identities[:num_mates] = mates
    return around(probes), probes, gallery, identities


def full_matrix(probes, probe_identities, gallery, gallery_identities):
    """All scores at once, sorted: rank rates 1, 5, 10, 20 and mAP."""
    probes = probes / np.linalg.norm(probes, axis=1, keepdims=True)
    gallery = gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
    order = np.argsort(-(probes @ gallery.T), axis=1, kind="stable")
    first, precisions = [], []
    for row, identity in zip(order, probe_identities, strict=True):
        places = np.flatnonzero(gallery_identities[row] == identity) + 1
        first.append(places[0])
        precisions.append(np.mean(np.arange(1, len(places) + 1) / places))
    rates = [float(np.mean(np.array(first) <= k)) for k in (1, 5, 10, 20)]
    return [*rates, float(np.mean(precisions))]


def ours(*arrays):
    """The same by `identify`."""
    from qualnet_tf.metrics.identification import identify

    found = identify(*arrays)
    return [*found.rank_rates.values(), found.mean_average_precision]


def _peak() -> float:
    """Largest resident memory of this process so far, GB."""
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes / _KIBIBYTES_PER_GIGABYTE


def run_one(name: str, num_probes: int, num_gallery: int) -> None:
    """Measures one way in this process; prints JSON."""
    arrays = make_embeddings(num_probes, num_gallery)
    before, start = _peak(), time.perf_counter()
    numbers = {"ours": ours, "full": full_matrix}[name](*arrays)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "before": before,
                "peak": _peak(),
                "numbers": numbers,
            }
        )
    )


def main() -> None:
    """Measures both ways and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probes", type=int, default=3_728)
    parser.add_argument("--gallery", type=int, default=157_871)
    parser.add_argument("--only", choices=("ours", "full"))
    arguments = parser.parse_args()
    if arguments.only:
        run_one(arguments.only, arguments.probes, arguments.gallery)
        return
    found = {}
    for name in ("ours", "full"):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "benchmarks.face_identification",
                f"--only={name}",
                f"--probes={arguments.probes}",
                f"--gallery={arguments.gallery}",
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        found[name] = json.loads(done.stdout)
    agree = np.allclose(found["ours"]["numbers"], found["full"]["numbers"])
    print(
        f"{arguments.probes:,} probes, {arguments.gallery:,} pictures of "
        f"{_SIZE} numbers; the numbers {'agree' if agree else 'DIFFER'}: "
        f"rank 1 {found['ours']['numbers'][0]:.4f}, mAP "
        f"{found['ours']['numbers'][-1]:.4f}\n"
    )
    print("| Way | Seconds | Peak memory, GB | Before it, GB |")
    print("|---|---|---|---|")
    for name, title in (("ours", "ours"), ("full", "full matrix, argsort")):
        one = found[name]
        print(
            f"| {title} | {one['seconds']:.1f} | {one['peak']:.2f} | "
            f"{one['before']:.2f} |"
        )


if __name__ == "__main__":
    main()
