"""Every warm-up request is one that the export answers."""

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from qualnet_tf.exporters import signature, warm_up

PATH = "assets.extra/tf_serving_warmup_requests"


def requests(folder):
    for record in tf.data.TFRecordDataset([str(folder / PATH)]):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        yield log.predict_log.request


def test_the_export_answers_them_all(exported, tmp_path):
    warm_up.write_warm_up(tmp_path, exported.image_size, signature.names())
    loaded = tf.saved_model.load(str(exported.folder))
    asked = []
    for request in requests(tmp_path):
        ((name, value),) = request.inputs.items()
        values = tf.constant(tf.make_ndarray(value))
        asked_name = request.model_spec.signature_name
        outputs = loaded.signatures[asked_name](**{name: values})
        assert {len(output) for output in outputs.values()} == {len(values)}
        asked.append((asked_name, len(values)))
    assert asked == [
        ("serving_default", 1),
        ("serving_default", 8),
        ("serving_default", 32),
        ("predict_images", 1),
        ("features", 1),
    ]


def test_quality_is_asked_where_it_is(tmp_path):
    warm_up.write_warm_up(tmp_path, 16, signature.names(True))
    *_, last = requests(tmp_path)
    assert last.model_spec.signature_name == "quality"


def test_a_full_disk_is_one_clear_line(tmp_path, monkeypatch):
    class FullDisk:
        def __init__(self, path):
            raise tf.errors.ResourceExhaustedError(None, None, "no space left")

    monkeypatch.setattr(tf.io, "TFRecordWriter", FullDisk)
    with pytest.raises(OSError, match="could not be written .no space left"):
        warm_up.write_warm_up(tmp_path, 16, signature.names())
