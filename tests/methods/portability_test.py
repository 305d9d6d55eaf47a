"""Every method takes the same steps on TensorFlow and on JAX."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from qualnet_tf import methods
from tests.methods.tiny_methods import make_batch, make_method, step

ROOT = pathlib.Path(__file__).parent.parent.parent
# Whatever the term's published weight: with those of PKT and SP a float32
# difference of the first step would be another path by the second.
OPTIONS = {
    name: {"distillation_weight": 0.5}
    for name in ("kd", "fitnet", "pkt", "vid", "sp")
}
CODE = """
import sys
import keras, numpy as np
from tests.methods.portability_test import NAMES, made
from tests.methods.tiny_methods import make_batch, step
assert keras.backend.backend() == "jax"
folder = sys.argv[1]
for name in NAMES:
    method = made(name)
    start = np.load(f"{folder}/{name}_start.npz")
    method.set_weights([start[key] for key in start.files])
    for seed in range(2):
        step(method, make_batch(seed))
    np.savez(f"{folder}/{name}_end.npz", *method.get_weights())
"""
# QualNet's own test takes its options as well.
NAMES = [name for name in methods.names() if name != "qualnet"]


def made(name):
    """A method that learns slowly enough to be compared."""
    return make_method(name, learning_rate=0.01, **OPTIONS.get(name, {}))


@pytest.mark.slow
def test_two_steps_agree_on_both_backends(tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    ends = {}
    for name in NAMES:
        method = made(name)
        start = [keras.ops.convert_to_numpy(w) for w in method.weights]
        np.savez(tmp_path / f"{name}_start.npz", *start)
        for seed in range(2):
            step(method, make_batch(seed))
        paths = [weight.path for weight in method.weights]
        ends[name] = list(zip(paths, method.get_weights(), strict=True))
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)],
        cwd=ROOT,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for name, expected in ends.items():
        end = np.load(tmp_path / f"{name}_end.npz")
        for (path, value), key in zip(expected, end.files, strict=True):
            np.testing.assert_allclose(
                end[key], value, rtol=1e-3, atol=2e-5, err_msg=f"{name}: {path}"
            )
