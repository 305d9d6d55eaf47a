"""A record changes with what an export is made of, and not with where."""

import json

import pytest

from qualnet_tf.config import ExportConfig
from qualnet_tf.exporters.export_record import record_of


@pytest.fixture
def made_of(tmp_path):
    (tmp_path / "classifier.keras").write_bytes(b"weights")
    return tmp_path / "classifier.keras", tmp_path / "missing.json"


def record(files, **knobs):
    return record_of(ExportConfig(**{"run_dir": "run", **knobs}), files)


def test_places_do_not_count(made_of):
    assert record(made_of) == record(made_of, run_dir="b", output_dir="c")


def test_knobs_and_contents_count(made_of):
    before = record(made_of)
    assert list(before["made_of"]) == ["classifier.keras"]
    assert record(made_of, formats=("keras", "saved_model")) != before
    made_of[0].write_bytes(b"others")
    assert record(made_of) != before


def test_it_is_as_it_will_be_read(made_of):
    found = record(made_of)
    assert json.loads(json.dumps(found)) == found
