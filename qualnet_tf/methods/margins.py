"""Margin losses of face recognition: what they make of the target's logit.

Each is a function of the scaled cosines s * cos(angle) that
`models.cosine_logits` gives; only the logit of an image's own identity is
changed, made smaller, so that training asks for more than a right answer.
Everything is float32.
"""

import dataclasses
import math
from collections.abc import Callable

from keras import ops

# The arc cosine's gradient is infinite at the ends; so near to them it is 71.
_MAX_COSINE = 1 - 1e-4


def cosface(cosine, margin: float):
    """`cos(angle) - margin` (Wang et al., "CosFace", CVPR 2018, Eq. 4)."""
    return cosine - margin


def arcface(cosine, margin: float):
    """`cos(angle + margin)` (Deng et al., "ArcFace", CVPR 2019, Eq. 3).

    Past an angle of pi - margin, where that would rise again, the logit goes
    on falling as `cos(angle) - margin * sin(margin)`, as in the authors' code.
    """
    cosine_in = ops.clip(cosine, -_MAX_COSINE, _MAX_COSINE)
    sine = ops.sqrt(1 - ops.square(cosine_in))
    moved = cosine_in * math.cos(margin) - sine * math.sin(margin)
    beyond = cosine - margin * math.sin(margin)
    return ops.where(cosine > math.cos(math.pi - margin), moved, beyond)


def sphereface(cosine, margin: float):
    """`(-1)^k cos(margin * angle) - 2 k` with k = floor(margin * angle / pi).

    Liu et al., "SphereFace", CVPR 2017, Eq. 7, in the form with a fixed scale
    instead of the embedding's length and without annealing, which trains at
    the margin of 1.35 of ArcFace's comparison.
    """
    angle = ops.arccos(ops.clip(cosine, -_MAX_COSINE, _MAX_COSINE))
    # A step function: its gradient is zero.
    k = ops.floor(margin * angle / math.pi)
    sign = 1 - 2 * ops.mod(k, 2.0)
    return sign * ops.cos(margin * angle) - 2 * k


# Name -> function, usual margin, largest margin at which the target's logit
# still falls with the angle (exclusive; SphereFace has none).
MARGINS: dict[str, tuple[Callable, float, float]] = {
    "cosface": (cosface, 0.25, 2.0),
    "arcface": (arcface, 0.5, math.pi / 2),
    "sphereface": (sphereface, 1.35, math.inf),
}


@dataclasses.dataclass(frozen=True)
class Margin:
    """A margin loss with its numbers; called before the cross-entropy.

    Args:
        name: cosface, arcface or sphereface.
        margin: Its margin: a cosine, an angle in radians, or a factor of the
            angle.
        scale: Factor of the cosines in the logits.

    Raises:
        ValueError: If there is no such loss, or a number is out of range.
    """

    name: str = "cosface"
    margin: float = 0.25
    scale: float = 30.0

    def __post_init__(self):
        if self.name not in MARGINS:
            raise ValueError(
                f"unknown margin loss {self.name!r}: expected one of "
                f"{', '.join(MARGINS)}"
            )
        _, usual, end = MARGINS[self.name]
        lowest = 1.0 if self.name == "sphereface" else 0.0
        if not lowest <= self.margin < end:
            raise ValueError(
                f"margin={self.margin}: expected at least {lowest:g} and less "
                f"than {end:.4g} with {self.name}; {usual} is usual"
            )
        if not self.scale > 0:
            raise ValueError(
                f"scale={self.scale}: expected a number above 0; 30 is the "
                "paper's"
            )

    def __call__(self, logits, target):
        """Returns the logits with the margin at the target.

        Args:
            logits: float32 [batch, classes], `scale` times the cosines.
            target: One-hot float32 [batch, classes].
        """
        function = MARGINS[self.name][0]
        logits = ops.cast(logits, "float32")
        # Only the target's own entry goes through the function: the arc
        # cosine of all would cost as much as the softmax.
        cosine = ops.sum(logits * target, axis=-1, keepdims=True) / self.scale
        change = self.scale * (function(cosine, self.margin) - cosine)
        return logits + target * change
