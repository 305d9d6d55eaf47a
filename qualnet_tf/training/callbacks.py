"""What happens around the steps: guard, checkpoint, log, show progress."""

import csv
import io
import math
import pathlib
import sys
import time

import keras
from tqdm import tqdm

from qualnet_tf.run_dir import write_text
from qualnet_tf.training.checkpoints import Checkpoints


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops at the first loss term that is not a finite number.

    Raises:
        FloatingPointError: Naming the step and the term.
    """

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the running mean of each term."""
        for name, value in (logs or {}).items():
            # The sum is not finite whenever a term is; name the term.
            if name != "loss" and not math.isfinite(value):
                step = int(self.model.optimizer.iterations)
                raise FloatingPointError(
                    f"step {step}: {name} is {value}, expected a finite "
                    "number; the last good checkpoint is kept; lower "
                    "--learning_rate, or --quality_weight if it is that term"
                )


class CheckpointEvery(keras.callbacks.Callback):
    """Saves every so many steps, and the last one.

    Args:
        checkpoints: Where to.
        every: Steps between checkpoints.
    """

    def __init__(self, checkpoints: Checkpoints, every: int):
        super().__init__()
        self.checkpoints = checkpoints
        self.every = every
        self.saved_step = -1

    def on_train_batch_end(self, batch, logs=None):
        """Saves when the step is a multiple of `every`."""
        if int(self.model.optimizer.iterations) % self.every == 0:
            self.save()

    def on_train_end(self, logs=None):
        """Saves the final weights."""
        self.save()

    def save(self):
        """Saves now, unless this step was saved already."""
        step = int(self.model.optimizer.iterations)
        if step != self.saved_step:
            self.checkpoints.save(self.model, step)
            self.saved_step = step


class MetricsTable(keras.callbacks.Callback):
    """Keeps `metrics.csv`: one row per epoch, also across restarts.

    Args:
        path: The table.
        start_epoch: Epoch that training continues in; later rows of an
            earlier try are dropped.
    """

    def __init__(self, path: pathlib.Path, start_epoch: int):
        super().__init__()
        self.path = path
        self.learning_rate = 0.0
        self.rows = [
            row for row in _read_rows(path) if int(row["epoch"]) <= start_epoch
        ]

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the learning rate of the epoch's first step."""
        self.learning_rate = float(self.model.optimizer.learning_rate)

    def on_epoch_end(self, epoch, logs=None):
        """Appends a row and rewrites the table."""
        row = {
            "epoch": epoch + 1,
            "step": int(self.model.optimizer.iterations),
            "learning_rate": self.learning_rate,
            **{name: float(value) for name, value in (logs or {}).items()},
        }
        self.rows.append(row)
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        text = io.StringIO()
        table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        write_text(self.path, text.getvalue())


def _read_rows(path: pathlib.Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class Progress(keras.callbacks.Callback):
    """One bar over all steps on a terminal, a line now and then elsewhere.

    Args:
        title: What is trained.
        total_steps: Steps of the whole run.
        start_step: Steps done by an earlier start.
    """

    LINE_SECONDS = 30.0

    def __init__(self, title: str, total_steps: int, start_step: int):
        super().__init__()
        self.title = title
        self.total_steps = total_steps
        self.start_step = start_step
        self.bar = None
        self.last_line = 0.0

    def on_train_begin(self, logs=None):
        """Opens the bar."""
        if self.bar is None:
            self.bar = tqdm(
                total=self.total_steps,
                initial=self.start_step,
                desc=self.title,
                unit="step",
                disable=None,
                dynamic_ncols=True,
            )

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar, or prints a line."""
        shown = {name: f"{value:.3f}" for name, value in (logs or {}).items()}
        if not self.bar.disable:
            self.bar.set_postfix(shown, refresh=False)
            self.bar.update(1)
            return
        step = int(self.model.optimizer.iterations)
        now = time.monotonic()
        last = step == self.total_steps
        if last or now - self.last_line > self.LINE_SECONDS:
            self.last_line = now
            values = ", ".join(f"{name} {text}" for name, text in shown.items())
            print(
                f"{self.title}: step {step} of {self.total_steps}, {values}",
                file=sys.stderr,
                flush=True,
            )

    def close(self):
        """Closes the bar; called once after the last `fit`."""
        if self.bar is not None:
            self.bar.close()
