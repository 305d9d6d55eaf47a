"""The image is pinned, small in what it copies, and obeys signals."""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def steps():
    """(instruction, rest) of each step of the Dockerfile."""
    text = (DEPLOY / "Dockerfile").read_text()
    text = re.sub(r"(?m)^\s*#.*\n", "", text).replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip()]
    return [tuple(line.split(maxsplit=1)) for line in lines]


@pytest.fixture(scope="module")
def copies(steps):
    """(sources, target) of each COPY."""
    found = [rest.split() for name, rest in steps if name == "COPY"]
    return [(words[:-1], words[-1]) for words in found]


def pins():
    """Returns version by name, in lower case."""
    lines = (DEPLOY / "constraints.txt").read_text().splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    found = dict(
        re.fullmatch(r"([\w.-]+)==([\w.]+)", x).groups() for x in lines
    )
    assert len(found) == len(lines)
    return {name.lower(): version for name, version in found.items()}


def requirements():
    """Returns [(operator, version), ...] by name, in lower case."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    found = {}
    for line in filter(None, (x.split("#")[0].strip() for x in lines)):
        name, limits = re.fullmatch(r"([\w.-]+)(.*)", line).groups()
        limits = [limit for limit in limits.split(",") if limit]
        found[name.lower()] = [
            re.fullmatch(r"(>=|<)([\d.]+)", limit).groups() for limit in limits
        ]
    return found


def numbers(version):
    return [int(part) for part in version.split(".") if part.isdigit()]


def allows(limits, version):
    """Whether a version is within all limits, (">=" or "<", version) each."""
    return all(
        (numbers(version) >= numbers(limit)) == (operator == ">=")
        for operator, limit in limits
    )


class TestDockerfile:
    def test_the_base_is_a_version(self, steps):
        bases = [rest for name, rest in steps if name == "FROM"]
        for base in bases:
            assert re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+-[\w-]+", base), base
        assert bases and steps[0][0] == "FROM"

    def test_it_is_not_root(self, steps):
        names = [name for name, _ in steps]
        (user,) = (rest for name, rest in steps if name == "USER")
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
        assert "RUN" not in names[names.index("USER") :]

    def test_there_is_no_shell_between_a_signal_and_python(self, steps):
        steps = dict(steps)
        assert json.loads(steps["ENTRYPOINT"]) == ["python", "-m"]
        module, *_ = json.loads(steps["CMD"])
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()

    def test_every_installation_is_pinned_and_leaves_no_cache(self, steps):
        commands = [
            each.strip()
            for name, rest in steps
            if name == "RUN"
            for each in rest.split("&&")
        ]
        installs = [each for each in commands if "pip install" in each]
        assert len(installs) == 2
        for each in installs:
            assert "--no-cache-dir" in each
            assert "--constraint constraints.txt" in each or (
                "--no-deps" in each and "--no-build-isolation" in each
            )

    def test_the_environment(self, steps):
        (rest,) = (rest for name, rest in steps if name == "ENV")
        environment = dict(each.split("=") for each in rest.split())
        assert environment["PYTHONUNBUFFERED"] == "1"
        assert "TF_CPP_MIN_LOG_LEVEL" in environment
        assert "NVIDIA_VISIBLE_DEVICES" not in environment

    def test_what_is_copied_exists_and_is_sent_to_the_builder(self, copies):
        lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        lines = [line for line in lines if not line.startswith("#")]
        assert lines[0] == "*"
        sent = {line[1:] for line in lines if line.startswith("!")}
        copied = {source for sources, _ in copies for source in sources}
        assert copied == sent
        for source in copied:
            assert (ROOT / source).exists(), source

    def test_all_that_the_package_is_built_from_is_copied(self, copies):
        copied = {source for sources, _ in copies for source in sources}
        text = (ROOT / "pyproject.toml").read_text()
        for name in ("README.md", "LICENSE", "NOTICE", "requirements.txt"):
            assert f'"{name}"' in text and name in copied


class TestConstraints:
    @pytest.mark.parametrize("name", sorted(requirements()))
    def test_a_requirement_is_met(self, name):
        limits, version = requirements()[name], pins()[name]
        assert allows(limits, version), f"{name}=={version}: {limits}"

    def test_a_version_outside_of_its_limits_is_seen(self):
        limits = requirements()["tensorflow"]
        assert allows(limits, "2.21.0")
        assert not allows(limits, "2.22.0") and not allows(limits, "2.20.1")

    def test_the_gpu_s_libraries_and_the_build_s_are_pinned(self):
        found = pins()
        names = {name for name in found if name.startswith("nvidia-")}
        assert {"nvidia-cudnn-cu12", "nvidia-nccl-cu12"} <= names
        text = (ROOT / "pyproject.toml").read_text()
        lowest = re.search(r'"setuptools>=(\d+)"', text)[1]
        assert allows([(">=", lowest)], found["setuptools"])
