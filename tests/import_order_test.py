"""Who may import whom, and where TensorFlow may be named."""

import ast
import pathlib

import pytest

PACKAGE = pathlib.Path(__file__).parent.parent / "qualnet_tf"
PROGRAMS = {
    "train",
    "evaluate",
    "report",
    "export",
    "predict",
    "corrupt",
    "inspect",
    "serve",
    "demo",
    "data_worker",
    "convert_faces",
    "align_faces",
    "evaluate_faces",
}
FILES = {"config", "knobs", "registry", "run_dir", "experiment_flags"}

# Room -> rooms and files it may import; any room may use the registry, and
# config is made of knobs.
LAW = {
    "training": {
        "methods",
        "models",
        "backbones",
        "invertible",
        "datasets",
        "corruptions",
        "config",
        "run_dir",
    },
    "evaluation": {
        "subjects",
        "models",
        "invertible",
        "datasets",
        "corruptions",
        "metrics",
        "config",
        "run_dir",
    },
    "subjects": {"models"},
    "exporters": {"models", "config", "run_dir"},
    "demonstration": {
        "models",
        "datasets",
        "corruptions",
        "evaluation.results",
        "config",
        "run_dir",
    },
    "serving": {"exporters.versions", "config"},
    "reports": {"evaluation.results", "metrics", "run_dir"},
    "methods": {"models"},
    "models": {"backbones", "invertible"},
    "backbones": {"invertible"},
    "datasets": {"corruptions"},
    "invertible": set(),
    "corruptions": set(),
    "metrics": set(),
    "config": {"knobs"},
    "knobs": set(),
    "registry": set(),
    "run_dir": set(),
}
# These rooms run on the TensorFlow and on the JAX backend.
PORTABLE = {"invertible", "backbones", "models", "methods"}
# The tape of the only custom training step, and what Keras does not offer
# alike on both backends; see their comments.
BACKENDS_OWN = {"methods/method.py", "invertible/backend_primitives.py"}
NO_TENSORFLOW = {"config", "knobs", "registry", "run_dir", "metrics", "reports"}


def _modules():
    return sorted(PACKAGE.rglob("*.py"))


def _room(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def _imports(path):
    """Yields the dotted name of everything a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


@pytest.mark.parametrize("path", _modules(), ids=str)
def test_imports_point_down(path):
    room = _room(path)
    for name in _imports(path):
        if not name.startswith("qualnet_tf."):
            continue
        target = name.removeprefix("qualnet_tf.")
        top = target.split(".")[0]
        if top == room or top == "registry" or target == "__version__":
            continue
        assert top not in PROGRAMS, f"{path} imports the program {top}"
        if room in PROGRAMS or room == "experiment_flags":
            continue
        allowed = LAW[room]
        assert top in allowed or any(
            target.startswith(f"{entry}.") or target == entry
            for entry in allowed
        ), f"{path} ({room}) must not import {name}"


@pytest.mark.parametrize("path", _modules(), ids=str)
def test_tensorflow_stays_in_its_rooms(path):
    place = str(path.relative_to(PACKAGE))
    for name in _imports(path):
        if name.split(".")[0] not in {"tensorflow", "tensorflow_datasets"}:
            continue
        if place in BACKENDS_OWN and name.split(".")[0] == "tensorflow":
            continue
        assert _room(path) not in PORTABLE | NO_TENSORFLOW, f"{place}: {name}"


def test_every_file_belongs_to_a_room():
    rooms = {_room(path) for path in _modules()}
    assert rooms == set(LAW) | PROGRAMS | FILES | {"__init__"}


def test_no_file_is_too_long_without_a_reason():
    for path in _modules():
        text = path.read_text()
        if text.count("\n") > 300:
            docstring = ast.get_docstring(ast.parse(text)) or ""
            assert "300 lines" in docstring, f"{path} is too long"
