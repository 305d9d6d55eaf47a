"""Plain and adapted results lie side by side; what no longer holds goes."""

import json

import pytest

from qualnet_tf.evaluation import result_files, results
from qualnet_tf.run_dir import RunDir
from tests.evaluation.made_up_results import make_results


@pytest.fixture
def run(tmp_path):
    return RunDir(tmp_path)


def test_every_form_is_written(run):
    found = make_results()
    result_files.write(found, run, "resnet18")
    assert results.load(run.results) == found
    assert run.results_csv.read_text().startswith("corruption,clean,1,2,3,4,5")
    entry = json.loads(run.robustbench.read_text())
    assert entry["architecture"] == "resnet18"


def test_an_entry_that_no_longer_holds_goes(run):
    result_files.write(make_results(), run, "resnet18")
    result_files.write(make_results(conditions=()), run, "resnet18")
    assert not run.robustbench.exists()
    assert results.load(run.results).conditions == ()


def test_adapted_results_touch_no_plain_ones(run):
    result_files.write(make_results(), run, "resnet18")
    before = {
        path.name: path.read_text() for path in run.results.parent.iterdir()
    }
    adapted = make_results(adaptation="batch_norm", clean_accuracy=0.5)
    result_files.write(adapted, run, "resnet18")
    assert results.load(run.adapted_results) == adapted
    assert result_files.path_of(run, "batch_norm") == run.adapted_results
    for name, text in before.items():
        assert (run.results.parent / name).read_text() == text


def test_the_one_that_counts_is_written_last(run, monkeypatch):
    monkeypatch.setattr(
        result_files, "to_csv", lambda _: (_ for _ in ()).throw(OSError("full"))
    )
    with pytest.raises(OSError, match="full"):
        result_files.write(make_results(), run, "resnet18")
    assert not run.results.exists()
