"""Networks that turn an image into the feature map before pooling.

A member is a function `factory(image_size) -> keras.Model`: image
`[batch, image_size, image_size, 3]` in [0, 1] in, last feature map
`[batch, height, width, channels]` out. Pixels are normalised inside.
"""

from qualnet_tf.registry import Registry

_BACKBONES = Registry(
    "backbone",
    {
        "resnet18": "qualnet_tf.backbones.resnet:resnet18",
        "resnet50": "qualnet_tf.backbones.resnet:resnet50",
        "resnet50_v1": "qualnet_tf.backbones.resnet:resnet50_v1",
        "resnext101_32x8d": "qualnet_tf.backbones.resnet:resnext101_32x8d",
        "cifar_resnet18": "qualnet_tf.backbones.resnet:cifar_resnet18",
        "resnet_small": "qualnet_tf.backbones.resnet:resnet_small",
        "resnet_tiny": "qualnet_tf.backbones.resnet:resnet_tiny",
        "lresnet50a_ir": "qualnet_tf.backbones.lresnet_ir:lresnet50a_ir",
        "lresnet_ir_small": "qualnet_tf.backbones.lresnet_ir:lresnet_ir_small",
        "lresnet_ir_tiny": "qualnet_tf.backbones.lresnet_ir:lresnet_ir_tiny",
    },
)
names, get = _BACKBONES.names, _BACKBONES.get
