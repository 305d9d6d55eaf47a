"""Scalars for TensorBoard, once an epoch.

Keras's own callback asks for a summary of every step as well, to leave it out:
that alone costs 3 kB of memory a step, for good.
"""

import pathlib

import keras
import tensorflow as tf


class Events(keras.callbacks.Callback):
    """Writes each epoch's metrics and learning rate.

    With the tags and folders that Keras's callback uses: "epoch_loss" in
    `train`, and in `validation` what was validated.

    Args:
        folder: Folder of both; made when there is something to write.
    """

    def __init__(self, folder: pathlib.Path):
        super().__init__()
        self.folder = folder
        self._writers: dict[str, tf.summary.SummaryWriter] = {}

    def on_epoch_end(self, epoch, logs=None):
        """Writes the epoch's numbers."""
        logs = logs or {}
        rate = float(self.model.optimizer.learning_rate)
        train = {k: v for k, v in logs.items() if not k.startswith("val_")}
        held_out = {
            name.removeprefix("val_"): value
            for name, value in logs.items()
            if name.startswith("val_")
        }
        self._write("train", {**train, "learning_rate": rate}, epoch)
        if held_out:
            self._write("validation", held_out, epoch)

    def on_train_end(self, logs=None):
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _write(self, name: str, values: dict, epoch: int) -> None:
        if name not in self._writers:
            folder = str(self.folder / name)
            self._writers[name] = tf.summary.create_file_writer(folder)
        with self._writers[name].as_default():
            for key, value in values.items():
                tf.summary.scalar(f"epoch_{key}", value, step=epoch)
        self._writers[name].flush()
