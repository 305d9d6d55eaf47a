"""Softmax cross-entropy alone.

With clean images this is stage 1 (on an invertible network) or the vanilla
network; with the training mix it is naive augmentation; with one corruption a
specialised network. The flagfile carries the paper's name for each.
"""

from qualnet_tf.methods.method import Method


class Supervised(Method):
    """Minimises the cross-entropy of `image` (paper, Eq. 1)."""
