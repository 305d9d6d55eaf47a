"""Models have names of their own."""

import pytest

from qualnet_tf.evaluation.candidates import model_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/models/net.keras", "net"),
        ("/models/net.tflite", "net"),
        ("/models/net/", "net"),
        ("/runs/qualnet/export", "qualnet-export"),
        ("/runs/qualnet/export/3", "qualnet-export-3"),
        ("/models/net/12", "net-12"),
        ("http://host:8501/v1/models/net", "net"),
        ("https://host/v1/models/net/versions/3", "net"),
        ("http://host:8501/v1/models/net:predict", "net"),
        ("http://host:8501", "served"),
    ],
)
def test_names(address, name):
    assert model_name(address) == name
