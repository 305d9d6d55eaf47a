"""Checkpoints of a method and its optimizer, written all or nothing.

One NumPy archive holds every weight under its path, the optimizer's variables,
what the metrics have summed up since the epoch began, and the step.
`.weights.h5` would leave out the optimizer, and `tf.train.Checkpoint` would not
read on the JAX backend. A zip archive carries a checksum per array, so damage
is found when it is read.
"""

import errno
import pathlib
import re
import zipfile

import keras
import numpy as np
from absl import logging

from qualnet_tf.run_dir import atomic_file

NUM_KEPT = 2
_STEP = "step"
_METRICS = "metrics/"


class Checkpoints:
    """The checkpoints in one folder, newest last.

    Args:
        folder: Folder of `checkpoint-<step>.npz` files; made when needed.
        writes: Whether this process writes them; of several workers one does.
    """

    def __init__(self, folder: pathlib.Path, writes: bool = True):
        self.folder = folder
        self.writes = writes

    def paths(self) -> list[pathlib.Path]:
        """Returns the files, oldest first."""
        found = self.folder.glob("checkpoint-*.npz")
        return sorted(
            path
            for path in found
            if re.fullmatch(r"checkpoint-\d{9}\.npz", path.name)
        )

    def save(
        self, method: keras.Model, step: int, summed: dict | None = None
    ) -> pathlib.Path:
        """Writes a checkpoint and removes all but the newest two.

        Args:
            method: Compiled and built method.
            step: Number of updates made so far.
            summed: What the metrics had summed up, by `read_metrics`, where
                they hold something else by now.

        Raises:
            FloatingPointError: If a weight is not finite; nothing is written.
            OSError: If the disk is full or not writable; older checkpoints
                stay.
        """
        # On every worker: some values are sums over all of them.
        arrays = read_arrays(method) | (summed or {})
        _check_finite(arrays, step)
        path = self.folder / f"checkpoint-{step:09d}.npz"
        if not self.writes:
            return path
        try:
            with atomic_file(path) as temporary:
                with open(temporary, "wb") as file:
                    np.savez(file, **arrays, **{_STEP: np.int64(step)})
        except OSError as error:
            raise _explain(error, path, self.paths()) from error
        for old in self.paths()[:-NUM_KEPT]:
            old.unlink(missing_ok=True)
        return path

    def read(
        self, own: dict[str, np.ndarray]
    ) -> tuple[int, dict[str, np.ndarray]]:
        """Reads the newest readable checkpoint.

        A damaged file is named in a warning and the one before is used. What
        a write that was killed left behind is removed.

        Args:
            own: The method's arrays, by `read_arrays`.

        Returns:
            The step of the checkpoint and its arrays, for `assign`; 0 and
            `own` where there is none.

        Raises:
            ValueError: If a checkpoint's variables are not the method's.
        """
        for unfinished in self.folder.glob(".checkpoint-*.npz"):
            unfinished.unlink(missing_ok=True)
        for path in reversed(self.paths()):
            try:
                arrays = _read(path)
            except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
                logging.warning("%s is damaged (%s): skipped", path, error)
                continue
            step = int(arrays.pop(_STEP))
            return step, _fitting(own, arrays, path)
        return 0, own

    def restore(self, method: keras.Model) -> int:
        """Loads the newest readable checkpoint into the method; see `read`.

        Returns:
            The step of the checkpoint, 0 where there is none.
        """
        step, arrays = self.read(read_arrays(method))
        assign(method, arrays)
        return step


def read_arrays(method: keras.Model) -> dict[str, np.ndarray]:
    """Returns what a checkpoint holds of a method, by name."""
    return {
        name: np.asarray(keras.ops.convert_to_numpy(variable))
        for name, variable in _named_variables(method).items()
    }


def read_metrics(method: keras.Model) -> dict[str, np.ndarray]:
    """Returns what the metrics have summed up, as a checkpoint has it."""
    return {
        f"{_METRICS}{variable.path}": np.asarray(
            keras.ops.convert_to_numpy(variable)
        )
        for variable in method.metrics_variables
    }


def assign(method: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Puts a checkpoint's arrays into the method."""
    for name, variable in _named_variables(method).items():
        variable.assign(arrays[name])


def metrics_of(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the part of a checkpoint that `assign_metrics` takes."""
    return {n: value for n, value in arrays.items() if n.startswith(_METRICS)}


def assign_metrics(method: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Puts back what the metrics have summed up."""
    if arrays:
        for name, variable in _named_variables(method).items():
            if name.startswith(_METRICS):
                variable.assign(arrays[name])


def _named_variables(method: keras.Model) -> dict[str, keras.Variable]:
    """Returns what training changes, by unique name."""
    frozen = {id(variable) for variable in method.frozen_weights}
    groups = {
        "weights": [v for v in method.weights if id(v) not in frozen],
        "optimizer": method.optimizer.variables,
        _METRICS.rstrip("/"): method.metrics_variables,
    }
    named: dict[str, keras.Variable] = {}
    for group, variables in groups.items():
        for variable in variables:
            name = f"{group}/{variable.path}"
            if name in named:
                raise ValueError(
                    f"two variables are called {name}: expected unique paths; "
                    "give their layers names"
                )
            named[name] = variable
    return named


def _check_finite(arrays: dict[str, np.ndarray], step: int) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
            raise FloatingPointError(
                f"step {step}: {name} holds numbers that are not finite; the "
                "last good checkpoint is kept; lower --learning_rate"
            )


def _explain(
    error: OSError, path: pathlib.Path, kept: list[pathlib.Path]
) -> OSError:
    """Turns a failed write into one line that says what is left."""
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        reason = "the disk is full"
    last = f"{kept[-1].name} stays" if kept else "there is none before it"
    return OSError(
        f"{path}: could not write the checkpoint, {reason}; {last}; make "
        "room or the folder writable, and start again to continue"
    )


def _read(path: pathlib.Path) -> dict[str, np.ndarray]:
    # np.load leaves a file that it opened itself open when it is damaged.
    with (
        open(path, "rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        return {name: archive[name] for name in archive.files}


def _fitting(
    own: dict[str, np.ndarray],
    arrays: dict[str, np.ndarray],
    path: pathlib.Path,
) -> dict[str, np.ndarray]:
    """Returns the arrays, if they are those of the method."""
    odd = sorted(
        name
        for name in set(own) | set(arrays)
        if name not in own
        or name not in arrays
        or own[name].shape != arrays[name].shape
    )
    if odd:
        raise ValueError(
            f"{path}: expected the variables of this method, received others "
            f"(first difference: {odd[0]}); use another --run_dir"
        )
    return arrays
