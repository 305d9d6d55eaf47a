"""What happens around the steps: guard, checkpoint, log, show progress."""

import csv
import io
import math
import pathlib
import sys
import time
from collections.abc import Callable

import keras
from tqdm import tqdm

from qualnet_tf.run_dir import write_text
from qualnet_tf.training.checkpoints import (
    Checkpoints,
    assign_metrics,
    read_metrics,
)
from qualnet_tf.training.step_count import StepCount


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops at the first loss term that is not a finite number.

    Args:
        steps: The count of steps.

    Raises:
        FloatingPointError: Naming the step and the term.
    """

    def __init__(self, steps: StepCount):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the running mean of each term."""
        for name, value in (logs or {}).items():
            # The sum is not finite whenever a term is; name the term.
            if name != "loss" and not math.isfinite(value):
                raise FloatingPointError(
                    f"step {self.steps.done}: {name} is {value}, expected a "
                    "finite number; the last good checkpoint is kept; lower "
                    "--learning_rate, or --quality_weight if it is that term"
                )


class CheckpointEvery(keras.callbacks.Callback):
    """Saves every so many steps, and the last one.

    Args:
        checkpoints: Where to.
        every: Steps between checkpoints.
        steps: The count of steps.
        before: Called before weights are read.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        every: int,
        steps: StepCount,
        before: Callable[[], None] = lambda: None,
    ):
        super().__init__()
        self.checkpoints = checkpoints
        self.every = every
        self.steps = steps
        self.before = before
        self.saved_step = -1
        self._summed: dict | None = None
        self._next = (steps.done // every + 1) * every

    def on_train_batch_end(self, batch, logs=None):
        """Saves when a multiple of `every` is reached."""
        if self.steps.done >= self._next:
            self.save()

    def on_test_begin(self, logs=None):
        """Keeps what the epoch has summed up; validation uses its metrics."""
        self._summed = read_metrics(self.model)

    def on_epoch_begin(self, epoch, logs=None):
        """A new epoch sums up anew."""
        self._summed = None

    def on_train_end(self, logs=None):
        """Saves the final weights."""
        self.save()

    def save(self):
        """Saves now, unless this step was saved already."""
        step = self.steps.done
        self._next = (step // self.every + 1) * self.every
        if step != self.saved_step:
            self.before()
            self.checkpoints.save(self.model, step, self._summed)
            self.saved_step = step


class RestoredMetrics(keras.callbacks.Callback):
    """Lets the rest of an epoch count on from what the first part summed up.

    Args:
        values: The metrics' variables as a checkpoint had them, by name.
    """

    def __init__(self, values: dict):
        super().__init__()
        self.values = values

    def on_epoch_begin(self, epoch, logs=None):
        """Puts them back, once: metrics begin an epoch with zeros."""
        values, self.values = self.values, {}
        assign_metrics(self.model, values)


class MetricsTable(keras.callbacks.Callback):
    """Keeps `metrics.csv`: one row per epoch, also across restarts.

    Args:
        path: The table.
        start_epoch: Epoch that training continues in; later rows of an
            earlier try are dropped.
        steps: The count of steps.
    """

    def __init__(self, path: pathlib.Path, start_epoch: int, steps: StepCount):
        super().__init__()
        self.path = path
        self.steps = steps
        self.learning_rate = 0.0
        self.rows = [
            row for row in _read_rows(path) if int(row["epoch"]) <= start_epoch
        ]

    @property
    def last_epoch(self) -> int:
        """Epochs that have a row."""
        return int(self.rows[-1]["epoch"]) if self.rows else 0

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the learning rate of the epoch's first step."""
        self.learning_rate = float(self.model.optimizer.learning_rate)

    def on_epoch_end(self, epoch, logs=None):
        """Appends a row and rewrites the table."""
        row = {
            "epoch": epoch + 1,
            "step": self.steps.done,
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


def best_of(path: pathlib.Path) -> dict:
    """Returns the best validation of a table, for `run.json`.

    Returns:
        {"best_val_accuracy", "best_epoch"}, the first of equal ones; {} where
        nothing was validated.
    """
    rows = [row for row in _read_rows(path) if row.get("val_accuracy")]
    if not rows:
        return {}
    best = max(rows, key=lambda row: float(row["val_accuracy"]))
    return {
        "best_val_accuracy": float(best["val_accuracy"]),
        "best_epoch": int(best["epoch"]),
    }


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
        steps: The count of steps.
    """

    LINE_SECONDS = 30.0

    def __init__(self, title: str, total_steps: int, steps: StepCount):
        super().__init__()
        self.title = title
        self.total_steps = total_steps
        self.steps = steps
        self.bar = None
        self.last_line = 0.0

    def on_train_begin(self, logs=None):
        """Opens the bar."""
        if self.bar is None:
            self.bar = tqdm(
                total=self.total_steps,
                initial=self.steps.done,
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
            self.bar.update(self.steps.done - self.bar.n)
            return
        step = self.steps.done
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
