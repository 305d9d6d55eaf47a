"""DeepCorrect: a frozen network learns to repair its worst filters.

Borkar and Karam, "DeepCorrect: Correcting DNN Models Against Image
Distortions", IEEE TIP 28(12), 2019.
"""

import keras

from qualnet_tf.methods.method import Method
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.corrected_convolution import CorrectedConvolution


class DeepCorrect(Method):
    """Minimises the cross-entropy over correction units alone.

    The units are part of the deployed classifier, whose cost they add to.

    Args:
        classifier: One of `models.correction.correct`.
        label_smoothing: See `Method`.

    Raises:
        ValueError: If the classifier has no correction unit.
    """

    def __init__(self, classifier: keras.Model, **kwargs):
        backbone, _ = split_classifier(classifier)
        units = [
            layer.unit
            for layer in getattr(backbone, "layers", ())
            if isinstance(layer, CorrectedConvolution)
        ]
        if not units:
            raise ValueError(
                "expected a classifier with correction units, received one "
                "without; models.correction.correct adds them"
            )
        super().__init__(classifier, **kwargs)
        self._units = units

    @property
    def frozen_weights(self) -> list[keras.Variable]:
        """The corrected network's weights and batch norm statistics."""
        learned = {id(w) for unit in self._units for w in unit.weights}
        return [w for w in self.classifier.weights if id(w) not in learned]

    @property
    def chosen_filters(self) -> dict[str, list[int]]:
        """Name of a corrected convolution -> its corrected channels."""
        return {
            layer.name: layer.filters
            for layer in self.backbone.layers
            if isinstance(layer, CorrectedConvolution)
        }
