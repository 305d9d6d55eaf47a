"""What ends a training from outside is said in one line."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from qualnet_tf.training.callbacks import CheckpointEvery
from qualnet_tf.training.checkpoints import Checkpoints
from qualnet_tf.training.failures import explained
from qualnet_tf.training.replicas import Replicas
from qualnet_tf.training.step_count import StepCount
from tests.training.tiny_runs import train


def make_folder(root):
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(20):
            pixels = generator.integers(0, 256, (16, 16, 3), np.uint8)
            path = root / name / f"{number}.png"
            path.write_bytes(tf.io.encode_png(pixels).numpy())


def test_a_data_set_that_vanishes_is_named(tmp_path, monkeypatch):
    make_folder(tmp_path / "pictures")
    save = CheckpointEvery.on_train_batch_end

    def then_remove(self, batch, logs=None):
        save(self, batch, logs)
        if self.steps.done == 3:
            shutil.rmtree(tmp_path / "pictures")

    monkeypatch.setattr(CheckpointEvery, "on_train_batch_end", then_remove)
    message = (
        r"step \d+: expected the data set as it was opened, received no "
        r".*/pictures/(cat|dog)/\d+.png any more; the last checkpoint is kept"
    )
    with pytest.raises(OSError, match=message):
        train(
            tmp_path / "run",
            dataset="folder",
            data_dir=str(tmp_path / "pictures"),
            max_train_images=0,
            num_epochs=200,
            validation_epochs=0,
            checkpoint_steps=1,
        )
    assert Checkpoints(tmp_path / "run" / "checkpoints").paths()


@pytest.mark.parametrize(
    "kind", [tf.errors.UnavailableError, tf.errors.AbortedError]
)
def test_a_worker_that_goes_away_is_said_by_the_others(kind):
    replicas = Replicas(tf.distribute.get_strategy(), 1, 2)
    message = (
        "worker 1: step 8: expected 2 workers, one of which does not answer "
        "any more; the last checkpoint is kept; start all workers again"
    )
    with pytest.raises(OSError, match=message):
        with explained(StepCount(7), replicas):
            raise kind(None, None, "Collective ops is aborted by: gone")


def test_errors_of_a_single_process_are_its_own():
    replicas = Replicas(tf.distribute.get_strategy())
    with pytest.raises(tf.errors.InternalError):
        with explained(StepCount(7), replicas):
            raise tf.errors.InternalError(None, None, "ours")
