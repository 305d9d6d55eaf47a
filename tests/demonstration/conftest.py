"""Tiny runs that a page can show."""

import pytest

from qualnet_tf.demonstration.tried_runs import load_runs
from tests.training.tiny_runs import train


@pytest.fixture(scope="session")
def run_dirs(tmp_path_factory):
    """Folders of a vanilla run and of a qualnet run on its stage 1."""
    runs = tmp_path_factory.mktemp("runs")
    stage1 = train(runs / "stage1", backbone="irevnet_tiny", num_epochs=1)
    vanilla = train(runs / "vanilla", num_epochs=1)
    qualnet = train(
        runs / "qualnet",
        method="qualnet",
        stage1_run_dir=str(stage1.path),
        quality_weight=0.1,
        clean_fraction=0.5,
        corruptions=("contrast",),
        num_epochs=1,
    )
    return [str(vanilla.path), str(qualnet.path)]


@pytest.fixture(scope="session")
def tried(run_dirs):
    return load_runs(run_dirs)
