"""One case of `benchmarks.invertible`, in a process of its own.

Prints one line of JSON. The peers: "plain" differentiates single blocks as the
backend does; "remat" recomputes each block; "ours" is
`memory_saving` with runs of blocks rolled into loops.
"""

import argparse
import json
import resource
import time

import numpy as np

SIDE, CLASSES = 224, 1000
WAYS = ("plain", "remat", "ours")


def make_network(way: str, num_blocks: int):
    """Returns an un-built irevnet300, or one of more blocks in its third stage.

    Args:
        way: One of `WAYS`.
        num_blocks: Coupling blocks in all, at least 29.
    """
    from qualnet_tf.invertible import irevnet, rolling

    network = irevnet.make_irevnet300((6, 16, num_blocks - 28, 6))
    if way == "remat":
        return _rematerialised(network)
    if way == "plain":
        return network
    network.memory_saving = True
    return rolling.roll(network)


def _rematerialised(network):
    """Returns the network with every block recomputed in the backward pass.

    Keras's `RematScope` cannot hand `training` on in a TensorFlow graph.
    """
    import tensorflow as tf

    from qualnet_tf.invertible.sequence import InvertibleSequence

    class Rematerialised(InvertibleSequence):
        def call(self, inputs, training=False):
            for layer in self.layers:
                again = tf.recompute_grad(
                    lambda tensor, layer=layer: layer(tensor, training=training)
                )
                inputs = again(inputs)
            return inputs

    return Rematerialised(network.layers, name=network.name)


def make_decoding(network, batch_size: int):
    """Returns the gradient of a quality loss with respect to features.

    The decoder alone: what stage 2 adds to a classifier's training step.

    Args:
        network: Un-built invertible network.
        batch_size: Images per batch.
    """
    import tensorflow as tf

    from qualnet_tf.models.decoders import InverseDecoder

    network.build((None, SIDE, SIDE, 3))
    decoder = InverseDecoder(network)
    shape = (batch_size, *decoder.feature_shape(SIDE))
    features = tf.random.stateless_normal(shape, (0, 1))

    def step(batch):
        with tf.GradientTape() as tape:
            tape.watch(features)
            error = tf.abs(decoder(features) - batch["clean_image"])
            loss = tf.reduce_mean(error)
        return {"loss": loss, "gradient": tape.gradient(loss, features)}

    return step


def make_method(stage: int, network, backbone_name: str):
    """Returns a method of stage 1 or 2."""
    from qualnet_tf import backbones
    from qualnet_tf.methods.qualnet import QualNet
    from qualnet_tf.methods.supervised import Supervised
    from qualnet_tf.models.classifier import build_classifier
    from qualnet_tf.models.connector import build_connector
    from qualnet_tf.models.decoders import InverseDecoder

    if stage == 1:
        return Supervised(
            build_classifier(network, SIDE, CLASSES, normalized_head=True)
        )
    backbone = backbones.get(backbone_name)(SIDE)
    classifier = build_classifier(backbone, SIDE, CLASSES)
    if network is None:
        return Supervised(classifier)
    network.build((None, SIDE, SIDE, 3))
    decoder = InverseDecoder(network)
    connector = build_connector(
        tuple(backbone.output.shape[1:]), decoder.feature_shape(SIDE)
    )
    return QualNet(classifier, connector, decoder, 0.1)


def make_batch(batch_size: int, seed: int = 0) -> dict:
    """Returns a batch of noise."""
    generator = np.random.default_rng(seed)
    image = generator.uniform(size=(batch_size, SIDE, SIDE, 3))
    image = image.astype("float32")
    label = generator.integers(0, CLASSES, size=batch_size)
    return {"image": image, "clean_image": image, "label": label}


def count_nodes(function) -> int:
    """Returns the nodes of a traced function and of all it calls."""
    definition = function.graph.as_graph_def()
    return len(definition.node) + sum(
        len(body.node_def) for body in definition.library.function
    )


def cpu_seconds() -> float:
    """Returns the CPU time of all threads so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(arguments) -> dict:
    """Traces a training step, runs it and returns what it cost."""
    import tensorflow as tf

    from qualnet_tf.training.optimizers import KernelDecaySGD
    from tests.memory_probe import LiveBytes

    network = (
        None
        if arguments.way == "backbone"
        else make_network(arguments.way, arguments.blocks)
    )
    if arguments.stage == "decoder":
        train_step, trainable = make_decoding(network, arguments.batch), []
    else:
        method = make_method(int(arguments.stage), network, arguments.backbone)
        optimizer = KernelDecaySGD(0.01, momentum=0.9, kernel_decay=1e-4)
        method.compile(optimizer=optimizer)
        optimizer.build(method.trainable_weights)
        train_step, trainable = method.train_step, method.trainable_weights
    batch = {
        key: tf.constant(value)
        for key, value in make_batch(arguments.batch).items()
    }
    step = tf.function(train_step, jit_compile=arguments.jit)
    start = time.perf_counter()
    function = step.get_concrete_function(batch)
    trace_s = time.perf_counter() - start
    found = {
        "trace_s": trace_s,
        "nodes": count_nodes(function),
        "trainable_bytes": sum(4 * int(np.prod(v.shape)) for v in trainable),
    }
    if arguments.steps == 0:
        return found
    start = time.perf_counter()
    loss = float(step(batch)["loss"])
    found |= {"first_step_s": time.perf_counter() - start, "loss": loss}
    live = LiveBytes()
    peaks, times = [], []
    for _ in range(arguments.steps):
        start = cpu_seconds()
        peaks.append(live.peak_over_start(lambda: step(batch)))
        times.append(cpu_seconds() - start)
    return found | {"peak_bytes": max(peaks), "cpu_s": float(np.median(times))}


def main() -> None:
    """Reads the case and prints its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    stages = ("1", "2", "decoder")
    parser.add_argument("--stage", choices=stages, default="1")
    parser.add_argument("--way", choices=(*WAYS, "backbone"), default="ours")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--blocks", type=int, default=100)
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--steps", type=int, default=3)
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
