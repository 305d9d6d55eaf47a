"""ANT: training on the noise that the classifier likes least.

Rusak et al., "A simple way to make neural networks robust against diverse
image corruptions", ECCV 2020, section 3.2, Equation 3.
"""

import keras
from keras import ops

from qualnet_tf.methods.method import Method
from qualnet_tf.models.noise_generator import (
    build_noise_generator,
    reverse_gradient,
    scale_noise,
)

# What a batch's `noise_kind` says of an image: kept as it is, with the
# generator's noise, or with plain Gaussian noise.
CLEAN, GENERATED, GAUSSIAN = 0, 1, 2


class ANT(Method):
    """Minimises the cross-entropy that a noise generator maximises.

        min over classifier, max over generator:
            cross_entropy(clip(image + noise), label)

    The noise of an image has a fixed size (`scale_noise`). Both play in one
    step: a reversed gradient lets the generator climb while the classifier
    descends, where the authors alternate between two optimizers. Instead of
    their memory of earlier generators a share of the noise is plain Gaussian,
    which is what the generator starts from.

    Training batches have, beside what `Method` names, `noise` [batch, height +
    2, width + 2, 3], standard normal, and `noise_kind` [batch], one of CLEAN,
    GENERATED and GAUSSIAN. Validation has neither, and no noise.

    Args:
        classifier: See `Method`.
        noise_deviation: Root mean square of the noise, for images in [0, 1].
        generator_rate: The generator's learning rate as a share of the
            classifier's.
        label_smoothing: See `Method`.

    Raises:
        ValueError: If an argument is not positive.
    """

    def __init__(
        self,
        classifier: keras.Model,
        noise_deviation: float = 0.35,
        generator_rate: float = 1.0,
        **kwargs,
    ):
        super().__init__(classifier, **kwargs)
        for name, value in (
            ("noise_deviation", noise_deviation),
            ("generator_rate", generator_rate),
        ):
            if value <= 0:
                raise ValueError(
                    f"expected a positive {name}, received {value}; method "
                    "supervised trains without noise"
                )
        self.noise_deviation = noise_deviation
        self.generator_rate = generator_rate
        self.noise_generator = build_noise_generator(classifier.input_shape[1])

    @property
    def parts(self) -> dict[str, keras.layers.Layer]:
        """See the base class."""
        return {**super().parts, "noise_generator": self.noise_generator}

    def call(self, batch, training=False):
        """Returns `features` and `logits`, in training of noisy images."""
        if training and "noise" in batch:
            batch = {**batch, "image": self.add_noise(batch)}
        return super().call(batch, training=training)

    def add_noise(self, batch):
        """Returns the batch's images, clean or with one of the two noises."""
        noise = batch["noise"]
        kind = ops.reshape(batch["noise_kind"], (-1, 1, 1, 1))
        generated = scale_noise(
            self.noise_generator(noise), self.noise_deviation
        )
        generated = reverse_gradient(generated, self.generator_rate)
        gaussian = scale_noise(noise[:, 1:-1, 1:-1], self.noise_deviation)
        chosen = ops.where(kind == GENERATED, generated, gaussian)
        noisy = ops.clip(batch["image"] + chosen, 0.0, 1.0)
        return ops.where(kind == CLEAN, batch["image"], noisy)
