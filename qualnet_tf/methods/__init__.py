"""Ways of learning: what a training step minimises."""

from qualnet_tf.registry import Registry

_METHODS = Registry(
    "method",
    {
        "supervised": "qualnet_tf.methods.supervised:Supervised",
        "qualnet": "qualnet_tf.methods.qualnet:QualNet",
    },
)
names, get = _METHODS.names, _METHODS.get
