"""Peer libraries, each in an environment of its own that is made once."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys

_WORKER = pathlib.Path(__file__).with_name("corruption_peer.py")
_ONE_THREAD = {
    f"{library}_NUM_THREADS": "1"
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")
}


@dataclasses.dataclass(frozen=True)
class Peer:
    """What a peer installs, and with which Python.

    Args:
        requirements: For this program's own Python.
        requirements_310: For Python 3.10, preferred where there is one; None
            when the peer runs with today's libraries.
    """

    requirements: tuple[str, ...]
    requirements_310: tuple[str, ...] | None = None


PEERS = {
    # 1.1.2 of 2020 imports pkg_resources and calls what NumPy 2 and
    # scikit-image 0.20 removed. The pins are the last that need no help.
    "imagecorruptions": Peer(
        (
            "imagecorruptions==1.1.2",
            "numpy<2",
            "scipy<2",
            "opencv-python<4.12",
            "setuptools<82",
        ),
        (
            "imagecorruptions==1.1.2",
            "numpy==1.23.5",
            "scikit-image==0.19.3",
            "scipy==1.10.1",
            "opencv-python==4.8.1.78",
            "Pillow==10.4.0",
            "setuptools<82",
        ),
    ),
    # The fork that compiles glass_blur with numba.
    "imagecorruptions-imaug": Peer(
        ("imagecorruptions-imaug==1.1.5", "setuptools<82")
    ),
}


def find_python_310(given: str | None = None) -> str | None:
    """Returns a Python 3.10, or None.

    Args:
        given: The user's choice; None looks for `python3.10` on the PATH.

    Raises:
        ValueError: If `given` is not a Python 3.10 that runs.
    """
    found = shutil.which(given or "python3.10")
    if found and _minor_version(found) == "3.10":
        return found
    if given:
        raise ValueError(
            f"--python310: expected a Python 3.10 that runs, received {given!r}"
        )
    return None


def make(name: str, cache: pathlib.Path, python_310: str | None) -> str:
    """Returns the Python of a peer's environment, made when it is not there.

    Args:
        name: One of `PEERS`.
        cache: Folder of the environments.
        python_310: A Python 3.10 or None.

    Raises:
        ValueError: If the environment cannot be made.
    """
    peer = PEERS[name]
    base, requirements = sys.executable, peer.requirements
    good = [peer.requirements_310, peer.requirements]
    if python_310 and peer.requirements_310:
        base, requirements = python_310, peer.requirements_310
        good = [requirements]
    # Absolute, but not resolved: an environment's Python is a link.
    folder = pathlib.Path(os.path.abspath(cache / name))
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    marker = folder / "installed.json"
    if marker.exists() and tuple(json.loads(marker.read_text())) in good:
        return str(python)
    print(f"making the environment of {name} in {folder}", file=sys.stderr)
    _run([base, "-m", "venv", "--clear", str(folder)], f"venv for {name}")
    _run(
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *requirements,
        ],
        f"pip install for {name}",
    )
    marker.write_text(json.dumps(requirements))
    return str(python)


def measure(python: str, images: pathlib.Path, names, seconds: float) -> dict:
    """Returns what the worker prints: seconds per image, and versions.

    Args:
        python: From `make`.
        images: An .npz of uint8 images, one array a side.
        names: Corruptions.
        seconds: CPU seconds a corruption and side.

    Raises:
        ValueError: If the worker fails.
    """
    output = _run(
        [
            python,
            "-I",
            str(_WORKER),
            str(images),
            f"--seconds={seconds}",
            f"--names={','.join(names)}",
        ],
        "the peer's worker",
    )
    return json.loads(output.splitlines()[-1])


def _minor_version(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip()


def _run(command: list[str], what: str) -> str:
    """Returns what a command prints; its last line of complaint is ours."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, **_ONE_THREAD},
        )
    except OSError as error:
        raise ValueError(f"{what}: {error}") from error
    if done.returncode:
        complaint = (done.stderr or done.stdout).strip() or "no message"
        raise ValueError(f"{what} failed: {complaint.splitlines()[-1]}")
    return done.stdout
