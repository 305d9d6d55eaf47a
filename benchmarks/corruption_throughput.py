"""Images per second through the training mix of corruptions.

python -m benchmarks.corruption_throughput

One stream as training uses it: 15 corruptions x 5 severities, no clean images,
`tf.data` on all cores. Images are random noise, whose content no corruption's
cost depends on but JPEG's. Prints a Markdown table; CPU seconds count all
threads, so images per CPU second say what one core does.
"""

import os
import platform
import time

import tensorflow as tf

from qualnet_tf.corruptions import sampling

CASES = ((32, 20_000), (64, 8_000), (224, 1_500))


def make_stream(side: int, num_images: int) -> tf.data.Dataset:
    """Returns a stream of corrupted images of one side."""
    image = tf.random.stateless_uniform((side, side, 3), (0, 0))

    def corrupt(index):
        corrupted, _, _ = sampling.corrupt_or_keep(
            image, sampling.fold_seed(0, index), clean_fraction=0.0
        )
        return corrupted

    indices = tf.data.Dataset.range(num_images)
    return indices.map(corrupt, num_parallel_calls=tf.data.AUTOTUNE).batch(64)


def measure(side: int, num_images: int) -> tuple[float, float, float]:
    """Returns seconds to the first batch, images/s and images/CPU second."""
    started = time.monotonic()
    iterator = iter(make_stream(side, num_images))
    next(iterator)
    first = time.monotonic() - started
    started, cpu = time.monotonic(), time.process_time()
    done = sum(len(batch) for batch in iterator)
    return (
        first,
        done / (time.monotonic() - started),
        done / (time.process_time() - cpu),
    )


def main() -> None:
    """Measures every case and prints the table."""
    print("| Side | First batch, s | Images/s | Images/CPU s |")
    print("|---|---|---|---|")
    for side, num_images in CASES:
        first, wall, cpu = measure(side, num_images)
        print(f"| {side} | {first:.1f} | {wall:.0f} | {cpu:.0f} |")
    print(
        f"\n{os.cpu_count()} cores, {platform.platform()}, TensorFlow "
        f"{tf.__version__}, {time.strftime('%Y-%m-%d')}"
    )


if __name__ == "__main__":
    main()
