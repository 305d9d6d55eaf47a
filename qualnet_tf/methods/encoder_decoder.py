"""The encoder-decoder ablation: QualNet whose decoder is trained along.

"Quality-Agnostic Image Recognition via Invertible Decoder", CVPR 2021, Table 6.
In one stage, on the training mix, it is "decoder"; on clean images first, and
its decoder then frozen behind a fresh backbone by `qualnet`, it is the decoder
in two stages without invertibility. It has the architecture of the inverse
either way, so that nothing but its training differs.
"""

import keras

from qualnet_tf.methods.qualnet import QualNet
from qualnet_tf.models.decoders import InverseDecoder


class EncoderDecoder(QualNet):
    """QualNet's objective (Eq. 6) with a decoder that learns as well.

    Args:
        classifier: See `Method`.
        connector: See `QualNet`.
        decoder: A trainable one, of `models.decoders.build_decoder`.
        quality_weight: See `QualNet`.
        decoder_fraction: See `QualNet`; batch norm sees that part alone.
        label_smoothing: See `Method`.

    Raises:
        ValueError: If the decoder is frozen.
    """

    def __init__(
        self,
        classifier: keras.Model,
        connector: keras.Model,
        decoder: InverseDecoder,
        quality_weight: float,
        **kwargs,
    ):
        if not decoder.trainable:
            raise ValueError(
                "expected a trainable decoder, received a frozen one; method "
                "qualnet takes that"
            )
        super().__init__(
            classifier, connector, decoder, quality_weight, **kwargs
        )

    @property
    def frozen_weights(self) -> list[keras.Variable]:
        """None: all parts learn."""
        return []

    def call(self, batch, training=False):
        """Returns the dictionary of `Method` and the `reconstruction`.

        It is decoded here, where it is known whether batch norm is to use the
        statistics of the batch.
        """
        outputs = super().call(batch, training=training)
        encoded = self.connector(self._decoded_part(outputs["features"]))
        decoded = self.decoder(encoded, training=training)
        return {**outputs, "reconstruction": decoded}
