"""Flags, flagfiles and the one-line errors of every program.

Programs are started as a user starts them: absl's flags are global, so one
process can hold the flags of one program only.
"""

import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PROGRAMS = ("train", "evaluate", "report", "export", "predict", "corrupt")


def run(program, *flags, **environment):
    return subprocess.run(
        [sys.executable, "-m", f"qualnet_tf.{program}", *flags],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_answers_at_once(program):
    started = time.monotonic()
    result = run(program, "--help")
    assert result.returncode == 0
    assert f"qualnet_tf.{program}" in result.stdout
    assert "_dir" in result.stdout
    # 2 s on an idle machine; TensorFlow alone would take longer than this.
    assert time.monotonic() - started < 6


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_do_not_import_tensorflow_before_they_run(program):
    code = (
        f"import sys; import qualnet_tf.{program}; "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--backbone=resnet51"], "--backbone=resnet51: expected one of"),
        (["--batch_size=0"], "--batch_size=0: expected at least 1"),
        (["--batch_size=many"], "many"),
        (["--severities=1,x"], "expected whole numbers separated by commas"),
        (
            ["--corruptions=rain"],
            "--corruptions: unknown corruption 'rain': expected one of test",
        ),
        (["--quality_weight=0.1"], "--stage1_run_dir, a finished stage-1 run"),
        (["--no_such_flag=1"], "'no_such_flag'; --help lists the flags"),
        (["stray"], "unexpected argument 'stray'"),
        (["--flagfile=missing.flags"], "missing.flags"),
    ],
)
def test_bad_flags_get_one_line(flags, message):
    result = run("train", "--run_dir=never", *flags)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (ROOT / "never").exists()


def test_only_check_args_checks_and_stops():
    good = run("train", "--run_dir=never", "--only_check_args")
    assert good.returncode == 0, good.stderr
    bad = run("train", "--only_check_args")
    assert bad.returncode == 1
    assert "--run_dir is empty" in bad.stderr


def test_groups_expand_and_flagfiles_reproduce(tmp_path):
    code = (
        "from absl import flags\n"
        "from qualnet_tf import experiment_flags, config\n"
        "experiment_flags.define_flags(config.TrainConfig)\n"
        "flags.FLAGS(sys.argv)\n"
        "made = experiment_flags.config_from_flags(config.TrainConfig)\n"
        "print(experiment_flags.to_flagfile(made), end='')\n"
    )

    def flagfile(*flags):
        command = [sys.executable, "-c", "import sys\n" + code, *flags]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    first = flagfile("--run_dir=r", "--corruptions=holdout", "--download")
    assert "--corruptions=speckle_noise,gaussian_blur,spatter,saturate" in first
    assert "--download=true" in first
    path = tmp_path / "flags.txt"
    path.write_text(first)
    assert flagfile(f"--flagfile={path}") == first
    assert "--seed=7" in flagfile(f"--flagfile={path}", "--seed=7")
