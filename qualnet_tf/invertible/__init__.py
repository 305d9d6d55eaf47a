"""Networks that run backwards: inverse(call(x)) == x.

A member is a zero-argument factory that returns an un-built
`InvertibleSequence`: image `[batch, height, width, 3]` in [0, 1] in, feature
map `[batch, height, width, channels]` out, and back.
"""

from qualnet_tf.registry import Registry

_NETWORKS = Registry(
    "invertible network",
    {
        "irevnet300": "qualnet_tf.invertible.irevnet:irevnet300",
        "irevnet300_half": "qualnet_tf.invertible.irevnet:irevnet300_half",
        "irevnet300_lm": "qualnet_tf.invertible.irevnet:irevnet300_lm",
        "irevnet300_lm_wide": (
            "qualnet_tf.invertible.irevnet:irevnet300_lm_wide"
        ),
        "irevnet_lm_small": "qualnet_tf.invertible.irevnet:irevnet_lm_small",
        "irevnet96": "qualnet_tf.invertible.irevnet:irevnet96",
        "irevnet_cifar": "qualnet_tf.invertible.irevnet:irevnet_cifar",
        "irevnet_small": "qualnet_tf.invertible.irevnet:irevnet_small",
        "irevnet_small_half": (
            "qualnet_tf.invertible.irevnet:irevnet_small_half"
        ),
        "irevnet_mini": "qualnet_tf.invertible.irevnet:irevnet_mini",
        "irevnet_tiny": "qualnet_tf.invertible.irevnet:irevnet_tiny",
    },
)
names, get = _NETWORKS.names, _NETWORKS.get
