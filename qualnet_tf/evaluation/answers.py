"""What a classifier says of every image under every condition."""

import numpy as np

from qualnet_tf.evaluation.measured import ConditionQuality
from qualnet_tf.metrics import calibration

_TOP = 5


class Answers:
    """Per condition and image: what all measures of an evaluation are made of.

    Args:
        num_conditions: How many conditions.
        num_images: How many images, each under all of them.
    """

    def __init__(self, num_conditions: int, num_images: int):
        shape = (num_conditions, num_images)
        self.is_right = np.zeros(shape, bool)
        self.in_top5 = np.zeros(shape, bool)
        self.likelihood = np.zeros(shape, np.float32)
        self.brier = np.zeros(shape, np.float32)
        self.confidence = np.zeros(shape, np.float32)

    def add(self, logits, batch) -> None:
        """Keeps what the logits of a batch of the pipeline say.

        Args:
            logits: [batch, classes].
            batch: Of `pipeline.evaluation_batches`, as NumPy arrays.

        Raises:
            ValueError: If a logit is not finite.
        """
        places, labels = (batch["condition"], batch["index"]), batch["label"]
        top = min(_TOP, np.shape(logits)[-1])
        self.is_right[places] = calibration.in_top_k(logits, labels, 1)
        self.in_top5[places] = calibration.in_top_k(logits, labels, top)
        self.likelihood[places] = calibration.negative_log_likelihoods(
            logits, labels
        )
        self.brier[places] = calibration.brier_scores(logits, labels)
        self.confidence[places] = calibration.confidences(logits, labels)

    def quality(
        self, place: int, corruption: str | None, severity: int
    ) -> ConditionQuality:
        """Returns the measures beside accuracy under one condition.

        Args:
            place: Of the condition.
            corruption: Its corruption; None is clean.
            severity: Its severity.
        """
        return ConditionQuality(
            corruption=corruption or "clean",
            severity=severity,
            top5_accuracy=self.in_top5[place].mean(),
            negative_log_likelihood=self.likelihood[place].mean(
                dtype=np.float64
            ),
            brier_score=self.brier[place].mean(dtype=np.float64),
            calibration_error=calibration.expected_calibration_error(
                self.confidence[place], self.is_right[place]
            ),
        )
