"""TensorBoard has an epoch's numbers, training and validation apart."""

import types

import tensorflow as tf

from qualnet_tf.training.events import Events


def read(folder):
    (path,) = folder.glob("events.out.tfevents.*")
    found = {}
    for record in tf.compat.v1.io.tf_record_iterator(str(path)):
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            number = float(tf.make_ndarray(value.tensor))
            found[value.tag, event.step] = number
    return found


def test_an_epoch_has_its_numbers(tmp_path):
    events = Events(tmp_path)
    optimizer = types.SimpleNamespace(learning_rate=0.5)
    events.set_model(types.SimpleNamespace(optimizer=optimizer))
    events.on_epoch_end(0, {"loss": 2.0, "accuracy": 0.25})
    events.on_epoch_end(1, {"loss": 1.0, "accuracy": 0.5, "val_loss": 3.0})
    events.on_train_end()
    assert read(tmp_path / "train") == {
        ("epoch_loss", 0): 2.0,
        ("epoch_accuracy", 0): 0.25,
        ("epoch_learning_rate", 0): 0.5,
        ("epoch_loss", 1): 1.0,
        ("epoch_accuracy", 1): 0.5,
        ("epoch_learning_rate", 1): 0.5,
    }
    assert read(tmp_path / "validation") == {("epoch_loss", 1): 3.0}
