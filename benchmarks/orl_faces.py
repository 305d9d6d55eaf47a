"""The ORL runs of docs/faces.md: tables over seeds, beside pixels and PCA.

python -m benchmarks.orl_faces --data_dir=/path/to/att_faces --output_dir=orl
python -m benchmarks.orl_faces --data_dir=... --output_dir=orl --seeds=0

Trains `configs/faces/orl_*.flags` for each seed (finished runs are kept), lists
the pairs and roles of the ten people that are not trained on, evaluates, and
measures raw pixels and principal components (fitted to the 30 people) on the
same lists. Prints Markdown tables: mean and range over seeds.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

RECIPES = ("orl_naive", "orl_qualnet")
RESOLUTIONS = (112, 56, 28, 14)
_SIDE = 112
_COMPONENTS = (50, 100)


def program(name: str, *flags: str) -> None:
    """Runs a program of the package."""
    subprocess.run(
        [sys.executable, "-m", f"qualnet_tf.{name}", *flags], check=True
    )


def train(data_dir: str, folder: pathlib.Path, seed: int) -> None:
    """Trains stage 1 and both recipes, and says how long it took."""
    started = time.monotonic()
    for name in ("orl_stage1", *RECIPES):
        flags = [f"--stage1_run_dir={folder / 'orl_stage1'}"]
        program(
            "train",
            f"--flagfile=configs/faces/{name}.flags",
            f"--data_dir={data_dir}",
            f"--run_dir={folder / name}",
            f"--seed={seed}",
            *(flags if name == "orl_qualnet" else []),
        )
    seconds = time.monotonic() - started
    print(f"seed {seed}: trained in {seconds:.0f} s", file=sys.stderr)


def write_lists(data_dir: str, output: pathlib.Path) -> None:
    """Lists pairs and roles of the people that are not trained on."""
    shared = (
        f"--data_dir={data_dir}",
        "--class_list=configs/faces/orl_evaluation.txt",
    )
    if not (output / "orl_pairs.csv").exists():
        program(
            "convert_faces",
            *shared,
            "--format=pairs",
            "--num_folds=2",
            "--pairs_per_fold=450",
            f"--output={output / 'orl_pairs.csv'}",
        )
    if not (output / "orl_people.csv").exists():
        program(
            "convert_faces",
            *shared,
            "--format=roles",
            "--distractors=others",
            f"--output={output / 'orl_people.csv'}",
        )


def baselines(data_dir: str, output: pathlib.Path) -> list[tuple]:
    """Returns (name, resolution, accuracy, rank 1) without a network."""
    from sklearn.decomposition import PCA

    from qualnet_tf.corruptions import kernels
    from qualnet_tf.datasets.face_pairs import read_pairs
    from qualnet_tf.datasets.face_pictures import fit_face, load_face
    from qualnet_tf.datasets.identification_set import read_identification
    from qualnet_tf.datasets.orl_faces import NUM_TRAINED, find_people
    from qualnet_tf.metrics import identification, verification

    def pixels(files, resolution=_SIDE):
        shown = kernels.nearest_down_up_indices(_SIDE, resolution)
        faces = [fit_face(load_face(f, f), _SIDE)[..., 0] for f in files]
        faces = np.stack(faces)[:, shown][:, :, shown]
        return faces.reshape(len(faces), -1).astype(np.float32) / 127.5 - 1

    people = find_people(data_dir)
    known = [str(f) for n in sorted(people)[:NUM_TRAINED] for f in people[n]]
    ways = {"pixels": lambda faces: faces}
    for count in _COMPONENTS:
        components = PCA(count, random_state=0).fit(pixels(known))
        ways[f"PCA, {count} components"] = components.transform
    pairs = read_pairs(output / "orl_pairs.csv", data_dir)
    roles = read_identification(output / "orl_people.csv", data_dir)
    rows = []
    for name, embed in ways.items():
        for resolution in RESOLUTIONS:
            faces = embed(pixels(pairs.sources, resolution))
            accuracy = verification.verification_accuracy(
                faces[pairs.left],
                faces[pairs.right],
                pairs.is_same,
                pairs.folds,
            ).accuracy
            rates = identification.identify(
                embed(pixels(roles.probes, resolution)),
                roles.probe_identities,
                embed(pixels(roles.gallery, resolution)),
                roles.gallery_identities,
            ).rank_rates
            rows.append((name, resolution, accuracy, rates[1]))
    return rows


def measured(folder: pathlib.Path, name: str) -> dict[tuple, float]:
    """Returns (kind, left, right) -> accuracy or rank 1 of a run."""
    from qualnet_tf.evaluation.results import load_face_results
    from qualnet_tf.run_dir import RunDir

    found = load_face_results(RunDir(folder / name).face_results)
    numbers = {
        ("pairs", row.left_resolution, row.right_resolution): row.accuracy
        for row in found.verifications
    }
    numbers |= {
        ("people", row.gallery_resolution, row.probe_resolution): row.rank1
        for row in found.identifications
    }
    return numbers


def cell(values: list[float]) -> str:
    """Returns the mean, and the range where there are several values."""
    mean = f"{100 * statistics.fmean(values):.1f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({100 * min(values):.1f} to {100 * max(values):.1f})"


def print_table(title: str, kind: str, rows: dict, sides: list) -> None:
    """Prints one Markdown table: a row per way, a column per resolution."""
    print(f"\n{title}\n")
    heads = [str(b) if a == b else f"{a} against {b}" for a, b in sides]
    print("| | " + " | ".join(heads) + " |")
    print("|---" * (len(heads) + 1) + "|")
    for name, numbers in rows.items():
        cells = [
            cell(numbers[kind, *side]) if (kind, *side) in numbers else ""
            for side in sides
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    """Trains what is missing, evaluates, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", required=True)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_args()
    output = pathlib.Path(arguments.output_dir)
    output.mkdir(parents=True, exist_ok=True)
    inner = pathlib.Path(arguments.data_dir) / "images"
    pictures = str(inner) if inner.is_dir() else arguments.data_dir
    write_lists(pictures, output)
    folders = [output / seed for seed in arguments.seeds.split(",")]
    for folder in folders:
        train(arguments.data_dir, folder, int(folder.name))
        program(
            "evaluate_faces",
            "--run_dir=" + ",".join(str(folder / name) for name in RECIPES),
            f"--pairs={output / 'orl_pairs.csv'}",
            f"--identification={output / 'orl_people.csv'}",
            f"--pictures_dir={pictures}",
        )
    rows: dict[str, dict] = {}
    for name, side, accuracy, rank in baselines(pictures, output):
        row = rows.setdefault(name, {})
        row["pairs", side, side], row["people", side, side] = [accuracy], [rank]
    for name in RECIPES:
        row = rows.setdefault(name, {})
        for folder in folders:
            for key, value in measured(folder, name).items():
                row.setdefault(key, []).append(value)
    sides = [(side, side) for side in RESOLUTIONS]
    sides += [(_SIDE, side) for side in RESOLUTIONS[1:]]
    print_table("Verification, accuracy in per cent", "pairs", rows, sides)
    print_table("Identification, rank 1 in per cent", "people", rows, sides)


if __name__ == "__main__":
    main()
