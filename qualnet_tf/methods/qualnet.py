"""QualNet: cross-entropy and a quality loss through a frozen inverse.

"Quality-Agnostic Image Recognition via Invertible Decoder", CVPR 2021,
Equations 4 and 6, Algorithm 1.
"""

import math

import keras
from keras import ops

from qualnet_tf.methods.method import Method
from qualnet_tf.models.decoders import InverseDecoder


class QualNet(Method):
    """Asks that features of a degraded image decode to the clean one.

        objective = cross_entropy(head(features), label)
            + quality_weight * mean |clean_image - decoder(connector(features))|

    with both images in the network's normalised pixels, without clipping. A
    decoder for smaller images has the clean image averaged down as target.

    Args:
        classifier: See `Method`.
        connector: Model of `models.connector.build_connector`, trained along.
        decoder: Frozen inverse of a stage-1 network.
        quality_weight: lambda of Eq. 6; 0 gives the supervised update.
        decoder_fraction: Share of the batch that is decoded, in (0, 1]: the
            first `ceil(decoder_fraction * batch)` images of it (of each
            replica's part). The mean is over those, so in shuffled batches
            its expectation is that of the whole; only its noise grows.
        label_smoothing: See `Method`.

    Raises:
        ValueError: If the weight is negative or the fraction not in (0, 1].
    """

    term_names = ("classification_loss", "quality_loss")

    def __init__(
        self,
        classifier: keras.Model,
        connector: keras.Model,
        decoder: InverseDecoder,
        quality_weight: float,
        decoder_fraction: float = 1.0,
        **kwargs,
    ):
        super().__init__(classifier, **kwargs)
        if quality_weight < 0:
            raise ValueError(
                "expected a quality_weight of at least 0, received "
                f"{quality_weight}"
            )
        if not 0 < decoder_fraction <= 1:
            raise ValueError(
                "expected a decoder_fraction above 0 and at most 1, received "
                f"{decoder_fraction}; 1 decodes the whole batch"
            )
        self.connector = connector
        self.decoder = decoder
        self.quality_weight = quality_weight
        self.decoder_fraction = decoder_fraction
        self.absolute_error = keras.losses.MeanAbsoluteError()

    @property
    def frozen_weights(self) -> list[keras.Variable]:
        """The decoder's weights and batch norm statistics."""
        return self.decoder.weights

    @property
    def parts(self) -> dict[str, keras.layers.Layer]:
        """See the base class."""
        return {
            **super().parts,
            "connector": self.connector,
            "decoder": self.decoder,
        }

    def reconstruct(self, features):
        """Decodes backbone features to images [batch, side, side, 3].

        The side is that of the decoder's own images.
        """
        return self.decoder(self.connector(features))

    def loss_terms(self, batch, outputs) -> dict:
        """Adds the weighted `quality_loss` to the supervised term."""
        terms = super().loss_terms(batch, outputs)
        clean = self._decoded_part(batch["clean_image"])
        decoded = outputs.get("reconstruction")
        if decoded is None:
            features = self._decoded_part(outputs["features"])
            decoded = self.reconstruct(features)
        error = self.absolute_error(
            self.decoder.normalize(self.decoder.shrink(clean)),
            self.decoder.normalize(decoded),
        )
        terms["quality_loss"] = self.quality_weight * error
        return terms

    def _decoded_part(self, values):
        """Returns the first entries, the share that is decoded."""
        if self.decoder_fraction == 1:
            return values
        return values[: _part_size(self.decoder_fraction, values)]


# How far 0.07 * 100 and its like may lie above the whole number they mean.
_ROUNDING = 1e-9


def _part_size(fraction: float, values):
    """Returns `ceil(fraction * batch)`, at least 1.

    A number where the batch axis is known, and so are then all shapes behind
    it; else (TensorFlow only) a scalar tensor.
    """
    size = ops.shape(values)[0]
    if isinstance(size, int):
        return max(1, math.ceil(fraction * size - _ROUNDING))
    part = ops.ceil(fraction * ops.cast(size, "float64") - _ROUNDING)
    return ops.maximum(ops.cast(part, "int32"), 1)
