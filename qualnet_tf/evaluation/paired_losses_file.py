"""How far classifiers fall behind another one, as a file. No TensorFlow."""

import dataclasses
import json
import os
import pathlib
from typing import Self

from qualnet_tf import run_dir
from qualnet_tf.evaluation import schema
from qualnet_tf.evaluation.measured import check_fraction

_SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class PairedLoss:
    """The difference of two classifiers under some conditions.

    Attributes:
        measure: "clean", a corruption (its mean over severities), "test" or
            "holdout" (the mean over their corruptions).
        loss: Accuracy of the first less that of the other, a fraction; below
            0 where the other is better.
        low: Lower end of the 95 % bootstrap interval over images, which are
            the same for both.
        high: Upper end.
        changed: Share of answers in which the two name different classes.

    Raises:
        ValueError: If a value has another type or lies out of range.
    """

    measure: str
    loss: float
    low: float
    high: float
    changed: float

    def __post_init__(self):
        schema.set_plain_values(self)
        check_fraction(self.changed, f"share of changes under {self.measure}")
        # Written so that NaN fails too.
        if not -1 <= self.low <= self.high <= 1 or not -1 <= self.loss <= 1:
            raise ValueError(
                f"loss under {self.measure} is {self.loss}, {self.low} to "
                f"{self.high}, expected fractions, the lower end first"
            )


@dataclasses.dataclass(frozen=True)
class PairedLosses:
    """One classifier against another on the same images.

    Attributes:
        reference: Name of the other, as its results call it.
        losses: In the order clean, test, holdout, corruptions; a mean stands
            there where all of its conditions were measured.

    Raises:
        ValueError: If a value has another type.
    """

    reference: str
    losses: tuple[PairedLoss, ...]

    def __post_init__(self):
        schema.set_plain_values(self)

    @classmethod
    def from_json(cls, text: str, source: str) -> Self:
        """Returns what was written.

        Args:
            text: The JSON text.
            source: What to call it in errors, usually its path.

        Raises:
            ValueError: If the text is damaged, something else, or newer.
        """
        _, data = schema.read(text, source, _SCHEMA_VERSION)
        try:
            fields = schema.fields_of(cls, data)
            losses = fields["losses"]
            if not isinstance(losses, list):
                raise ValueError(f"losses is {losses!r:.60}, expected a list")
            return cls(
                fields["reference"],
                tuple(
                    PairedLoss(**schema.fields_of(PairedLoss, each))
                    for each in losses
                ),
            )
        except ValueError as error:
            raise ValueError(
                f"{source}: {error}; evaluate the model again"
            ) from error


def save_paired_losses(found: PairedLosses, path: str | os.PathLike) -> None:
    """Writes the file, all or nothing."""
    data = {"schema_version": _SCHEMA_VERSION, **dataclasses.asdict(found)}
    run_dir.write_text(pathlib.Path(path), json.dumps(data, indent=2) + "\n")


def load_paired_losses(path: str | os.PathLike) -> PairedLosses:
    """Reads what `save_paired_losses` wrote.

    Raises:
        ValueError: If the file is damaged, something else, or newer.
    """
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    return PairedLosses.from_json(text, str(path))
