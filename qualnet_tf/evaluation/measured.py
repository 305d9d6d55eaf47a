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
class ConditionQuality:
    """How good the predicted probabilities are under one condition.

    Attributes:
        corruption: Name of the corruption, or "clean".
        severity: Of the corruption; 0 is clean.
        top5_accuracy: Share of images whose label is among the five best
            classes (of all, where there are fewer), in [0, 1].
        negative_log_likelihood: Mean of -log p(label), nats.
        brier_score: Mean squared distance to the label, in [0, 2].
        calibration_error: ECE over 15 bins, in [0, 1].

    Raises:
        ValueError: If a value has another type or lies out of range.
    """

    corruption: str
    severity: int
    top5_accuracy: float
    negative_log_likelihood: float
    brier_score: float
    calibration_error: float

    def __post_init__(self):
        schema.set_plain_values(self)
        where = f"of {self.corruption} {self.severity}"
        check_fraction(self.top5_accuracy, f"top-5 accuracy {where}")
        check_fraction(self.calibration_error, f"calibration error {where}")
        check_fraction(self.brier_score / 2, f"half the Brier score {where}")
        if not self.negative_log_likelihood >= 0:
            raise ValueError(
                f"negative log-likelihood {where} is "
                f"{self.negative_log_likelihood}, expected at least 0"
            )


@dataclasses.dataclass(frozen=True)
class MeanInterval:
    """How far a mean over images would move with other images.

    Attributes:
        measure: See `intervals`.
        low: Lower end of the 95 % bootstrap interval over images.
        high: Upper end.

    Raises:
        ValueError: If a value has another type, or the ends are no interval.
    """

    measure: str
    low: float
    high: float

    def __post_init__(self):
        schema.set_plain_values(self)
        # Written so that NaN fails too.
        if not self.low <= self.high:
            raise ValueError(
                f"interval of {self.measure} is {self.low} to {self.high}, "
                "expected the lower end first"
            )


@dataclasses.dataclass(frozen=True)
class ReliabilityBin:
    """A bin of a reliability diagram (Guo et al., ICML 2017).

    Attributes:
        severity: 0 is clean; else over the test corruptions that were
            evaluated at this severity.
        share: Of the severity's predictions that fall into the bin, in (0, 1].
        accuracy: Of these, in [0, 1].
        confidence: Mean of their highest probability, in [0, 1].

    Raises:
        ValueError: If a value has another type or lies out of range.
    """

    severity: int
    share: float
    accuracy: float
    confidence: float

    def __post_init__(self):
        schema.set_plain_values(self)
        where = f"of a bin at severity {self.severity}"
        for name in ("share", "accuracy", "confidence"):
            check_fraction(getattr(self, name), f"{name} {where}")


@dataclasses.dataclass(frozen=True)
class ClassAccuracy:
    """The accuracy on the images of one class.

    Attributes:
        name: Of the class.
        num_images: Images of the class.
        clean_accuracy: In [0, 1].
        corrupted_accuracy: Mean over the test corruptions and severities that
            were evaluated, in [0, 1].

    Raises:
        ValueError: If a value has another type or lies out of range.
    """

    name: str
    num_images: int
    clean_accuracy: float
    corrupted_accuracy: float

    def __post_init__(self):
        schema.set_plain_values(self)
        check_fraction(self.clean_accuracy, f"clean accuracy of {self.name}")
        check_fraction(
            self.corrupted_accuracy, f"corrupted accuracy of {self.name}"
        )


def check_fraction(value: float, what: str) -> None:
    """Raises ValueError if a value is no fraction in [0, 1]."""
    # Written so that NaN fails too.
    if not 0 <= value <= 1:
        raise ValueError(f"{what} is {value}, expected a fraction in [0, 1]")
