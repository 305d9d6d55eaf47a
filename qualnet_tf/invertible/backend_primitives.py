"""What Keras does not offer alike on TensorFlow and JAX.

A derivative inside a backward pass, a loop that keeps nothing, and an order
between two computations. The rest of the room is written with `keras.ops`.
"""

import keras
from keras import ops


def read(variable):
    """Returns the value of a Keras variable as a plain tensor.

    Keras itself hands out TensorFlow's variable, which a custom gradient in
    eager mode does not take for the argument that it is.

    Args:
        variable: A `keras.Variable`.
    """
    value = ops.convert_to_tensor(variable)
    if keras.backend.backend() == "tensorflow":
        from tensorflow import convert_to_tensor

        return convert_to_tensor(value)
    return value


def vector_jacobian_product(function, inputs):
    """Evaluates a function and prepares its derivative.

    Args:
        function: Maps tensors to `(output, auxiliary)`; only the output is
            differentiated.
        inputs: List of float tensors, the function's arguments.

    Returns:
        output: The function's output.
        auxiliary: What came beside it.
        pull_back: Maps a gradient of the output to the list of gradients of
            the inputs, zeros where an input has no influence.
    """
    if keras.backend.backend() == "jax":
        import jax

        output, transposed, auxiliary = jax.vjp(function, *inputs, has_aux=True)
        return output, auxiliary, lambda gradient: list(transposed(gradient))
    from tensorflow import GradientTape, UnconnectedGradients

    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        output, auxiliary = function(*inputs)

    def pull_back(gradient):
        return tape.gradient(
            output, inputs, gradient, UnconnectedGradients.ZERO
        )

    return output, auxiliary, pull_back


def scan(count: int, body, state, rows=(), reverse: bool = False):
    """Runs a loop of a fixed number of rounds, one round after the other.

    In a graph it is one loop whatever the count. It is not meant to be
    differentiated.

    Args:
        count: Number of rounds.
        body: Maps `(row, list of state tensors)` to such a list and a list of
            tensors that belong to the row; `row` is an int32 scalar.
        state: Tensors that the first round receives.
        rows: Variables or tensors `[count, ...]` like the stacks of what
            belongs to the rows.
        reverse: Whether the rows run from the last to the first.

    Returns:
        state: The list of state tensors after the last round.
        stacks: What the rounds gave for their rows, `[count, ...]` each.
    """
    state = [ops.convert_to_tensor(tensor) for tensor in state]
    if keras.backend.backend() == "jax":
        import jax

        state, stacks = jax.lax.scan(
            lambda carry, row: tuple(map(list, body(row, carry))),
            state,
            jax.numpy.arange(count, dtype="int32"),
            reverse=reverse,
        )
        return state, stacks
    return _tensorflow_scan(count, body, state, rows, reverse)


def _tensorflow_scan(count, body, state, rows, reverse):
    import tensorflow as tf

    set_row = _row_setter()

    def round_of(index, tensors, stacks):
        row = count - 1 - index if reverse else index
        tensors, found = body(row, tensors)
        stacks = [
            set_row(stack, row, value)
            for stack, value in zip(stacks, found, strict=True)
        ]
        return index + 1, list(tensors), stacks

    # One parallel iteration: with more, the slices of weights that later
    # rounds need would be cut early and lie in memory.
    with tf.control_dependencies(state):  # not before the loop needs them
        stacks = [
            tf.raw_ops.Empty(shape=stack.shape, dtype=stack.dtype)
            for stack in rows
        ]
    _, state, stacks = tf.while_loop(
        lambda index, *_: index < count,
        round_of,
        (tf.constant(0), state, stacks),
        parallel_iterations=1,
    )
    return list(state), list(stacks)


def _row_setter():
    """How a row of a stack is set without copying the stack.

    XLA knows no other way than the pure operation, and runs it in place; the
    executor copies the whole stack for the pure one. A `TensorArray` serves
    both, but holds everything twice when it is stacked.
    """
    import tensorflow as tf

    if not _compiled_by_xla():
        return lambda stack, row, value: tf.raw_ops.InplaceUpdate(
            x=stack, i=[row], v=value[None]
        )
    return lambda stack, row, value: tf.tensor_scatter_nd_update(
        stack, [[row]], value[None]
    )


