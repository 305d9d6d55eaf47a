"""AuxTraining: one auxiliary classifier per corruption, dropped at test time.

Zhang et al., "Auxiliary Training: Towards Accurate and Robust Models", CVPR
2020. Weights and the last stage's start as in the authors' CIFAR-100 script,
github.com/ArchipLab-LinfengZhang/Auxiliary-Training: 0.05 for each auxiliary
term, and the penalty on differing weights from epoch 180 of 210.
"""

import keras
from keras import ops

from qualnet_tf.methods.batch_error import BatchError
from qualnet_tf.methods.method import Method
from qualnet_tf.models.sharing import own_copy, with_own_norms


class AuxTraining(Method):
    """Trains a classifier beside auxiliary ones that share its convolutions.

        objective = cross_entropy(primary(image), label)
            + auxiliary_weight * sum_i cross_entropy(auxiliary_i(view_i), label)
            + auxiliary_weight * sum_i
                cross_entropy(auxiliary_i(view_i), primary(image))
            + [epoch >= merging_epoch] * sum_i |w_primary - w_auxiliary_i|^2

    View i is the image under corruption i. Every auxiliary classifier has its
    own batch norms (selective batch normalization) and its own linear layer;
    the primary one, which alone is deployed, has seen clean statistics only.
    In the third term the primary prediction is fixed: input-aware self
    distillation as released. The last draws the linear layers together.

    Training batches have, beside what `Method` names, `views` [batch,
    num_views, height, width, 3] and `epoch` [batch], integers from 0. Without
    views, as in validation, the auxiliary terms are 0.

    Args:
        classifier: The primary classifier; see `Method`.
        num_views: Number of corruptions, and of auxiliary classifiers.
        auxiliary_weight: Of the two auxiliary terms.
        merging_epoch: First epoch with the penalty on differing weights.
        label_smoothing: See `Method`; of the labels' terms.

    Raises:
        ValueError: If there is no view, or the weight is not positive.
    """

    term_names = (
        "classification_loss",
        "auxiliary_loss",
        "self_distillation_loss",
        "merging_loss",
    )

    def __init__(
        self,
        classifier: keras.Model,
        num_views: int,
        auxiliary_weight: float = 0.05,
        merging_epoch: int = 0,
        **kwargs,
    ):
        super().__init__(classifier, **kwargs)
        if num_views < 1:
            raise ValueError(
                f"expected at least one corruption, received {num_views}; "
                "AuxTraining has an auxiliary classifier for each"
            )
        if auxiliary_weight <= 0:
            raise ValueError(
                "expected a positive auxiliary_weight, received "
                f"{auxiliary_weight}; 0.05 is published"
            )
        self.auxiliary_weight = auxiliary_weight
        self.merging_epoch = merging_epoch
        self.auxiliary_backbones = [
            with_own_norms(self.backbone, f"view{i}") for i in range(num_views)
        ]
        self.auxiliary_heads = [
            own_copy(self.head, f"view{i}") for i in range(num_views)
        ]
        self.mimicry = BatchError(_soft_cross_entropy)
        self.difference = BatchError(_squared_difference)

    @property
    def parts(self) -> dict[str, keras.layers.Layer]:
        """See the base class; all backbones share their convolutions."""
        auxiliaries = {}
        pairs = zip(self.auxiliary_backbones, self.auxiliary_heads, strict=True)
        for i, (backbone, head) in enumerate(pairs):
            auxiliaries |= {f"backbone{i}": backbone, f"head{i}": head}
        return {**super().parts, **auxiliaries}

    def call(self, batch, training=False):
        """Returns `features` and `logits` of the primary classifier.

        And `view_logits`, a list of [batch, classes], one for each view; it is
        empty where the batch has none.
        """
        outputs = super().call(batch, training=training)
        logits = []
        if "views" in batch:
            pairs = zip(
                self.auxiliary_backbones, self.auxiliary_heads, strict=True
            )
            for i, (backbone, head) in enumerate(pairs):
                features = backbone(batch["views"][:, i], training=training)
                logits.append(head(features, training=training))
        return {**outputs, "view_logits": logits}

    def loss_terms(self, batch, outputs) -> dict:
        """Adds the three auxiliary terms to the supervised one."""
        terms = super().loss_terms(batch, outputs)
        target = ops.one_hot(
            batch["label"], outputs["logits"].shape[-1], dtype="float32"
        )
        primary = ops.stop_gradient(outputs["logits"])
        labelled = mimicked = ops.zeros(())
        for logits in outputs["view_logits"]:
            labelled += self.cross_entropy(target, logits)
            mimicked += self.mimicry(primary, logits)
        terms["auxiliary_loss"] = self.auxiliary_weight * labelled
        terms["self_distillation_loss"] = self.auxiliary_weight * mimicked
        terms["merging_loss"] = ops.zeros(())
        if outputs["view_logits"]:
            terms["merging_loss"] = self._is_merging(batch) * self._distance()
        return terms

    def _is_merging(self, batch):
        """1 in the epochs of the penalty, 0 before."""
        is_late = ops.max(batch["epoch"]) >= self.merging_epoch
        return ops.cast(is_late, "float32")

    def _distance(self):
        """Squared distance of the linear layers, over the auxiliaries."""
        primary = self.head.get_layer("logits")
        total = ops.zeros(())
        for i, head in enumerate(self.auxiliary_heads):
            auxiliary = head.get_layer(f"logits_view{i}")
            for one, other in zip(
                primary.trainable_weights,
                auxiliary.trainable_weights,
                strict=True,
            ):
                total += self.difference(
                    ops.convert_to_tensor(one), ops.convert_to_tensor(other)
                )
        return total


def _soft_cross_entropy(target_logits, logits):
    """Cross-entropy of a prediction against another one, mean over a batch."""
    target = ops.softmax(target_logits)
    return -ops.mean(ops.sum(target * ops.log_softmax(logits), axis=-1))


def _squared_difference(one, other):
    return ops.sum(ops.square(one - other))
