"""Knowledge distillation: the student's logits follow the softened teacher's.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015),
section 2. Temperature 4 and the weights 0.9 and 0.1 are those of Tian, Krishnan
and Isola, "Contrastive Representation Distillation" (ICLR 2020), appendix.
"""

from keras import ops

from qualnet_tf.methods.distillation import Distillation


class KD(Distillation):
    """Shares the objective between hard labels and soft ones.

        objective = (1 - w) * cross_entropy
            + w * T**2 * KL(softmax(teacher / T) || softmax(student / T))

    T**2 keeps the gradient's size while T changes.

    Args:
        classifier: See `Distillation`.
        teacher: See `Distillation`.
        distillation_weight: w, in [0, 1].
        temperature: T.

    Raises:
        ValueError: If w is not in [0, 1] or T is not positive.
    """

    published_weight = 0.9

    def __init__(
        self,
        classifier,
        teacher,
        distillation_weight=None,
        temperature=4.0,
        **kwargs,
    ):
        super().__init__(classifier, teacher, distillation_weight, **kwargs)
        if self.distillation_weight > 1:
            raise ValueError(
                "expected a distillation_weight of at most 1, received "
                f"{self.distillation_weight}; cross-entropy has the rest"
            )
        if temperature <= 0:
            raise ValueError(
                f"expected a positive temperature, received {temperature}; "
                "4 is usual"
            )
        self.temperature = temperature

    def error(self, teacher, student):
        """See the base class."""
        return soft_target_error(
            teacher["logits"], student["logits"], self.temperature
        )

    def loss_terms(self, batch, outputs) -> dict:
        """The supervised term has what the soft targets leave."""
        terms = super().loss_terms(batch, outputs)
        terms["classification_loss"] *= 1.0 - self.distillation_weight
        return terms


def soft_target_error(teacher_logits, student_logits, temperature: float):
    """T**2 times the mean divergence of softened predictions.

    Args:
        teacher_logits: `[batch, classes]`.
        student_logits: `[batch, classes]`.
        temperature: T, positive.
    """
    target = ops.log_softmax(teacher_logits / temperature)
    predicted = ops.log_softmax(student_logits / temperature)
    divergence = ops.sum(ops.exp(target) * (target - predicted), axis=-1)
    return temperature**2 * ops.mean(divergence)
