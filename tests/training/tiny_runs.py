"""Whole training runs that take seconds, for tests."""

from qualnet_tf.config import TrainConfig
from qualnet_tf.experiment_flags import to_flagfile
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import fit

TINY = {
    "dataset": "digits",
    "max_train_images": 40,
    "image_size": 16,
    "augmentation": "none",
    "clean_fraction": 1.0,
    "backbone": "resnet_tiny",
    "batch_size": 8,
    "num_epochs": 3,
    "decay_epochs": (2,),
    "learning_rate": 0.05,
    "checkpoint_steps": 2,
}


def config(path, **values):
    return TrainConfig(**{"run_dir": str(path), **TINY, **values})


def train(path, **values):
    made = config(path, **values)
    fit.train(made, to_flagfile(made))
    return RunDir(path)
