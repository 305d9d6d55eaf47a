"""The contract that every layer with an inverse keeps."""

import keras
from keras import ops

from qualnet_tf.invertible import reversal


class InvertibleLayer(keras.layers.Layer):
    """A layer whose forward pass can be undone.

    `layer.inverse(layer(x))` equals `x`. Subclasses write the forward pass in
    `call`, its mirror in `_invert` and the shape in `compute_output_shape`;
    `build` and `inverse` of this class check what both directions need.

    What holds:

    - The equality is exact up to float32 rounding with `training=False` only.
      With `training=True` batch normalisation uses the statistics of the
      batch, which the way back does not know: a fresh network of three blocks
      is then off by more than the range of an image. `inverse` therefore
      always runs with `training=False`, and never updates a statistic.
    - Where `bijective` is true the other order holds as well:
      `layer(layer.inverse(z))` equals `z` for every `z`. A layer that pads
      is injective only: it reaches just a part of its output space.
    - The way back is made of differentiable operations, so a gradient flows
      from a reconstruction to the features it came from.
    - One tensor in, one tensor out, both `[batch, height, width, channels]`.
      Where a layer works on two halves they lie behind each other on the
      channel axis.
    - The layer computes in float32 whatever the global dtype policy says: a
      float16 residual stream is off by 1e-3 after a single block. Ask for
      another `dtype` explicitly if you must.

    - Besides the methods that use the layer's variables there are pure ones
      that are handed their values; `reversal` makes gradients of them that
      store no activation. What this class gives serves every layer whose
      `call` does in training what it does otherwise; one with statistics of
      the batch writes its own.

    What is not checked: that the values handed to `inverse` can come out of
    `call`, and that the statistics are the ones `call` used.

    Args:
        dtype: Precision of weights and arithmetic.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name`.
    """

    def __init__(self, *, dtype="float32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)

    @property
    def bijective(self) -> bool:
        """Whether `call(inverse(z)) == z` holds for every `z`."""
        return True

    def build(self, input_shape):
        """Notes the channels of both sides, for the checks.

        Args:
            input_shape: `(batch, height, width, channels)`; only `channels`
                must be known.

        Raises:
            ValueError: If the input has no such shape or the layer cannot
                take it.
        """
        channels = channels_of(input_shape, self.name)
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={-1: channels})
        self._output_channels = self.compute_output_shape(input_shape)[-1]
        super().build(input_shape)

    def inverse(self, outputs, training=False):
        """Returns the inputs that `call` turns into `outputs`.

        Args:
            outputs: Tensor `[batch, height, width, channels]` as `call`
                returns it.
            training: Only false is possible; see the class.

        Returns:
            Tensor of the layer's input shape.

        Raises:
            ValueError: If `training` is true, the layer is not built,
                `outputs` has another number of channels than `call` gives,
                or is symbolic.
        """
        if training:
            raise ValueError(
                f"layer {self.name!r} cannot be inverted with training=True: "
                "expected training=False, since the statistics of the batch "
                "that call used are not known on the way back; call with "
                "training=False too where the inverse must be exact"
            )
        return self._invert(self._checked(outputs))

    def decode(self, outputs, training=False):
        """Runs the inverse as a network of its own, which can be trained.

        With `training=True` batch norm uses, and moves, the statistics of the
        batch that passes in this direction: a decoder that is trained from
        features to images, and no inverse of `call` with the same batch.

        Args:
            outputs: As for `inverse`.
            training: False gives what `inverse` gives.

        Returns:
            Tensor of the layer's input shape.

        Raises:
            ValueError: As for `inverse`, `training` apart.
        """
        if not training:
            return self.inverse(outputs)
        return self._decode(self._checked(outputs))

    def _checked(self, outputs):
        """`outputs` as a tensor, or ValueError if it is not to be inverted."""
        if isinstance(outputs, keras.KerasTensor):
            # Keras would take the layers inside for layers of the model, and
            # their names are unique within their own block only.
            raise ValueError(
                f"layer {self.name!r} cannot be inverted here: expected a "
                "tensor of numbers, received a symbolic tensor of a "
                "functional model; call inverse in the call of a layer"
            )
        if not self.built:
            raise ValueError(
                f"layer {self.name!r} cannot be inverted: expected a built "
                "layer, received one that has seen no input shape; call "
                "build(input_shape) or the layer itself first"
            )
        outputs = ops.convert_to_tensor(outputs)
        received = channels_of(outputs.shape, self.name)
        if received != self._output_channels:
            raise ValueError(
                f"layer {self.name!r} cannot invert this tensor: expected "
                f"{self._output_channels} channels, received {received}; pass "
                "what its call returns, or connect it with a convolution of "
                f"{self._output_channels} filters"
            )
        return ops.cast(outputs, self.compute_dtype)

    def _invert(self, outputs):
        """The mirror of `call`; `outputs` is checked and cast."""
        raise NotImplementedError

    def _decode(self, outputs):
        """`_invert` in training mode; moves `statistics`."""
        return self._invert(outputs)

    def compute_output_shape(self, input_shape):
        """Returns the shape `call` gives, without building the layer."""
        raise NotImplementedError

    @property
    def statistics(self) -> list[keras.Variable]:
        """The variables that a call with `training=True` moves."""
        return []

    def multiply_adds(self, input_shape) -> int:
        """Returns the multiply-adds of `call` for one image.

        Additions, batch norm and activations are not counted.

        Args:
            input_shape: `(batch, height, width, channels)`, known sides.
        """
        del input_shape
        return 0

    def pure_call(self, values, inputs, training):
        """`call` as a function of the values of `variables`.

        Args:
            values: Tensors in the order of `variables`.
            inputs: Tensor `[batch, height, width, channels]`.
            training: As for `call`.

        Returns:
            outputs: What `call` returns.
            statistics: New values of `statistics`, in their order; empty
                where `training` is false.
        """
        with self._scope(values):
            return self.call(inputs, training=training), []

    def pure_inverse(self, values, outputs):
        """`inverse` as a function of the values of `variables`.

        Args:
            values: As for `pure_call`.
            outputs: Tensor as `call` returns it.
        """
        with self._scope(values):
            return self._invert(outputs)

    def pure_inverse_keeping(self, values, outputs, training=False):
        """As `pure_inverse`, with what its backward pass cannot rebuild.

        Args:
            values: As for `pure_call`.
            outputs: Tensor as `call` returns it.
            training: As for `decode`.

        Returns:
            inputs: What `pure_inverse`, or `decode`, returns.
            kept: List of tensors for `pure_inverse_gradient`. Where a layer
                is injective only, the outputs: what stood in their padded
                part is lost in the inputs.
            statistics: New values of `statistics`, in their order; empty
                where `training` is false.
        """
        kept = [] if self.bijective else [outputs]
        return self.pure_inverse(values, outputs), kept, []

    def pure_call_gradient(self, values, outputs, gradient, training, wanted):
        """Walks `pure_call` backwards, from its result.

        Args:
            values: As for `pure_call`.
            outputs: What `pure_call` returned.
            gradient: Gradient of `outputs`.
            training: As for `pure_call`.
            wanted: Per value, whether its gradient is needed.

        Returns:
            inputs: The reconstructed inputs.
            gradient: Their gradient.
            value_gradients: List of the wanted values' gradients.
        """
        inputs = self.pure_inverse(values, outputs)
        _, gradient, value_gradients = reversal.gradient_by_autodiff(
            lambda values, tensor: self.pure_call(values, tensor, training)[0],
            values,
            inputs,
            gradient,
            wanted,
        )
        return inputs, gradient, value_gradients

    def pure_inverse_gradient(
        self, values, inputs, gradient, wanted, kept=(), training=False
    ):
        """Walks `pure_inverse_keeping` backwards, from its result.

        Args:
            values: As for `pure_call`.
            inputs: What `pure_inverse` returned.
            gradient: Gradient of `inputs`.
            wanted: Per value, whether its gradient is needed.
            kept: What `pure_inverse_keeping` gave beside the result.
            training: As for `pure_inverse_keeping`.

        Returns:
            outputs: What `pure_inverse` was given, computed anew or kept.
            gradient: Its gradient.
            value_gradients: List of the wanted values' gradients.
        """
        del training
        if kept:
            (outputs,) = kept
        else:
            outputs, _ = self.pure_call(values, inputs, False)
        _, gradient, value_gradients = reversal.gradient_by_autodiff(
            self.pure_inverse, values, outputs, gradient, wanted
        )
        return outputs, gradient, value_gradients

    def _scope(self, values):
        """A scope in which the variables have other values."""
        pairs = list(zip(self.variables, values, strict=True))
        return keras.StatelessScope(state_mapping=pairs)


def channels_of(shape, name: str) -> int:
    """Returns the channels of an image-like shape.

    Args:
        shape: Shape to look at, expected `(batch, height, width, channels)`.
        name: Layer that an error message should name.

    Raises:
        ValueError: If the rank is not 4 or the channels are unknown.
    """
    shape = tuple(shape)
    if len(shape) != 4 or shape[-1] is None:
        raise ValueError(
            f"layer {name!r}: expected a shape (batch, height, width, "
            f"channels) with known channels, received {shape}; give images "
            "in batches, channels last"
        )
    return shape[-1]
