"""SP: pictures that are alike to the teacher are alike to the student.

Tung and Mori, "Similarity-Preserving Knowledge Distillation" (ICCV 2019),
Equations 1 to 4, of the last maps. Weight 3,000: Tian, Krishnan and Isola,
"Contrastive Representation Distillation" (ICLR 2020), appendix.
"""

from keras import ops

from qualnet_tf.methods.distillation import Distillation

_SMALLEST_NORM = 1e-12


class SP(Distillation):
    """Compares the Gram matrices of a batch's maps."""

    published_weight = 3_000.0

    def error(self, teacher, student):
        """See the base class."""
        return similarity_error(teacher["features"], student["features"])


def similarity_error(teacher_features, student_features):
    """Squared Frobenius distance of two normalised Gram matrices.

        G = normalised rows of Q Q^T,  Q = maps as rows
        error = |G_teacher - G_student|^2 / batch^2

    Args:
        teacher_features: `[batch, height, width, channels]`.
        student_features: The same of any other shape behind the batch.
    """
    difference = _similarity(teacher_features) - _similarity(student_features)
    return ops.mean(ops.square(difference))


def _similarity(features):
    """Row-normalised Gram matrix `[batch, batch]`."""
    rows = ops.reshape(features, (ops.shape(features)[0], -1))
    gram = ops.matmul(rows, ops.transpose(rows))
    squares = ops.sum(ops.square(gram), axis=1, keepdims=True)
    # The square root of zero has no derivative.
    return gram / ops.sqrt(ops.maximum(squares, _SMALLEST_NORM**2))
