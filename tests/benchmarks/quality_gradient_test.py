"""What the diagnosis of a QualNet run says, on a tiny run."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import quality_gradient
from benchmarks.cifar10_study import ROOT
from tests.training.tiny_runs import train

ONE_EPOCH = {"num_epochs": 1, "decay_epochs": ()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    stage1 = train(root / "stage1", backbone="irevnet_tiny", **ONE_EPOCH)
    made = {"stage1": stage1}
    for weight in (0.1, 1.0):
        made[weight] = train(
            root / f"qualnet{weight}",
            method="qualnet",
            stage1_run_dir=str(stage1.path),
            quality_weight=weight,
            learning_rate=1e-9,  # both keep the weights they start with
            **ONE_EPOCH,
        )
    return made


def test_ratio_grows_with_the_weight_and_nothing_else_does(runs):
    low, high = (
        quality_gradient.diagnose_run(runs[weight].path, 2)
        for weight in (0.1, 1.0)
    )
    assert set(low) == set(quality_gradient.COLUMNS)
    for name in quality_gradient.COLUMNS:
        factor = 10.0 if name.endswith("ratio") else 1.0
        assert high[name] == pytest.approx(factor * low[name], rel=1e-3), name
    assert abs(low["features: cosine"]) <= 1 >= abs(low["weights: cosine"])


def test_constant_images_are_told_from_their_colour(runs):
    method, config = quality_gradient.load_method(runs[1.0])
    grey = np.full((4, 16, 16, 3), 0.5, np.float32)
    grey[2:] = 0.2
    batch = {
        "image": grey,
        "clean_image": grey,
        "label": np.arange(4, dtype=np.int32),
    }
    found = quality_gradient.diagnose(method, batch)
    assert found["mean colour"] == pytest.approx(0.0, abs=1e-5)
    # Half the distance of the two greys, over the mean deviation of pixels.
    assert found["mean image"] == pytest.approx(0.15 / 0.226, rel=0.02)


def test_other_runs_are_refused(runs):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.quality_gradient",
            str(runs["stage1"].path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert last.endswith("expected a qualnet run, received supervised")
