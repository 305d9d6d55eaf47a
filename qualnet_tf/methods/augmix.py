"""AugMix: predictions that agree over differently augmented views.

Hendrycks et al., "AugMix: A Simple Data Processing Method to Improve
Robustness and Uncertainty", ICLR 2020, section 3, Equation 1. None of its
operations is a corruption of ImageNet-C, so all 19 are unseen by it: of the
paper's Table 3 it is compared on the hold-outs.
"""

import keras
from keras import ops

from qualnet_tf.methods.batch_error import BatchError
from qualnet_tf.methods.method import Method

# Added to the mean prediction before its logarithm.
_SMALLEST = 1e-7


class AugMix(Method):
    """Adds the Jensen-Shannon divergence of an image's and its views' classes.

        objective = cross_entropy(image, label)
            + consistency_weight * JS(p(image), p(view 1), p(view 2), ...)

    All of them go through the classifier as one batch, whose statistics batch
    norm takes. The batch has `views` [batch, num_views, height, width, 3] of
    the image beside what `Method` names; where it has none, as in validation,
    the divergence is 0.

    Args:
        classifier: See `Method`.
        consistency_weight: Weight of the divergence; 12 is published.
        label_smoothing: See `Method`.

    Raises:
        ValueError: If the weight is negative.
    """

    term_names = ("classification_loss", "consistency_loss")

    def __init__(
        self,
        classifier: keras.Model,
        consistency_weight: float = 12.0,
        **kwargs,
    ):
        super().__init__(classifier, **kwargs)
        if consistency_weight < 0:
            raise ValueError(
                "expected a consistency_weight of at least 0, received "
                f"{consistency_weight}; 12 is published"
            )
        self.consistency_weight = consistency_weight
        self.divergence = BatchError(_divergence)

    def call(self, batch, training=False):
        """Returns `features` and `logits` of the image, and `view_logits`.

        The last are [1 + num_views, batch, classes], the image's own first;
        they are missing where the batch has no views.
        """
        if "views" not in batch:
            return super().call(batch, training=training)
        views = batch["views"]
        parts = [views[:, i] for i in range(views.shape[1])]
        images = ops.concatenate([batch["image"], *parts], axis=0)
        outputs = super().call({"image": images}, training=training)
        split = {
            name: ops.split(value, len(parts) + 1, axis=0)
            for name, value in outputs.items()
        }
        return {
            "features": split["features"][0],
            "logits": split["logits"][0],
            "view_logits": ops.stack(split["logits"]),
        }

    def loss_terms(self, batch, outputs) -> dict:
        """Adds the weighted `consistency_loss` to the supervised term."""
        terms = super().loss_terms(batch, outputs)
        logits = outputs.get("view_logits", outputs["logits"][None])
        error = self.divergence(logits, logits)
        terms["consistency_loss"] = self.consistency_weight * error
        return terms


def jensen_shannon_divergence(logits):
    """Mean divergence of several predictions from their mean, in nats.

    Args:
        logits: [predictions, batch, classes].

    Returns:
        A scalar: the mean over predictions and batch of
        KL(prediction || mean prediction).
    """
    logarithms = ops.log_softmax(logits, axis=-1)
    predictions = ops.exp(logarithms)
    mean = ops.mean(predictions, axis=0, keepdims=True)
    mixture = ops.log(ops.clip(mean, _SMALLEST, 1.0))
    return ops.mean(ops.sum(predictions * (logarithms - mixture), axis=-1))


def _divergence(logits, _):
    return jensen_shannon_divergence(logits)
