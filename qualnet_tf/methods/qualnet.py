"""QualNet: cross-entropy and a quality loss through a frozen inverse.

"Quality-Agnostic Image Recognition via Invertible Decoder", CVPR 2021,
Equations 4 and 6, Algorithm 1.
"""

import keras

from qualnet_tf.methods.method import Method
from qualnet_tf.models.decoders import InverseDecoder


class QualNet(Method):
    """Asks that features of a degraded image decode to the clean one.

        objective = cross_entropy(head(features), label)
            + quality_weight * mean |clean_image - decoder(connector(features))|

    with both images in the network's normalised pixels, without clipping.

    Args:
        classifier: See `Method`.
        connector: Model of `models.connector.build_connector`, trained along.
        decoder: Frozen inverse of a stage-1 network.
        quality_weight: lambda of Eq. 6; 0 gives the supervised update.
        label_smoothing: See `Method`.

    Raises:
        ValueError: If the weight is negative.
    """

    term_names = ("classification_loss", "quality_loss")

    def __init__(
        self,
        classifier: keras.Model,
        connector: keras.Model,
        decoder: InverseDecoder,
        quality_weight: float,
        **kwargs,
    ):
        super().__init__(classifier, **kwargs)
        if quality_weight < 0:
            raise ValueError(
                "expected a quality_weight of at least 0, received "
                f"{quality_weight}"
            )
        self.connector = connector
        self.decoder = decoder
        self.quality_weight = quality_weight
        self.absolute_error = keras.losses.MeanAbsoluteError()

    @property
    def frozen_weights(self) -> list[keras.Variable]:
        """The decoder's weights and batch norm statistics."""
        return self.decoder.weights

    def reconstruct(self, features):
        """Decodes backbone features to images [batch, height, width, 3]."""
        return self.decoder(self.connector(features))

    def loss_terms(self, batch, outputs) -> dict:
        """Adds the weighted `quality_loss` to the supervised term."""
        terms = super().loss_terms(batch, outputs)
        error = self.absolute_error(
            self.decoder.normalize(batch["clean_image"]),
            self.decoder.normalize(self.reconstruct(outputs["features"])),
        )
        terms["quality_loss"] = self.quality_weight * error
        return terms
