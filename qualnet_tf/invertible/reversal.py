"""Gradients by reconstruction: nothing is stored between the two passes.

The backward pass walks a layer from its end: it rebuilds the layer's input
from its output and takes the derivative at that point, block by block. The
price is one more evaluation of every residual function.

Source: Gomez et al., "The Reversible Residual Network: Backpropagation
Without Storing Activations" (NeurIPS 2017), for the additive coupling of
Jacobsen et al., "i-RevNet" (ICLR 2018).
"""

from keras import ops

from qualnet_tf.invertible import backend_primitives


def call(layer, inputs, training: bool):
    """Evaluates `layer.call` so that its gradient stores the output alone.

    Args:
        layer: Built `InvertibleLayer`.
        inputs: Tensor `[batch, height, width, channels]`.
        training: As for `call`.

    Returns:
        outputs: What `call` returns. Gradients reach `inputs` and the
            layer's trainable variables.
        statistics: The new values of `layer.statistics`, without gradient.
    """
    values, wanted = _values_of(layer)

    def forward(chosen, inputs):
        outputs, moved = layer.pure_call(
            _replace(values, wanted, chosen), inputs, training
        )
        return [outputs, *moved], ()

    def backward(chosen, outputs, gradient, _):
        return layer.pure_call_gradient(
            _replace(values, wanted, chosen),
            outputs,
            gradient,
            training,
            wanted,
        )

    outputs, *moved = _with_gradient(forward, backward, values, wanted, inputs)
    return outputs, moved


def invert(layer, outputs, training: bool = False):
    """Evaluates `layer.inverse`, storing the reconstructed input alone.

    The mirror of `call`, for a decoder: gradients reach `outputs` and those
    variables that are trainable, none where the decoder is frozen.

    Args:
        layer: Built `InvertibleLayer`.
        outputs: Tensor as `call` returns it.
        training: As for `layer.decode`.

    Returns:
        inputs: Tensor of the layer's input shape.
        statistics: The new values of `layer.statistics`, without gradient;
            empty where `training` is false.
    """
    values, wanted = _values_of(layer)

    def forward(chosen, outputs):
        inputs, kept, moved = layer.pure_inverse_keeping(
            _replace(values, wanted, chosen), outputs, training
        )
        return [inputs, *moved], kept

    def backward(chosen, inputs, gradient, kept):
        return layer.pure_inverse_gradient(
            _replace(values, wanted, chosen),
            inputs,
            gradient,
            wanted,
            kept,
            training,
        )

    inputs, *moved = _with_gradient(forward, backward, values, wanted, outputs)
    return inputs, moved


def _with_gradient(forward, backward, values, wanted, tensor):
    """Joins both passes; only the tensor and wanted values have gradients.

    Args:
        forward: Maps (chosen values, tensor) to a list of results, of which
            only the first is differentiated, and what else is to be kept.
        backward: Maps (chosen values, first result, its gradient, what was
            kept) to the tensor, its gradient and a list with the gradients
            of the chosen values.
        values: All values of the layer's variables.
        wanted: Which of them need a gradient.
        tensor: What flows through the layer.
    """

    @ops.custom_gradient
    def both(tensor, *chosen):
        # In eager mode TensorFlow's tape would else keep what happens here.
        kept = [ops.stop_gradient(value) for value in chosen]
        results, rest = forward(kept, ops.stop_gradient(tensor))

        def gradients(*upstream):
            # JAX hands one list over, TensorFlow one argument each.
            flat = upstream[0] if len(upstream) == 1 else upstream
            gradient = flat[0] if isinstance(flat, (list, tuple)) else flat
            first, gradient = results[0], ops.convert_to_tensor(gradient)
            (first,) = backend_primitives.tie([first], [gradient])
            _, back, chosen_back = backward(kept, first, gradient, rest)
            return (back, *chosen_back)

        return results, gradients

    chosen = [value for value, want in zip(values, wanted, strict=True) if want]
    return both(tensor, *chosen)


def _values_of(layer):
    """Returns the values of a layer's variables and which are trainable."""
    trainable = {id(variable) for variable in layer.trainable_variables}
    values = [backend_primitives.read(variable) for variable in layer.variables]
    return values, [id(variable) in trainable for variable in layer.variables]


def _replace(values, wanted, chosen):
    """Puts the chosen values back into the list of all."""
    chosen = iter(chosen)
    return [
        next(chosen) if want else ops.stop_gradient(value)
        for value, want in zip(values, wanted, strict=True)
    ]


def gradient_by_autodiff(function, values, tensor, gradient, wanted):
    """Takes a derivative at a known point, by the backend's own means.

    Args:
        function: Maps (values, tensor) to a tensor.
        values: Tensors of a layer's variables.
        tensor: Where to take the derivative.
        gradient: Gradient of the function's result.
        wanted: Which of the values need a gradient.

    Returns:
        result: The function's result.
        back: Gradient of the tensor.
        chosen: List of the gradients of the wanted values.
    """

    def of_chosen(tensor, *chosen):
        return function(_replace(values, wanted, chosen), tensor), ()

    chosen = [value for value, want in zip(values, wanted, strict=True) if want]
    result, _, pull_back = backend_primitives.vector_jacobian_product(
        of_chosen, [tensor, *chosen]
    )
    back, *chosen_back = pull_back(gradient)
    return result, back, chosen_back
