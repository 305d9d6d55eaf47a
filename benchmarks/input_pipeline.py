"""What the input pipeline gives, and how long a training step waits for it.

python -m benchmarks.input_pipeline
python -m benchmarks.input_pipeline --image_sizes=224 --dataset=folder \\
  --data_dir=/path/to/pictures

The paper's mix: half of the images clean, half under one of the 15 corruptions.
Prints, for each size, images a second and per core in this process, those of a
data service of two workers on the same machine as a ratio to it, and the share
of a training step's time that is spent waiting for a batch, alone and with the
service. The service has the same cores here, so it can only cost; on machines
of its own it adds theirs.
"""

import argparse
import os
import time

from benchmarks.disturbed_runs import DataService

# A second of drawing before anything is counted: graphs are traced, buffers
# filled.
_WARM_UP = 3


def make_batches(arguments, source, image_size: int, service: str = ""):
    """Returns the training batches, without an end for the measurement."""
    from qualnet_tf.datasets import pipeline

    return pipeline.training_batches(
        source,
        batch_size=arguments.batch_size,
        image_size=image_size,
        num_epochs=10_000,
        seed=0,
        augmentation=arguments.augmentation,
        clean_fraction=0.5,
        data_service=service,
    )


def images_per_second(batches, batch_size: int, seconds: float) -> float:
    """Draws batches for a while, as fast as they come."""
    iterator = iter(batches)
    for _ in range(_WARM_UP):
        next(iterator)
    started, count = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        next(iterator)
        count += batch_size
    return count / (time.monotonic() - started)


def waiting_share(arguments, batches, side: int, num_classes: int, seconds):
    """Trains for a while; returns (share of waiting, images a second)."""
    import tensorflow as tf

    from qualnet_tf.config import TrainConfig
    from qualnet_tf.training import build

    config = TrainConfig(
        run_dir="none",
        backbone=arguments.backbone,
        image_size=side,
        batch_size=arguments.batch_size,
    )
    method = build.build_method(config, num_classes)
    build.compile_method(method, config, 100)
    step = tf.function(lambda batch: method.train_step(batch)["loss"])
    iterator = iter(batches)
    for _ in range(_WARM_UP):
        step(next(iterator)).numpy()
    waited, count, started = 0.0, 0, time.monotonic()
    while time.monotonic() - started < seconds:
        before = time.monotonic()
        batch = next(iterator)
        waited += time.monotonic() - before
        step(batch).numpy()
        count += arguments.batch_size
    total = time.monotonic() - started
    return waited / total, count / total


def measure(arguments, side: int, service: DataService) -> str:
    """Returns the row of one size."""
    from qualnet_tf.datasets import open_source

    source = open_source(
        arguments.dataset, "train", data_dir=arguments.data_dir
    )
    address = f"grpc://localhost:{service.ports[0]}"
    size, seconds = arguments.batch_size, arguments.seconds
    # In turn, so that other work on the machine hits both.
    alone, served = [], []
    for _ in range(arguments.rounds):
        alone.append(
            images_per_second(
                make_batches(arguments, source, side), size, seconds
            )
        )
        served.append(
            images_per_second(
                make_batches(arguments, source, side, address), size, seconds
            )
        )
    rate = max(alone)
    share, trained = waiting_share(
        arguments,
        make_batches(arguments, source, side),
        side,
        source.num_classes,
        seconds,
    )
    served_share, served_trained = waiting_share(
        arguments,
        make_batches(arguments, source, side, address),
        side,
        source.num_classes,
        seconds,
    )
    return (
        f"| {arguments.dataset}, {side} | {rate:,.0f} | "
        f"{rate / os.cpu_count():,.0f} | {max(served) / rate:.2f} | "
        f"{share:.0%} | {trained:,.0f} | {served_share:.0%} | "
        f"{served_trained / trained:.2f} |"
    )


def main() -> None:
    """Measures and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data_dir")
    parser.add_argument("--image_sizes", default="32")
    parser.add_argument("--augmentation", default="shift_flip")
    parser.add_argument("--backbone", default="resnet_small")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(
        "| Data, side | Images/s | per core | With the service, ratio | Share "
        f"of waiting ({arguments.backbone}) | Images/s trained | Waiting with "
        "the service | Trained with it, ratio |"
    )
    print("|---" * 8 + "|")
    service = DataService()
    try:
        for side in map(int, arguments.image_sizes.split(",")):
            print(measure(arguments, side, service), flush=True)
    finally:
        service.close()


if __name__ == "__main__":
    main()
