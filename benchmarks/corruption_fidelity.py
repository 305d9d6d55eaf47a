"""How far our corruptions are from the reference, in units of its spread.

python -m benchmarks.corruption_fidelity --sizes=224,64,32 --seeds=4

Prints for each size a table of 19 corruptions x 5 severities: the largest
distance over 33 numbers (means and deviations of the channels, PSNR, SSIM, mean
difference, power in 8 bands, histogram) between the means over photographs and
seeds, in standard errors. Below it stands what exceeds 3 sigma for the table.
"""

import argparse
import dataclasses
import pathlib
import sys

import numpy as np
import tensorflow as tf

from benchmarks import corruption_statistics as statistics
from qualnet_tf import corruptions

ROOT = pathlib.Path(__file__).resolve().parents[1]
REFERENCE = ROOT.parent / "shared" / "reference" / "corruptions"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        sys.exit(f"error: {message}")


def read_arguments() -> argparse.Namespace:
    """Returns the checked command line."""
    parser = _Parser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--reference", type=pathlib.Path, default=REFERENCE, metavar="DIR")
    add("--sizes", type=_sizes, default="224,64,32")
    add("--seeds", type=_count, default=4, help="of ours, for each photograph")
    add("--corruptions", type=_names, default="all", help="names or groups")
    add("--output", type=pathlib.Path, help="file that gets the tables too")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    legal = [str(size) for size in statistics.SIZES]
    if not set(text.split(",")) <= set(legal):
        raise argparse.ArgumentTypeError(
            f"expected some of {','.join(legal)}, received {text!r}"
        )
    return [int(size) for size in text.split(",")]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 1 up, received {text!r}"
        )
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    try:
        names = corruptions.expand(text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    for name in names:
        if name not in corruptions.GROUPS["all"]:
            raise argparse.ArgumentTypeError(
                f"{name} is not one of ImageNet-C's: the reference lacks it"
            )
    return names


def compiled(name: str, size: int, options: corruptions.Options | None = None):
    """Returns a corruption as one graph, 8 bits to 8 bits.

    Args:
        name: A corruption.
        size: Side of the square images.
        options: See `corruptions.apply`.

    Returns:
        A function of image (uint8 [size, size, 3]), severity and seed (two
        ints) that returns a uint8 tensor.
    """
    signature = [
        tf.TensorSpec([size, size, 3], tf.uint8),
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([2], tf.int32),
    ]

    @tf.function(input_signature=signature, autograph=False)
    def corrupt(image, severity, seed):
        image = tf.cast(image, tf.float32) * (1.0 / 255.0)
        image = corruptions.apply(image, name, severity, seed, options)
        return tf.cast(tf.round(image * 255.0), tf.uint8)

    return corrupt


def measure(corrupt, cleans: np.ndarray, num_seeds: int) -> statistics.Sample:
    """Returns the statistics of a corruption of ours.

    Args:
        corrupt: As `compiled` returns.
        cleans: uint8 [photos, size, size, 3].
        num_seeds: Number of seeds for every photograph and severity.
    """

    def one_image(photo, severity, seed):
        clean = cleans[photo]
        corrupted = corrupt(clean, severity, [photo, seed]).numpy()
        return statistics.image_statistics(corrupted, clean)

    found = [
        [
            [one_image(photo, severity, seed) for seed in range(num_seeds)]
            for severity in statistics.SEVERITIES
        ]
        for photo in range(len(cleans))
    ]
    values = {
        name: np.array([[[s[name] for s in c] for c in row] for row in found])
        for name in statistics.FLOORS
    }
    freedom = min(1, num_seeds - 1)
    return statistics.Sample(
        {name: array.mean(axis=2) for name, array in values.items()},
        {
            name: array.std(axis=2, ddof=freedom)
            for name, array in values.items()
        },
        num_seeds,
    )


def compare(
    name: str,
    size: int,
    reference: statistics.Reference,
    num_seeds: int,
    options: corruptions.Options | None = None,
) -> dict:
    """Returns what `statistics.distances` returns for one corruption."""
    # One seed says all of a corruption that does not draw.
    drawn = num_seeds if reference.is_random(name) else 1
    options = options or corruptions.Options()
    corrupt = compiled(name, size, options)
    ours = measure(corrupt, reference.cleans(size), drawn)
    ours = dataclasses.replace(ours, num_seeds=num_seeds)
    return statistics.distances(
        ours, reference.sample(name, size, options.variant)
    )


def worst(found: dict, severity: int) -> tuple[str, np.ndarray]:
    """Returns the most distant component of a severity.

    Args:
        found: What `compare` returns.
        severity: 1 to 5.

    Returns:
        Its name, and [ours, reference, standard error, distance].
    """
    cells = [
        (f"{statistic}[{place}]", values[:, severity - 1, place])
        for statistic, values in found.items()
        for place in range(values.shape[2])
    ]
    return max(cells, key=lambda cell: abs(cell[1][3]))


def table(size: int, results: dict, limit: float) -> list[str]:
    """Returns the lines of a size's table and of the list below it.

    Args:
        size: Side of the images.
        results: What `compare` returned, by corruption.
        limit: Distances above it are listed.
    """
    lines = [
        f"### {size} pixels: largest distance, limit {limit:.2f}",
        "",
        f"| Corruption | {' | '.join(map(str, statistics.SEVERITIES))} |",
        "|---" * (1 + len(statistics.SEVERITIES)) + "|",
    ]
    beyond = []
    for name, found in results.items():
        cells = []
        for severity in statistics.SEVERITIES:
            where, (ours, reference, error, distance) = worst(found, severity)
            is_far = abs(distance) > limit
            mark = "**" if is_far else ""
            cells.append(f"{mark}{abs(distance):.1f}{mark}")
            if is_far:
                beyond.append(
                    f"- {name} {severity}: {where} {ours:.4g}, reference "
                    f"{reference:.4g}, standard error {error:.2g}, distance "
                    f"{distance:.1f}; {count_beyond(found, severity, limit)}"
                    f" of {statistics.NUM_COMPONENTS} beyond"
                )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, "", *(beyond or ["Nothing is beyond the limit."]), ""]


def count_beyond(found: dict, severity: int, limit: float) -> int:
    """Returns how many components of a severity are beyond the limit."""
    return sum(
        int(np.sum(np.abs(values[3, severity - 1]) > limit))
        for values in found.values()
    )


def main() -> None:
    """Measures every size and prints its table."""
    arguments = read_arguments()
    try:
        reference = statistics.Reference(arguments.reference)
    except FileNotFoundError as error:
        sys.exit(f"error: {error}; pass --reference=DIR, the reference folder")
    blocks = []
    for size in arguments.sizes:
        limit = statistics.threshold(
            len(reference.cleans(size)), arguments.seeds
        )
        results = {
            name: compare(name, size, reference, arguments.seeds)
            for name in arguments.corruptions
        }
        blocks.append("\n".join(table(size, results, limit)))
        print(blocks[-1], flush=True)
    if arguments.output:
        arguments.output.write_text("\n".join(blocks))


if __name__ == "__main__":
    main()
