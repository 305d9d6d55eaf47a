"""BUILD says what the tree says, and its targets form no cycle."""

import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture(scope="module")
def build_file():
    path = ROOT / "tools" / "build_file.py"
    spec = importlib.util.spec_from_file_location("build_file", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def targets():
    """Runs BUILD with stub rules and returns its targets by name."""
    found = {}

    def rule(kind):
        def declare(name, **attributes):
            assert name not in found, f"{name} is declared twice"
            found[name] = {"kind": kind, **attributes}

        return declare

    stubs = {
        kind: rule(kind) for kind in ("py_library", "py_binary", "py_test")
    }
    stubs |= {
        "load": lambda *_: None,
        "package": lambda **_: None,
        "glob": lambda *_, **__: [],
    }
    exec((ROOT / "BUILD").read_text(), stubs)
    return found


def test_build_is_up_to_date(build_file):
    assert (ROOT / "BUILD").read_text() == build_file.render(), (
        "BUILD is behind the tree: run make build_file"
    )


def test_every_source_exists(targets):
    for target in targets.values():
        for path in target["srcs"] + target.get("data", []):
            assert (ROOT / path).is_file(), path


def test_every_test_has_a_target(targets):
    tests = {str(p.relative_to(ROOT)) for p in ROOT.glob("tests/**/*_test.py")}
    declared = {
        target["srcs"][0]
        for target in targets.values()
        if target["kind"] == "py_test"
    }
    assert declared == tests


def test_programs_are_binaries(targets):
    binaries = {
        name.rsplit("/", 1)[1]
        for name, target in targets.items()
        if target["kind"] == "py_binary"
    }
    assert binaries == {
        "train",
        "evaluate",
        "report",
        "export",
        "inspect",
        "serve",
        "demo",
        "data_worker",
        "predict",
        "corrupt",
        "convert_faces",
        "align_faces",
        "evaluate_faces",
    }


def test_deps_exist_and_form_no_cycle(targets):
    done, path = set(), []

    def visit(name):
        assert name in targets, f"{name} is no target"
        assert name not in path, f"cycle: {[*path, name]}"
        if name in done:
            return
        path.append(name)
        for dep in targets[name].get("deps", []):
            visit(dep[1:])
        path.pop()
        done.add(name)

    for name in targets:
        visit(name)


def test_pip_comments_are_declared_requirements(build_file):
    declared = (ROOT / "requirements.txt").read_text() + (
        ROOT / "pyproject.toml"
    ).read_text()
    # protobuf and werkzeug come with TensorFlow and TensorBoard.
    for line in (ROOT / "BUILD").read_text().splitlines():
        if "# pip:" in line:
            name = line.split("# pip:")[1].strip()
            assert name in declared or name == "protobuf", name
