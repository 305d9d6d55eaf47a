"""How far a mean over runs with other seeds would move with other seeds.

Student, "The probable error of a mean" (1908): with few runs the deviation
itself is uncertain, which a bootstrap of three numbers would hide.
"""

import math
from collections.abc import Sequence

from qualnet_tf.metrics.bootstrap import Interval

# 97.5 % points of Student's t by degrees of freedom, 1 to 30 (NIST/SEMATECH
# e-Handbook of Statistical Methods, table 1.3.6.7.2).
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
# Beyond the table the normal distribution's, which is at most 2 % less.
_NORMAL = 1.960


def seed_interval(values: Sequence[float]) -> Interval:
    """Returns the mean of values and its 95 % interval by Student's t.

    Args:
        values: One number per seed, at least two.

    Raises:
        ValueError: If there are fewer than two, or one is not finite.
    """
    count = len(values)
    if count < 2 or not all(map(math.isfinite, values)):
        raise ValueError(
            f"expected finite numbers of at least 2 seeds, received {values}; "
            "train another seed"
        )
    mean = math.fsum(values) / count
    variance = math.fsum((v - mean) ** 2 for v in values) / (count - 1)
    point = _T[count - 2] if count - 2 < len(_T) else _NORMAL
    reach = point * math.sqrt(variance / count)
    return Interval(mean, mean - reach, mean + reach)
