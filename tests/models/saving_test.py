"""A file gives back the same model, or is refused by name."""

import numpy as np
import pytest

from qualnet_tf import backbones, invertible
from qualnet_tf.models import saving
from qualnet_tf.models.classifier import build_classifier

IMAGE = np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)


@pytest.mark.parametrize("name", ["resnet_tiny", "irevnet_tiny"])
def test_loaded_model_gives_the_same_logits(name, tmp_path):
    path = tmp_path / "classifier.keras"
    if name in invertible.names():
        backbone = invertible.get(name)()
    else:
        backbone = backbones.get(name)(16)
    classifier = build_classifier(backbone, 16, 5)
    saving.save_model(classifier, path)
    loaded = saving.load_model(path)
    np.testing.assert_allclose(loaded(IMAGE), classifier(IMAGE), atol=1e-6)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected a .keras file, found none"):
        saving.load_model(tmp_path / "none.keras")


def test_truncated_file_is_named(tmp_path):
    path = tmp_path / "classifier.keras"
    classifier = build_classifier(backbones.get("resnet_tiny")(16), 16, 5)
    saving.save_model(classifier, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="something else or a truncated one"):
        saving.load_model(path)
