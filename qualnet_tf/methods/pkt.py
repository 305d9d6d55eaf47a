"""PKT: the student's batch is neighbours as the teacher's is.

Passalis and Tefas, "Learning Deep Representations with Probabilistic Knowledge
Transfer" (ECCV 2018), with the cosine kernel. Of the embeddings, weight 30,000
and the mean over all pairs: Tian, Krishnan and Isola, "Contrastive
Representation Distillation" (ICLR 2020), appendix and released code.
"""

from keras import ops

from qualnet_tf.methods.distillation import Distillation

_EPSILON = 1e-7


class PKT(Distillation):
    """Compares who is near to whom, with no layer between the two spaces."""

    published_weight = 30_000.0

    def error(self, teacher, student):
        """See the base class."""
        return neighbourhood_error(teacher["embedding"], student["embedding"])


def neighbourhood_error(teacher_embedding, student_embedding):
    """Divergence of two batches' neighbourhoods, over all pairs.

        p_ij = k_ij / sum_j k_ij,  k_ij = (cos(x_i, x_j) + 1) / 2
        error = mean_ij p_ij log(p_ij / q_ij)

    Args:
        teacher_embedding: `[batch, channels]`, gives p.
        student_embedding: `[batch, other_channels]`, gives q.
    """
    target = _neighbourhood(teacher_embedding)
    predicted = _neighbourhood(student_embedding)
    ratio = (target + _EPSILON) / (predicted + _EPSILON)
    return ops.mean(target * ops.log(ratio))


def _neighbourhood(embedding):
    """Conditional probabilities `[batch, batch]`."""
    squares = ops.sum(ops.square(embedding), axis=1, keepdims=True)
    # The square root of zero has no derivative.
    length = ops.sqrt(ops.maximum(squares, _EPSILON**2))
    direction = embedding / (length + _EPSILON)
    cosine = ops.matmul(direction, ops.transpose(direction))
    similarity = (cosine + 1.0) / 2.0
    return similarity / ops.sum(similarity, axis=1, keepdims=True)
