"""A long run in one process: does resident memory stay flat?

python -m benchmarks.soak
python -m benchmarks.soak --steps=6000

2,000 steps of a tiny QualNet, its decoder, checkpoints and validations
included, with the resident memory of the process read every ten steps, after as
many of a warm-up in which graphs are traced and the allocator's pools grow. A
line is fitted by least squares; its slope is bytes per step. Prints one line
and a Markdown table.
"""

import argparse
import pathlib
import tempfile
import time

import numpy as np

_EVERY = 10


def resident_bytes() -> int:
    """Returns the resident memory of this process (Linux)."""
    fields = pathlib.Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096


def train(root: pathlib.Path, num_steps: int) -> list[tuple[int, int]]:
    """Trains both stages; returns (step, resident bytes) of stage 2."""
    import keras

    from qualnet_tf.config import TrainConfig
    from qualnet_tf.experiment_flags import to_flagfile
    from qualnet_tf.training import fit
    from qualnet_tf.training.callbacks import Progress

    samples: list[tuple[int, int]] = []
    move = Progress.on_train_batch_end

    def move_and_sample(self, batch, logs=None):
        move(self, batch, logs)
        step = self.steps.done
        if step % _EVERY == 0:
            samples.append((step, resident_bytes()))

    shared = {
        "dataset": "digits",
        "max_train_images": 320,
        "image_size": 16,
        "augmentation": "shift",
        "batch_size": 16,
        "learning_rate": 0.02,
        "decay_epochs": (),
        "corruptions": ("gaussian_noise", "contrast", "fog", "pixelate"),
    }
    stage1 = TrainConfig(
        run_dir=str(root / "stage1"),
        backbone="irevnet_tiny",
        clean_fraction=1.0,
        num_epochs=1,
        **shared,
    )
    fit.train(stage1, to_flagfile(stage1))
    Progress.on_train_batch_end = move_and_sample
    try:
        stage2 = TrainConfig(
            run_dir=str(root / "stage2"),
            backbone="resnet_tiny",
            method="qualnet",
            quality_weight=0.1,
            stage1_run_dir=stage1.run_dir,
            num_epochs=0,
            num_steps=num_steps,
            checkpoint_steps=100,
            validation_epochs=10,
            **shared,
        )
        fit.train(stage2, to_flagfile(stage2))
    finally:
        Progress.on_train_batch_end = move
        keras.utils.clear_session()
    return samples


def slope(samples: list[tuple[int, int]]) -> float:
    """Returns bytes per step, by least squares."""
    steps, memory = np.array(samples, np.float64).T
    return float(np.polyfit(steps, memory, 1)[0])


def main() -> None:
    """Trains and prints the slope."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warm_up", type=int, default=2_000)
    parser.add_argument("--steps", type=int, default=2_000)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        samples = train(pathlib.Path(name), arguments.warm_up + arguments.steps)
    after = [pair for pair in samples if pair[0] >= arguments.warm_up]
    print(
        f"{arguments.steps:,} steps after {arguments.warm_up:,} of a warm-up, "
        f"in {time.monotonic() - started:.0f} s; {slope(after):.0f} bytes a "
        "step\n"
    )
    print("| Step | Resident memory, MiB |\n|---|---|")
    for place in np.linspace(0, len(samples) - 1, 9).round().astype(int):
        step, memory = samples[place]
        print(f"| {step:,} | {memory / 2**20:.1f} |")


if __name__ == "__main__":
    main()