def _compiled_by_xla() -> bool:
    """Whether TensorFlow traces a function with `jit_compile`."""
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_util

    if tf.executing_eagerly():
        return False
    # Not public, but the only sign there is while a function is traced.
    graph = tf.compat.v1.get_default_graph()
    return control_flow_util.GraphOrParentsInXlaContext(graph)


def convolve(inputs, kernel):
    """Convolves with stride 1 and zeros around, keeping height and width.

    Args:
        inputs: Tensor `[batch, height, width, channels]`.
        kernel: Tensor `[odd, odd, channels, filters]`.

    Returns:
        Tensor `[batch, height, width, filters]`.
    """
    if _xla_on_cpu():
        return _convolve_with_gradient(inputs, kernel)
    return _same_convolution(inputs, kernel)


def _same_convolution(inputs, kernel):
    return ops.conv(inputs, kernel, 1, "same", "channels_last")


def _xla_on_cpu() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() == "cpu"
    from tensorflow import config

    return _compiled_by_xla() and not config.list_logical_devices("GPU")


@ops.custom_gradient
def _convolve_with_gradient(inputs, kernel):
    """The same, its gradients written as plain convolutions.

    In a loop, XLA on CPU gives the operands of a kernel's gradient layouts
    for which it has no fast convolution: 25 times slower than these.
    """
    inputs, kernel = ops.stop_gradient(inputs), ops.stop_gradient(kernel)

    def gradients(upstream):
        mirrored = ops.swapaxes(ops.flip(kernel, axis=(0, 1)), 2, 3)
        # Channels take the place of the batch and the batch that of channels.
        correlated = ops.conv(
            ops.transpose(_padded(inputs, kernel), (3, 1, 2, 0)),
            ops.transpose(upstream, (1, 2, 0, 3)),
            1,
            "valid",
            "channels_last",
        )
        return (
            _same_convolution(upstream, mirrored),
            ops.transpose(correlated, (1, 2, 0, 3)),
        )

    return _same_convolution(inputs, kernel), gradients


def _padded(inputs, kernel):
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    return ops.pad(inputs, ((0, 0), (rows, rows), (columns, columns), (0, 0)))


def channel_moments(tensor, synchronized=False):
    """Returns mean and variance of each channel.

    Args:
        tensor: float32 or float64 `[batch, height, width, channels]`.
        synchronized: Whether they are those of all replicas' tensors, which
            have the same shape (`tf.distribute`; a JAX step sees all anyway).

    Returns:
        mean: `[channels]`.
        variance: `[channels]`, the mean square of what the mean leaves.
    """
    if synchronized and keras.backend.backend() == "tensorflow":
        mean = _replica_mean(ops.mean(tensor, axis=(0, 1, 2)))
        square = ops.square(tensor - mean)
        return mean, _replica_mean(ops.mean(square, axis=(0, 1, 2)))
    if not _xla_on_cpu():
        return ops.moments(tensor, axes=(0, 1, 2))
    # XLA on CPU sums in an order that depends on what stands around it: the
    # backward pass would rebuild a batch with other last bits than it had. A
    # product of matrices is one library call wherever it stands.
    rows = ops.reshape(tensor, (-1, tensor.shape[-1]))
    count = ops.cast(ops.shape(rows)[0], tensor.dtype)
    share = ops.ones_like(rows[:, :1]) / count
    mean = ops.matmul(ops.transpose(share), rows)[0]
    variance = ops.matmul(ops.transpose(share), ops.square(rows - mean))[0]
    return mean, variance


def _replica_mean(tensor):
    """The mean over replicas, with its gradient; the tensor where one is."""
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensor
    return context.all_reduce("MEAN", tensor)


def tie(tensors, after):
    """Returns the tensors, available only once others have been computed.

    Without it a backward pass that rebuilds activations may be started
    before their gradient is there, or be recognised as the forward pass's
    twin and merged with it; either keeps every activation in memory.

    Args:
        tensors: List of tensors.
        after: List of tensors to wait for.
    """
    tensors, after = list(tensors), list(after)
    if keras.backend.backend() == "jax":
        import jax

        tied, _ = jax.lax.optimization_barrier((tensors, after))
        return tied
    import tensorflow as tf

    if _compiled_by_xla():
        # Public in no other place; control dependencies do not reach XLA.
        from tensorflow.compiler.tf2xla.ops import gen_xla_ops

        both = gen_xla_ops.xla_optimization_barrier([*tensors, *after])
        return both[: len(tensors)]
    with tf.control_dependencies(after):
        return [tf.identity(tensor) for tensor in tensors]
