"""What the kept predictions under one condition say of each image."""

import dataclasses

import numpy as np

from qualnet_tf.evaluation.measured import ConditionQuality
from qualnet_tf.evaluation.predictions import Predictions
from qualnet_tf.metrics import calibration

_TOP = 5


@dataclasses.dataclass(frozen=True)
class Answers:
    """Per image, what all measures of an evaluation are made of.

    Attributes:
        labels: int32 [images].
        predicted: int32 [images], the best class.
        is_right: bool [images].
        in_top5: bool [images].
        likelihood: -log p(label) in nats [images].
        brier: Brier score [images].
        confidence: Highest probability [images].
    """

    labels: np.ndarray
    predicted: np.ndarray
    is_right: np.ndarray
    in_top5: np.ndarray
    likelihood: np.ndarray
    brier: np.ndarray
    confidence: np.ndarray

    def quality(
        self, corruption: str | None, severity: int
    ) -> ConditionQuality:
        """Returns the measures beside accuracy.

        Args:
            corruption: Of the condition; None is clean.
            severity: Of the condition.
        """
        return ConditionQuality(
            corruption=corruption or "clean",
            severity=severity,
            top5_accuracy=self.in_top5.mean(),
            negative_log_likelihood=self.likelihood.mean(dtype=np.float64),
            brier_score=self.brier.mean(dtype=np.float64),
            calibration_error=calibration.expected_calibration_error(
                self.confidence, self.is_right
            ),
        )


def read_answers(predictions: Predictions) -> Answers:
    """Returns what predictions say of each image.

    Raises:
        ValueError: If a logit is not finite or a label has no class.
    """
    logits = predictions.logits.astype(np.float32)
    labels = predictions.labels
    top = min(_TOP, logits.shape[1])
    return Answers(
        labels=labels,
        predicted=logits.argmax(axis=1).astype(np.int32),
        is_right=calibration.in_top_k(logits, labels, 1),
        in_top5=calibration.in_top_k(logits, labels, top),
        likelihood=calibration.negative_log_likelihoods(logits, labels),
        brier=calibration.brier_scores(logits, labels),
        confidence=calibration.confidences(logits, labels),
    )
