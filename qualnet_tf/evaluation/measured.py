"""Single numbers that an evaluation measured, checked as they are made."""

import dataclasses

from qualnet_tf.corruptions.catalogue import num_severities
from qualnet_tf.evaluation import schema


@dataclasses.dataclass(frozen=True)
class ConditionResult:
    """The accuracy under one corruption at one severity.

    Attributes:
        corruption: Name of the corruption.
        severity: 1 to 5, of some corruptions 6.
        accuracy: Top-1 accuracy in [0, 1].

    Raises:
        ValueError: If a value has another type or lies out of range.
    """

    corruption: str
    severity: int
    accuracy: float

    def __post_init__(self):
        schema.set_plain_values(self)
        if not 1 <= self.severity <= num_severities(self.corruption):
            raise ValueError(
                f"{self.corruption}: severity is {self.severity}, expected 1 "
                f"to {num_severities(self.corruption)}; the clean pictures "
                "belong in clean_accuracy"
            )
        check_fraction(self.accuracy, f"{self.corruption} {self.severity}")


@dataclasses.dataclass(frozen=True)
class AccuracyInterval:
    """How far a mean accuracy would move with other images.

    Attributes:
        measure: Name in `Summary`.
        low: Lower end of the 95 % bootstrap interval over images, in [0, 1].
        high: Upper end.

    Raises:
        ValueError: If a value has another type or lies out of range.
    """

    measure: str
    low: float
    high: float

    def __post_init__(self):
        schema.set_plain_values(self)
        for end in (self.low, self.high):
            check_fraction(end, f"interval of {self.measure}")


def check_fraction(value: float, what: str) -> None:
    """Raises ValueError if a value is no fraction in [0, 1]."""
    # Written so that NaN fails too.
    if not 0 <= value <= 1:
        raise ValueError(f"{what} is {value}, expected a fraction in [0, 1]")
