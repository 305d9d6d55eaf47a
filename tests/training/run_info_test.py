"""run.json names what a number was made with."""

from qualnet_tf.training import run_info


def test_environment_names_versions_backend_and_device():
    found = run_info.describe_environment()
    assert {"python", "tensorflow", "keras", "numpy"} <= set(found["versions"])
    assert found["backend"] == "tensorflow"
    assert found["device"]


def test_no_git_is_no_error(monkeypatch):
    def missing(*_, **__):
        raise OSError("git is not installed")

    monkeypatch.setattr(run_info.subprocess, "run", missing)
    assert run_info.describe_environment()["git_revision"] == ""
