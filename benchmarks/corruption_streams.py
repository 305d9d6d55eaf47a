"""Our corruptions as training runs them: `tf.data` streams, and their clocks.

Import before anything else touches TensorFlow: one thread per op is set here.
"""

import os
import pathlib
import time
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling

BATCH_SIZE = 64
MIX_WARM_UP_BATCHES = 4
# Inside scikit-image's wheel, so nothing is fetched.
PHOTOGRAPHS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "rocket.jpg",
)

tf.config.threading.set_intra_op_parallelism_threads(1)
# The data set has a pool of its own; with one thread here it would wait for it.
tf.config.threading.set_inter_op_parallelism_threads(2)


def load_photographs(side: int) -> np.ndarray:
    """Returns the photographs, uint8 [5, side, side, 3].

    Raises:
        ValueError: If scikit-image is not installed.
    """
    try:
        from skimage.data import data_dir
    except ImportError as error:
        raise ValueError(
            "scikit-image, whose photographs are used, is not installed; run "
            "pip install -e '.[bench]'"
        ) from error
    return np.stack(
        [_load(pathlib.Path(data_dir) / name, side) for name in PHOTOGRAPHS]
    )


def _load(path: pathlib.Path, side: int) -> np.ndarray:
    """Returns the square in the middle of a file, scaled to a side."""
    image = tf.io.decode_image(path.read_bytes(), channels=3)
    height, width, _ = image.shape
    square = tf.image.resize_with_crop_or_pad(image, *[min(height, width)] * 2)
    scaled = tf.image.resize(square, (side, side), antialias=True)
    return tf.cast(tf.round(scaled), tf.uint8).numpy()


def make_corruption(name: str, severity_table: str = "auto") -> Callable:
    """Returns (image, severity, seed) -> image of one corruption."""
    options = corruptions.Options(severity_table=severity_table)

    def corrupt(image, severity, seed):
        return corruptions.apply(image, name, severity, seed, options)

    return corrupt


def make_mix(severity_table: str = "auto") -> Callable:
    """Returns (image, severity, seed) -> image of a corruption drawn from 15.

    The seed draws the severity too; the one given is not looked at.
    """
    options = corruptions.Options(severity_table=severity_table)

    def corrupt(image, severity, seed):
        del severity
        return sampling.corrupt_or_keep(
            image, seed, clean_fraction=0.0, options=options
        )[0]

    return corrupt


def make_stream(
    photographs: np.ndarray, corrupt: Callable, num_threads: int = 1
) -> tf.data.Dataset:
    """Returns endless batches of corrupted photographs.

    Args:
        photographs: uint8 [count, side, side, 3].
        corrupt: (image, severity, seed) -> image, one image at a time.
        num_threads: Threads that corrupt; each op has one.
    """
    images = tf.image.convert_image_dtype(photographs, tf.float32)
    count = len(photographs)

    def corrupt_one(index):
        severity = tf.cast(index // count % 5 + 1, tf.int32)
        seed = sampling.fold_seed(0, index)
        return corrupt(images[index % count], severity, seed)

    stream = tf.data.Dataset.counter().map(
        corrupt_one, num_parallel_calls=num_threads
    )
    return stream.batch(BATCH_SIZE).with_options(_threads(num_threads))


def _threads(num_threads: int) -> tf.data.Options:
    """Returns options of exactly these threads, and no work ahead."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = num_threads
    options.threading.max_intra_op_parallelism = 1
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    return options


def images_per_second(
    stream: tf.data.Dataset,
    seconds: float,
    warm_up_batches: int = 1,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Returns images per second of a clock, once the stream is warm.

    Args:
        stream: From `make_stream`.
        seconds: By that clock; at least one batch is taken.
        warm_up_batches: Not counted: the first run of every op is slow. One
            holds all severities of a corruption, `MIX_WARM_UP_BATCHES` hold
            nearly all cells of the mix.
        clock: `time.process_time` counts CPU seconds of all threads.
    """
    iterator = iter(stream)
    for _ in range(warm_up_batches):
        next(iterator)
    done, started, elapsed = 0, clock(), 0.0
    while elapsed < seconds or not done:
        done += len(next(iterator))
        elapsed = clock() - started
    return done / elapsed


def trace_mix(
    photographs: np.ndarray, severity_table: str
) -> tuple[tf.data.Dataset, float, float]:
    """Returns the stream of the mix, its tracing and first batch, seconds."""
    started = time.monotonic()
    stream = make_stream(photographs, make_mix(severity_table))
    traced = time.monotonic()
    next(iter(stream))
    return stream, traced - started, time.monotonic() - traced


def memory_after(
    photographs: np.ndarray, counts: tuple[int, ...], severity_table: str
) -> Iterator[tuple[int, float]]:
    """Yields images done and resident MiB, on all cores as in training."""
    corrupt = make_mix(severity_table)
    iterator = iter(make_stream(photographs, corrupt, os.cpu_count() or 1))
    done = 0
    for count in counts:
        while done < count:
            done += len(next(iterator))
        yield done, resident_mebibytes()


def resident_mebibytes() -> float:
    """Returns the memory this process holds now.

    Raises:
        ValueError: If the system does not say.
    """
    try:
        pages = pathlib.Path("/proc/self/statm").read_text().split()[1]
    except OSError as error:
        raise ValueError(
            "--memory reads /proc/self/statm, which only Linux has; leave it "
            "out here"
        ) from error
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20
