"""Runs a training command, and ends with an exit code that a Job understands.

    python deploy/job_exit.py -- python -m qualnet_tf.train --run_dir=RUN ...

`train` exits with 0 when it was asked to stop and has saved, and so do the
workers that stopped along with it. A Job would take that for done and never
start them again, so the run's own word counts here. Exit codes:

    0     RUN/run.json says that the run is finished
    75    it is not, and the command ended well or was asked to stop: start it
          again (75 is EX_TEMPFAIL of sysexits.h)
    else  the command's own; 128 + N if signal N ended it

A worker of a finished run that is started once more would wait for others that
are gone. It is given --strategy=none, with which `train` waits for nobody, says
that there is nothing to do, and still refuses another run's folder.

Standard library only, so that it answers at once.
"""

import json
import pathlib
import signal
import subprocess
import sys

AGAIN = 75
_FLAG = "--run_dir="


def main(arguments: list[str]) -> int:
    """Runs the command and returns the exit code."""
    folders = [a.removeprefix(_FLAG) for a in arguments if a.startswith(_FLAG)]
    if arguments[:1] != ["--"] or not folders:
        return _fail(
            "expected -- and a training command with --run_dir=FOLDER; write "
            "`job_exit.py -- python -m qualnet_tf.train --run_dir=RUN ...`"
        )
    run_dir = pathlib.Path(folders[-1])
    command = arguments[1:]
    if is_finished(run_dir):
        command.append("--strategy=none")
    try:
        code, asked = run(command)
    except OSError as error:
        return _fail(f"{command[0]}: {error.strerror}")
    if code == 0 and is_finished(run_dir):
        return 0
    if asked or code == 0:
        print(f"{run_dir}: not finished, to be started again", file=sys.stderr)
        return AGAIN
    return code if code > 0 else 128 - code


def is_finished(run_dir: pathlib.Path) -> bool:
    """Whether the run's folder says so."""
    try:
        info = json.loads((run_dir / "run.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(info, dict) and info.get("status") == "finished"


def run(command: list[str]) -> tuple[int, bool]:
    """Runs the command; SIGTERM is passed on to it.

    Returns:
        What it returned (-N if signal N ended it), and whether it was asked to
        stop.

    Raises:
        OSError: If there is no such command.
    """
    asked, started = [], []

    def pass_on(number, _):
        asked.append(number)
        for child in started:
            child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    child = subprocess.Popen(command)
    started.append(child)
    if asked:  # before there was anybody to pass it on to
        child.send_signal(signal.SIGTERM)
    return child.wait(), bool(asked)


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
