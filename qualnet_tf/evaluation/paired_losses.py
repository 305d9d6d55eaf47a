"""How far classifiers fall behind the first one, image by image.

Both saw the same images, so the difference is far more certain than either
accuracy: an interval of it leaves out what is hard for both. Everything is
read from the kept answers, whenever they were given.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.answers import Answers, read_answers
from qualnet_tf.evaluation.paired_losses_file import (
    PairedLoss,
    PairedLosses,
    save_paired_losses,
)
from qualnet_tf.evaluation.predictions import PredictionFiles
from qualnet_tf.metrics.alexnet_errors import (
    HOLDOUT_CONDITIONS,
    TEST_CONDITIONS,
)
from qualnet_tf.metrics.bootstrap import bootstrap_intervals
from qualnet_tf.run_dir import RunDir

Condition = tuple[str | None, int]
_CLEAN = (None, 0)
_GROUPS = {
    "clean": (_CLEAN,),
    "test": TEST_CONDITIONS,
    "holdout": HOLDOUT_CONDITIONS,
}
# What the kept answers of two classifiers may differ in.
_OWN = ("model", "reading", "adaptation", "batch_size")


def write_paired_losses(runs: Sequence[RunDir]) -> None:
    """Compares evaluated runs or models with the first, and keeps it.

    One that saw other images than the first has no comparison.

    Args:
        runs: Their folders.

    Raises:
        ValueError: If results or kept answers are missing or damaged.
    """
    first = _Kept(runs[0])
    runs[0].paired_losses.unlink(missing_ok=True)
    for run in runs[1:]:
        kept = _Kept(run)
        if not first.saw_the_same(kept):
            run.paired_losses.unlink(missing_ok=True)
            continue
        found = PairedLosses(
            first.results.run,
            paired_losses(first.answers(), kept.answers(), first.results.seed),
        )
        save_paired_losses(found, run.paired_losses)


def paired_losses(
    first: Mapping[Condition, Answers],
    other: Mapping[Condition, Answers],
    seed: int = 0,
) -> tuple[PairedLoss, ...]:
    """Returns how far the other falls behind, under what both have seen.

    Args:
        first: (corruption, severity) -> answers; (None, 0) is clean.
        other: Answers to the same images in the same order.
        seed: Of the bootstrap's draws.

    Raises:
        ValueError: If the images are others.
    """
    measures = _measures([each for each in first if each in other])
    for condition in {c for each in measures.values() for c in each}:
        if not np.array_equal(first[condition].labels, other[condition].labels):
            raise ValueError(
                f"{condition[0] or 'clean'} {condition[1]}: expected answers "
                "to the same images, received others; evaluate both again"
            )
    losses, changes = {}, {}
    for measure, conditions in measures.items():
        pairs = [(first[c], other[c]) for c in conditions]
        losses[measure] = np.mean(
            [a.is_right.astype(float) - b.is_right for a, b in pairs], axis=0
        )
        changes[measure] = np.mean(
            [a.predicted != b.predicted for a, b in pairs]
        )
    intervals = _intervals(losses, seed)
    return tuple(
        PairedLoss(measure, *intervals[measure], changes[measure])
        for measure in measures
    )


def _measures(
    conditions: Sequence[Condition],
) -> dict[str, tuple[Condition, ...]]:
    """Returns measure -> the conditions that it is the mean of."""
    found = {
        group: wanted
        for group, wanted in _GROUPS.items()
        if all(each in conditions for each in wanted)
    }
    for name, severity in conditions:
        if name is not None:
            found[name] = (*found.get(name, ()), (name, severity))
    return found


def _intervals(
    values: Mapping[str, np.ndarray], seed: int
) -> dict[str, tuple[float, float, float]]:
    """Returns measure -> mean and its ends, images drawn for all at once."""
    found = {}
    # Clean images may be more or fewer than corrupted ones.
    for count in {len(each) for each in values.values()}:
        names = [name for name, each in values.items() if len(each) == count]
        together = np.stack([values[name] for name in names], axis=1)
        found |= dict(
            zip(names, bootstrap_intervals(together, seed), strict=True)
        )
    return found


class _Kept:
    """Results of a run or model, and the answers that they are made of."""

    def __init__(self, run: RunDir):
        self.results = results_lib.load(run.results)
        folder = run.predictions / self.results.predictions
        path = folder / "protocol.json"
        if not self.results.predictions or not path.is_file():
            raise ValueError(
                f"{run.path}: expected the answers that its results were "
                f"measured from, in {folder}, found none; evaluate it again"
            )
        self._files = PredictionFiles(
            run.predictions, json.loads(path.read_text())
        )

    def saw_the_same(self, other: "_Kept") -> bool:
        """Whether the two were shown the same images."""
        return self._shown() == other._shown()

    def _shown(self) -> dict:
        shown = {
            key: value
            for key, value in self._files.protocol.items()
            if key not in _OWN
        }
        return {**shown, "data": {**shown["data"], "data_dir": ""}}

    def answers(self) -> dict[Condition, Answers]:
        """Returns the answers under every condition of the results."""
        conditions = [
            _CLEAN,
            *((c.corruption, c.severity) for c in self.results.conditions),
        ]
        return {
            condition: read_answers(
                self._files.read(condition, self._num_blocks(condition))
            )
            for condition in conditions
        }

    def _num_blocks(self, condition: Condition) -> int:
        count = 0
        while self._files.has(condition, count):
            count += 1
        # None at all is an error, which names the first file.
        return max(count, 1)
