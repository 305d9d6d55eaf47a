"""FitNet: a regressed student map follows the teacher's.

Romero et al., "FitNets: Hints for Thin Deep Nets" (ICLR 2015), with the last
map of both networks as hint and guided layer and the L1 norm, as in QualNet's
Equation 3; `hint_norm="l2"` is the original's. Weight 100: Tian, Krishnan and
Isola, "Contrastive Representation Distillation" (ICLR 2020), appendix.
"""

import keras
from keras import ops

from qualnet_tf.methods.distillation import Distillation
from qualnet_tf.models.connector import build_connector

HINT_NORMS = ("l1", "l2")


class FitNet(Distillation):
    """Regresses the teacher's last map from the student's.

    The regressor is QualNet's connector, one 3x3 convolution, trained along and
    not exported: what differs from QualNet is the space of the comparison.

    Args:
        classifier: See `Distillation`.
        teacher: See `Distillation`.
        distillation_weight: See `Distillation`.
        hint_norm: "l1", mean absolute difference, or "l2", mean squared one.

    Raises:
        ValueError: If the two maps have different grids, or the norm is
            another.
    """

    published_weight = 100.0

    def __init__(
        self,
        classifier,
        teacher,
        distillation_weight=None,
        hint_norm="l1",
        **kwargs,
    ):
        super().__init__(classifier, teacher, distillation_weight, **kwargs)
        if hint_norm not in HINT_NORMS:
            raise ValueError(
                f"hint_norm: expected one of {', '.join(HINT_NORMS)}, received "
                f"{hint_norm!r}; l1 is Equation 3"
            )
        self.hint_norm = hint_norm
        self.regressor = build_connector(*feature_shapes(classifier, teacher))

    @property
    def parts(self) -> dict[str, keras.layers.Layer]:
        """See the base class."""
        return {**super().parts, "regressor": self.regressor}

    def error(self, teacher, student):
        """See the base class."""
        regressed = self.regressor(student["features"])
        return hint_error(teacher["features"], regressed, self.hint_norm)


def feature_shapes(
    classifier: keras.Model, teacher: keras.Model
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Returns the shapes of a student's and its teacher's last map."""
    student, taught = (
        tuple(model.layers[2].input.shape[1:])
        for model in (classifier, teacher)
    )
    return student, taught


def hint_error(teacher_features, regressed, norm: str):
    """Mean difference of two maps.

    Args:
        teacher_features: `[batch, height, width, channels]`.
        regressed: The same from the student.
        norm: One of `HINT_NORMS`.
    """
    difference = teacher_features - regressed
    if norm == "l1":
        return ops.mean(ops.abs(difference))
    return ops.mean(ops.square(difference))
