"""What a classifier said, kept on disk: a new measure needs no new inference.

FOLDER/KEY/protocol.json                what the answers depend on
FOLDER/KEY/CORRUPTION-SEVERITY.NUMBER.npz  logits, labels and ids of a block

KEY is made of the protocol, so that answers to another question lie beside
these, and both are found again.
"""

import dataclasses
import hashlib
import json
import pathlib
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from qualnet_tf import run_dir

Condition = tuple[str | None, int]
# Far beyond where exp() is 0; half precision ends at 65504.
_LEAST_LOGIT = -60000.0


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Answers under one condition.

    Attributes:
        logits: float16 [images, classes], less their maximum.
        labels: int32 [images].
        ids: Of the images: text where files have names, else int64.
    """

    logits: np.ndarray
    labels: np.ndarray
    ids: np.ndarray


class PredictionFiles:
    """The answers of one classifier to one question.

    Args:
        folder: Of all answers of the classifier.
        protocol: What they depend on; plain values.
    """

    def __init__(self, folder: pathlib.Path, protocol: Mapping[str, Any]):
        self.protocol = dict(protocol)
        text = json.dumps(self.protocol, sort_keys=True)
        self.key = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.folder = folder / self.key

    def has(self, condition: Condition, block: int) -> bool:
        """Returns whether the answers to a block of a condition are there."""
        return self._file(condition, block).is_file()

    def write(
        self, condition: Condition, block: int, predictions: Predictions
    ) -> None:
        """Keeps the answers to a block of a condition, all or nothing."""
        if not self._protocol_file.is_file():
            run_dir.write_json(self._protocol_file, self.protocol)
        path = self._file(condition, block)
        with run_dir.atomic_file(path) as temporary:
            np.savez(temporary, **vars(predictions))

    def read(self, condition: Condition, num_blocks: int) -> Predictions:
        """Returns the answers to all blocks of a condition.

        Raises:
            ValueError: If a file is missing or damaged.
        """
        parts = [
            self._read_file(self._file(condition, block))
            for block in range(num_blocks)
        ]
        names = [field.name for field in dataclasses.fields(Predictions)]
        return Predictions(
            *(np.concatenate([part[name] for part in parts]) for name in names)
        )

    @property
    def _protocol_file(self) -> pathlib.Path:
        return self.folder / "protocol.json"

    def _file(self, condition: Condition, block: int) -> pathlib.Path:
        name, severity = condition
        return self.folder / f"{name or 'clean'}-{severity}.{block:04d}.npz"

    def _read_file(self, path: pathlib.Path) -> dict[str, np.ndarray]:
        try:
            with open(path, "rb") as raw, np.load(raw) as file:
                return {name: file[name] for name in file.files}
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path}: expected kept predictions, received a damaged file "
                f"({error}); remove it and evaluate again"
            ) from error


def to_half(logits: np.ndarray) -> np.ndarray:
    """Returns logits less the maximum of their row, float16.

    Near the maximum, where ranks are decided, half precision is finest: two
    classes tie only within 6e-8 of it.

    Args:
        logits: float32 [images, classes].
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.maximum(shifted, _LEAST_LOGIT).astype(np.float16)
