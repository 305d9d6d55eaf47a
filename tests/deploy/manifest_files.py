"""Reads deploy's manifests for the tests of them."""

import pathlib

import yaml

ROOT = pathlib.Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
SINGLE_NODE = ROOT / "deploy" / "single_node"
SERVING = ROOT / "serving" / "kubernetes"
# Manifests with pods.
POD_OWNERS = ("train", "data-dispatcher", "data-worker")


def manifest(name, folder=KUBERNETES):
    return yaml.safe_load((folder / f"{name}.yaml").read_text())


def resources(folder=KUBERNETES):
    """Returns the kustomization's resources that are files, by name."""
    names = manifest("kustomization", folder)["resources"]
    return [name for name in names if name.endswith(".yaml")]


def pod(name, folder=KUBERNETES):
    return manifest(name, folder)["spec"]["template"]["spec"]


def container(name, folder=KUBERNETES):
    (found,) = pod(name, folder)["containers"]
    return found


def command(name, folder=KUBERNETES):
    """Returns what runs in the container, the image's entry point first."""
    found = container(name, folder)
    return [*found.get("command", ["python", "-m"]), *found["args"]]


def arguments(name, folder=KUBERNETES):
    """Returns the program and its flags."""
    words = command(name, folder)
    module = words.index("-m") + 1
    return words[module], words[module + 1 :]


def flags(name, folder=KUBERNETES):
    """Returns the flags' values."""
    return dict(
        flag.removeprefix("--").partition("=")[::2]
        for flag in arguments(name, folder)[1]
    )


def variables(name):
    found = container(name).get("env", [])
    return {each["name"]: each.get("value") for each in found}
