"""Tests of reading a run folder."""

import json

import pytest

from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.reports.run_report import load_run
from qualnet_tf.run_dir import RunDir


@pytest.fixture
def folder(tmp_path, make_results, make_pictures):
    run = RunDir(tmp_path / "qualnet")
    results_lib.save(make_results(), run.results)
    results_lib.save_pictures(make_pictures(), run.pictures)
    run.config.write_text(json.dumps({"dataset": "digits"}))
    run.run_info.write_text(json.dumps({"device": "CPU"}))
    run.metrics.write_text(
        "epoch,step,loss,val_loss\n1,10,2.5,\n2,20,1.5,1.75\n"
    )
    return run


def test_everything_is_read(folder, make_results):
    run = load_run(folder.path)
    assert run.name == "qualnet"
    assert run.results == make_results()
    assert run.pictures.caption == ("fog 3", "snow 5")
    assert run.config == {"dataset": "digits"}
    assert run.run_info == {"device": "CPU"}
    assert run.metrics == [
        {"epoch": 1, "step": 10, "loss": 2.5},
        {"epoch": 2, "step": 20, "loss": 1.5, "val_loss": 1.75},
    ]


def test_pictures_and_metrics_may_be_absent(folder):
    folder.pictures.unlink()
    folder.metrics.unlink()
    run = load_run(folder.path)
    assert run.pictures is None
    assert run.metrics == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config", None, "expected a run folder with config.json"),
        ("run_info", None, "run.json: not readable"),
        ("results", None, "no results.*evaluate the run first"),
        ("config", "{", "config.json: not readable"),
        ("run_info", "[]", "run.json: expected a JSON object, received list"),
        ("metrics", "epoch\none\n", "expected columns of numbers"),
        ("metrics", "epoch\n1,2\n", "expected columns of numbers"),
    ],
)
def test_missing_and_damaged_files_are_named(folder, name, text, message):
    path = getattr(folder, name)
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_run(folder.path)
