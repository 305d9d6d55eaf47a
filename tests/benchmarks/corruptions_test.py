"""The benchmarks of the corruptions run and say what they measured."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").is_dir(), reason="benchmarks is absent"
)


def run(module, *flags):
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_rates_without_peers():
    done = run(
        "corruptions",
        "--peers=",
        "--sides=32",
        "--names=contrast,pixelate",
        "--repeats=1",
        "--seconds=0.05",
    )
    assert done.returncode == 0, done.stderr
    for words in ("| contrast |", "| pixelate |", "as one stream", "cores"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("module", "flag", "message"),
    [
        ("corruptions", "--peers=nobody", "nobody"),
        ("corruptions", "--sides=8", "8"),
        ("corruption_fidelity", "--sizes=100", "expected some of 224,64,32"),
        ("corruption_fidelity", "--reference=/nowhere", "/nowhere"),
    ],
)
def test_bad_input_is_one_line(module, flag, message):
    done = run(module, flag)
    assert done.returncode == 1
    # TensorFlow's own words at its start come before ours.
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and message in last
    assert "Traceback" not in done.stderr
