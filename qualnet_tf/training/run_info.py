"""What `run.json` says about where and with what a run was made."""

import importlib.metadata
import pathlib
import platform
import subprocess

import keras

PACKAGES = ("tensorflow", "keras", "numpy", "tensorflow-datasets", "jax")


def describe_environment() -> dict:
    """Returns versions, git revision, backend and device of this process."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "git_revision": _git_revision(),
        "backend": keras.backend.backend(),
        "device": _device(),
        "machine": platform.platform(),
    }


def _git_revision() -> str:
    """Returns the source's revision, "" where it is no git checkout."""
    here = pathlib.Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty"]
    try:
        result = subprocess.run(
            [*command, "--abbrev=40"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def _device() -> str:
    """Returns the accelerators that the backend sees, or the processor."""
    devices = keras.distribution.list_devices()
    accelerators = [name for name in devices if not name.startswith("cpu")]
    return ", ".join(accelerators) or platform.processor() or "cpu"
