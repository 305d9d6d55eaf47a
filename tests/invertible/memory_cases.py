"""Live bytes of a gradient step through chains of equal blocks.

Run by `reversal_test` in a process with `ENVIRONMENT`, in which the allocator
can be watched: `python -m tests.invertible.memory_cases`. Prints one line of
JSON: direction, way and number of blocks, and the bytes.
"""

import json

from qualnet_tf.invertible.coupling_run import CouplingRun
from qualnet_tf.invertible.sequence import InvertibleSequence
from tests.invertible import gradient_cases
from tests.memory_probe import LiveBytes

ENVIRONMENT = {
    # oneDNN's own buffers are not the allocator's.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    # One thread: where several run, a busy machine decides in which order they
    # take and free memory, and a peak moves by more than half.
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
CASES = (
    ("saving", 4),
    ("saving", 16),
    ("rolled_saving", 4),
    ("rolled_saving", 16),
    ("plain", 16),
)


def chain(num_blocks, way):
    """Equal blocks over a wide grid, whose activations outweigh all else."""
    run = CouplingRun(num_blocks, 8, bottleneck_ratio=1, name="run")
    network = InvertibleSequence([run], name="chain")
    network.build((None, 64, 64, 16))
    return gradient_cases.variant(network, way)


def peak_bytes(network, inverse: bool) -> int:
    """Bytes that a gradient step needs over what it starts with."""
    import tensorflow as tf

    x = tf.random.stateless_normal((8, 64, 64, 16), (0, 1))
    network.trainable = not inverse

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = network.inverse(x) if inverse else network(x, training=True)
            loss = tf.reduce_mean(z)
        variables = [v.value for v in network.trainable_variables]
        return tape.gradient(loss, [x, *variables])

    step()
    live = LiveBytes()
    return min(live.peak_over_start(step) for _ in range(5))


def main() -> None:
    """Measures all cases in both directions."""
    peaks = {
        direction: {
            f"{way} {num_blocks}": peak_bytes(
                chain(num_blocks, way), direction == "inverse"
            )
            for way, num_blocks in CASES
        }
        for direction in ("call", "inverse")
    }
    print(json.dumps(peaks))


if __name__ == "__main__":
    main()
