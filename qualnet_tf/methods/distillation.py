"""The base of the distillation baselines: a frozen teacher beside the student.

The teacher is the stage-1 invertible classifier, as for the decoder, so that
the baselines of the paper's Table 1 and QualNet learn from one network. It sees
the clean image, on which alone it was trained, while the student sees the
degraded one: that is what makes clean features the target.
"""

import keras
from keras import ops

from qualnet_tf.methods.batch_error import BatchError
from qualnet_tf.methods.method import Method
from qualnet_tf.models.classifier import split_classifier


class Distillation(Method):
    """Adds a weighted term that compares a student with its teacher.

        objective = cross_entropy(head(features), label)
            + distillation_weight * error(student, teacher)

    A baseline overrides `error` and names its published weight. What is
    compared stands in dictionaries: `features`, the last map
    [batch, height, width, channels]; `embedding`, what enters the linear layer
    [batch, channels]; `logits` [batch, classes]. Errors are those of each
    replica's part of the batch.

    Args:
        classifier: The student; see `Method`.
        teacher: Classifier of `models.teachers.load_teacher`, frozen.
        distillation_weight: Weight of the term; None takes the published one.
        label_smoothing: See `Method`.

    Raises:
        ValueError: If the weight is negative.
    """

    term_names = ("classification_loss", "distillation_loss")
    published_weight: float

    def __init__(
        self,
        classifier: keras.Model,
        teacher: keras.Model,
        distillation_weight: float | None = None,
        **kwargs,
    ):
        super().__init__(classifier, **kwargs)
        if distillation_weight is None:
            distillation_weight = self.published_weight
        if distillation_weight < 0:
            raise ValueError(
                "expected a distillation_weight of at least 0, received "
                f"{distillation_weight}; 0 leaves cross-entropy alone"
            )
        self.distillation_weight = distillation_weight
        self.teacher = teacher
        self.teacher.trainable = False
        self.student_parts = _parts(classifier)
        self.teacher_parts = _parts(teacher)
        self.comparison = BatchError(self.error)

    @property
    def frozen_weights(self) -> list[keras.Variable]:
        """The teacher's weights and batch norm statistics."""
        return self.teacher.weights

    @property
    def parts(self) -> dict[str, keras.layers.Layer]:
        """See the base class."""
        return {**super().parts, "teacher": self.teacher}

    def call(self, batch, training=False):
        """Returns a dictionary: `features`, `embedding` and `logits`."""
        features = self.backbone(batch["image"], training=training)
        embedding, logits = self.student_parts(features, training=training)
        return {
            "features": features,
            "embedding": embedding,
            "logits": logits,
        }

    def teach(self, batch) -> dict:
        """Returns what the teacher makes of the clean images."""
        backbone, _ = split_classifier(self.teacher)
        features = backbone(batch["clean_image"], training=False)
        embedding, logits = self.teacher_parts(features, training=False)
        outputs = {
            "features": features,
            "embedding": embedding,
            "logits": logits,
        }
        return {
            name: ops.stop_gradient(value) for name, value in outputs.items()
        }

    def error(self, teacher: dict, student: dict):
        """Returns how far a student is from its teacher, a scalar."""
        raise NotImplementedError

    def loss_terms(self, batch, outputs) -> dict:
        """Adds the weighted `distillation_loss` to the supervised term."""
        terms = super().loss_terms(batch, outputs)
        error = self.comparison(self.teach(batch), outputs)
        terms["distillation_loss"] = self.distillation_weight * error
        return terms


def _parts(classifier: keras.Model) -> keras.Model:
    """A head's layers again: features -> embedding, logits."""
    _, head = split_classifier(classifier)
    return keras.Model(
        head.inputs, [head.get_layer("logits").input, head.outputs[0]]
    )
