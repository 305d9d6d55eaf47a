"""Says of a picture how corrupted it seems, beside its class, in the graph.

A head of multinomial logistic regression over `picture_statistics`, fitted
when a run is exported. Pooled features would cost nothing more, but know
little of the corruption: a network that was trained to ignore it does. Nor is
the distance of the decoded picture to the input a score by itself - a blurred
picture is near its reconstruction, not far - so `QualityMeasure`, which has
the decoder, takes the statistics of both and of their difference.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from qualnet_tf.exporters.picture_statistics import picture_statistics

CLEAN = "clean"
CORRUPTION = "corruption"
QUALITY_SCORE = "quality_score"
RECONSTRUCTION = "reconstruction"
RESIDUAL = "residual"


@dataclasses.dataclass(frozen=True, eq=False)
class QualityHead:
    """A fitted head.

    Attributes:
        names: What a picture can be: "clean" first, then corruptions.
        mean: float32 [statistics], taken away first.
        deviation: float32 [statistics], divided by next.
        kernel: float32 [statistics, names].
        bias: float32 [names].
    """

    names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray

    def __call__(self, statistics: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the outputs by name.

        Args:
            statistics: float32 `[batch, statistics]`.

        Returns:
            `corruption`, string `[batch]`: the most probable name, and
            `quality_score`, float32 `[batch]` in [0, 1]: the probability that
            the picture is clean, where half of all pictures are.
        """
        probabilities = tf.nn.softmax(self.logits(statistics))
        place = tf.argmax(probabilities, axis=1)
        return {
            CORRUPTION: tf.gather(tf.constant(list(self.names)), place),
            QUALITY_SCORE: probabilities[:, 0],
        }

    def logits(self, statistics: tf.Tensor) -> tf.Tensor:
        """Returns a number for each name, `[batch, names]`."""
        standard = (statistics - self.mean) / self.deviation
        return tf.matmul(standard, self.kernel) + self.bias


def fit_quality_head(
    statistics: np.ndarray, place: np.ndarray, names: tuple[str, ...]
) -> QualityHead:
    """Fits a head to pictures whose corruption is known.

    Clean pictures weigh as much as all others together, and the others alike.

    Args:
        statistics: float32 [pictures, statistics].
        place: int [pictures], which of the names each is; 0 is clean.
        names: "clean" first, then corruptions.

    Raises:
        ValueError: If a name has no pictures.
    """
    from sklearn.linear_model import LogisticRegression

    counts = np.bincount(place, minlength=len(names))
    if names[0] != CLEAN or not counts.all():
        raise ValueError(
            f"quality head: expected pictures of each of {', '.join(names)}, "
            f"the first of them {CLEAN}, received {counts.tolist()} of them; "
            "calibrate with more pictures"
        )
    shares = np.full(len(names), 0.5 / (len(names) - 1))
    shares[0] = 0.5
    mean = statistics.mean(0)
    deviation = statistics.std(0) + 1e-6
    model = LogisticRegression(max_iter=2000)
    model.fit(
        (statistics - mean) / deviation,
        place,
        sample_weight=(shares / counts)[place] * len(place),
    )
    kernel, bias = model.coef_.T, model.intercept_
    if len(names) == 2:  # scikit-learn keeps one column of two
        kernel, bias = np.hstack([-kernel, kernel]) / 2, np.r_[-bias, bias] / 2
    arrays = (mean, deviation, kernel, bias)
    return QualityHead(names, *(np.float32(each) for each in arrays))


@dataclasses.dataclass(frozen=True, eq=False)
class QualityMeasure:
    """Decodes pictures and says how corrupted they seem.

    Attributes:
        decode: float32 `[batch, side, side, 3]` in [0, 1] -> reconstruction,
            the same or smaller by a whole factor.
        head: Over `statistics`; None leaves the score out, as while fitting.
    """

    decode: Callable[[tf.Tensor], tf.Tensor]
    head: QualityHead | None = None

    def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the outputs of the signature `quality`, by name."""
        reconstruction, residual, statistics = self.statistics(image)
        outputs = {RECONSTRUCTION: reconstruction, RESIDUAL: residual}
        return outputs | (self.head(statistics) if self.head else {})

    def statistics(
        self, image: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns what the head looks at.

        Args:
            image: float32 `[batch, side, side, 3]` in [0, 1].

        Returns:
            The reconstruction, clipped to [0, 1]; its mean distance to the
            image, `[batch]`; and the statistics, `[batch, statistics]`.
        """
        decoded = tf.cast(self.decode(image), tf.float32)
        reconstruction = tf.clip_by_value(decoded, 0.0, 1.0)
        factor = image.shape[1] // reconstruction.shape[1]
        shown = image
        if factor > 1:
            shown = tf.nn.avg_pool2d(image, factor, factor, "VALID")
        difference = shown - reconstruction
        residual = tf.reduce_mean(tf.abs(difference), (1, 2, 3))
        parts = [
            picture_statistics(image),
            picture_statistics(difference),
            picture_statistics(reconstruction),
            residual[:, tf.newaxis],
        ]
        return reconstruction, residual, tf.concat(parts, 1)
