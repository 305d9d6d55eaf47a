"""Batch norms that take the statistics of the test images.

Schneider et al., "Improving robustness against common corruptions by covariate
shift adaptation" (NeurIPS 2020), with the statistics of the batch alone (their
N = 0). It sees test images, without their labels, many of one corruption at a
time: a setting of its own, never a number to compare with plain ones.
"""

import dataclasses

import keras
import numpy as np

from qualnet_tf.subjects.keras_file import graph_of, layers_of
from qualnet_tf.subjects.subject import Subject


def adapted(subject: Subject) -> Subject:
    """Returns the subject with batch norms that follow what it is shown.

    Every batch is seen twice. The first pass gathers the statistics of the
    batch layer by layer, the second one answers with them and everything else
    as in inference. Statistics of one batch leave nothing for the next.

    Args:
        subject: Of a Keras model, which is changed: use no other subject of
            the same network beside it.

    Raises:
        ValueError: If it is no Keras model, or has no batch norm.
    """
    if subject.network is None:
        raise ValueError(
            f"{subject.address}: expected a Keras file or a run, whose batch "
            f"norms can be adapted, received a {subject.kind}; leave out "
            "--adapt_batch_norm"
        )
    network = subject.network
    if not _prepare(network):
        raise ValueError(
            f"{subject.address}: expected a network with batch norms, "
            "received none; leave out --adapt_batch_norm"
        )
    gather = graph_of(network, training=True)
    answer = graph_of(network, training=False)

    def ask(image: np.ndarray) -> np.ndarray:
        gather(image)
        return keras.ops.convert_to_numpy(answer(image))

    return dataclasses.replace(subject, ask=ask, network=None)


def _prepare(network: keras.Model) -> bool:
    """Makes batch norms forget; returns whether there is any."""
    found = False
    for layer in layers_of(network):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = True  # a frozen one keeps its statistics
            layer.momentum = 0.0
            found = True
        elif hasattr(layer, "rate"):
            layer.rate = 0.0  # dropout would disturb the statistics
    return found
