"""The base of every way of learning: named loss terms and the training step."""

import keras
from keras import ops

from qualnet_tf.methods.margins import Margin
from qualnet_tf.models.classifier import split_classifier


class Method(keras.Model):
    """A classifier and what its training minimises.

    A method overrides `loss_terms` (and names its terms in `term_names`);
    everything else - the sum, the step, the metrics - stands here once.

    The batch is a dictionary: `image` [batch, height, width, 3], what the
    backbone sees; `clean_image`, the same before corruption; both float32 in
    [0, 1]; `label` [batch], integers. Validation may add `weight` [batch],
    what an image counts in the metrics, one number for a whole batch: where an
    image is shown to every replica it is their share.

    Args:
        classifier: Model of `models.classifier.build_classifier`.
        label_smoothing: Share of the target spread over all classes.
        margin: Margin loss of a face network, which changes the target's
            logit before the cross-entropy; None leaves the logits alone.
    """

    term_names: tuple[str, ...] = ("classification_loss",)

    def __init__(
        self,
        classifier: keras.Model,
        label_smoothing: float = 0.0,
        margin: Margin | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.margin = margin
        self.classifier = classifier
        self.backbone, self.head = split_classifier(classifier)
        # Terms are keras.losses.Loss instances: Keras divides those by the
        # number of replicas, which plain functions would miss.
        self.cross_entropy = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=label_smoothing
        )
        # Parts in which a step takes its batch, see `train_step`.
        self.accumulation_steps = 1
        # Replaced by a compiled one where only that part can be.
        self.compute_gradients = self._gradients
        self.term_means = [
            keras.metrics.Mean(name=name) for name in self.term_names
        ]
        self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    @property
    def frozen_weights(self) -> list[keras.Variable]:
        """Weights that no step changes; checkpoints leave them out."""
        return []

    @property
    def parts(self) -> dict[str, keras.layers.Layer]:
        """All networks that a step runs, by name, the deployed two first."""
        return {"backbone": self.backbone, "head": self.head}

    def build(self, input_shape=None):
        """Marks the method as built: its parts already are."""
        self.built = True

    def call(self, batch, training=False):
        """Returns a dictionary: `features` of the last map, and `logits`."""
        features = self.backbone(batch["image"], training=training)
        logits = self.head(features, training=training)
        return {"features": features, "logits": logits}

    def loss_terms(self, batch, outputs) -> dict:
        """Returns the weighted terms of the objective by name.

        Args:
            batch: See the class.
            outputs: What `call` returned for it.

        Returns:
            Term name -> scalar, exactly those of `term_names`; the objective
            is their sum.
        """
        num_classes = outputs["logits"].shape[-1]
        target = ops.one_hot(batch["label"], num_classes, dtype="float32")
        logits = outputs["logits"]
        if self.margin is not None:
            logits = self.margin(logits, target)
        return {"classification_loss": self.cross_entropy(target, logits)}

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Sums `loss_terms`: the objective that both backends share."""
        del y, sample_weight, training
        terms = self.loss_terms(x, y_pred)
        for mean in self.term_means:
            mean.update_state(
                _unscaled(terms[mean.name]), sample_weight=_num_images(x)
            )
        return sum(terms.values())

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Updates the accuracy and returns all metrics by name."""
        self.accuracy.update_state(
            x["label"], y_pred["logits"], sample_weight=x.get("weight")
        )
        return self.get_metrics_result()

    def get_metrics_result(self):
        """Returns all metrics by name; `loss` is the sum of the terms."""
        results = super().get_metrics_result()
        terms = [mean.result() for mean in self.term_means]
        return {**results, "loss": sum(terms)}

    def train_step(self, *args):
        """One step of Algorithm 1: forward, objective, gradient, update.

        The gradient flows through the frozen inverse (where a method has
        one) into connector and backbone. On JAX, Keras's own stateless step
        is used around the same `compute_loss`.

        With `accumulation_steps` the batch is taken in so many equal parts,
        one after the other, for the memory of one; the update is that of
        their mean gradient (TensorFlow alone).
        """
        if keras.backend.backend() != "tensorflow":
            return super().train_step(*args)
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(args[0])
        if self.accumulation_steps == 1:
            gradients = self.compute_gradients(batch)
        else:
            gradients = self._mean_gradients(batch)
        self.optimizer.apply(gradients, self.trainable_weights)
        return self.get_metrics_result()

    def _gradients(self, batch) -> list:
        """Returns the objective's gradients; metrics are updated."""
        # The tape is the one thing that Keras does not offer for both
        # backends; imported here so that the module loads without TensorFlow.
        from tensorflow import GradientTape

        with GradientTape() as tape:
            outputs = self(batch, training=True)
            loss = self.compute_loss(x=batch, y_pred=outputs)
            scaled_loss = self.optimizer.scale_loss(loss)
        self.compute_metrics(batch, None, outputs)
        return tape.gradient(scaled_loss, self.trainable_weights)

    def _mean_gradients(self, batch) -> list:
        """As `_gradients`, over the parts of a batch."""
        from tensorflow import control_dependencies, identity

        count = self.accumulation_steps
        size = ops.shape(batch["label"])[0] // count
        sums: list = []
        for number in range(count):
            # Otherwise the parts would be computed side by side, with all
            # their activations in memory.
            with control_dependencies([x for x in sums if x is not None]):
                part = {
                    name: identity(value[number * size : (number + 1) * size])
                    for name, value in batch.items()
                }
            gradients = self.compute_gradients(part)
            sums = [
                one if other is None else one + other
                for one, other in zip(
                    gradients, sums or [None] * len(gradients), strict=True
                )
            ]
        return [None if x is None else x / count for x in sums]

    def test_step(self, *args):
        """The same objective and metrics, without an update."""
        if keras.backend.backend() != "tensorflow":
            return super().test_step(*args)
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(args[0])
        outputs = self(batch, training=False)
        self.compute_loss(x=batch, y_pred=outputs, training=False)
        return self.compute_metrics(batch, None, outputs)


def _num_images(batch):
    """What a batch's terms count: its images, or the sum of their weights."""
    if "weight" in batch:
        return ops.sum(batch["weight"])
    return ops.cast(ops.shape(batch["label"])[0], "float32")


def _unscaled(loss):
    """Undoes Keras's division by the number of replicas, for the log.

    A loss instance given an error of one returns just that share. The error
    keeps a batch axis: Keras does not scale what is a scalar already.
    """
    one, zero = ops.ones((1, 1)), ops.zeros((1, 1))
    share = keras.losses.MeanAbsoluteError()(one, zero)
    return loss / share
