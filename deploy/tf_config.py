"""Tells a pod of an Indexed Job which worker it is: sets TF_CONFIG.

    python deploy/tf_config.py -- python -m qualnet_tf.train ...

Kubernetes gives every pod its index; the addresses follow from the name of the
Job, which is that of its headless service. The command takes this process's
place, so that signals reach it. Standard library only: an image without
qualnet_tf can use it.

Environment:
    JOB_COMPLETION_INDEX: Which worker this is; the Job sets it.
    NUM_WORKERS: The Job's completions.
    WORKER_SERVICE: Name of the Job and of its service, `train` for example.
    WORKER_PORT: Port at which the workers find each other.
"""

import json
import os
import sys
from collections.abc import Mapping


def main(arguments: list[str]) -> None:
    """Sets TF_CONFIG and becomes the command."""
    if arguments[:1] != ["--"] or len(arguments) < 2:
        _fail("expected -- and a command; write `tf_config.py -- COMMAND ...`")
    try:
        config = tf_config(os.environ)
    except ValueError as error:
        _fail(str(error))
    os.environ["TF_CONFIG"] = json.dumps(config)
    command = arguments[1:]
    try:
        os.execvp(command[0], command)
    except OSError as error:
        _fail(f"{command[0]}: {error.strerror}")


def tf_config(environment: Mapping[str, str]) -> dict:
    """Returns what TF_CONFIG says.

    Raises:
        ValueError: If a variable is missing, or no such number.
    """
    number = _read_number(environment, "NUM_WORKERS", 1, 100_000)
    index = _read_number(environment, "JOB_COMPLETION_INDEX", 0, number - 1)
    port = _read_number(environment, "WORKER_PORT", 1, 65535)
    service = _read(environment, "WORKER_SERVICE")
    workers = [f"{service}-{i}.{service}:{port}" for i in range(number)]
    return {
        "cluster": {"worker": workers},
        "task": {"type": "worker", "index": index},
    }


def _read(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise ValueError(f"{name} is not set; set it in the Job's container")
    return environment[name]


def _read_number(
    environment: Mapping[str, str], name: str, lower: int, upper: int
) -> int:
    text = _read(environment, name)
    # isdecimal alone takes digits of other scripts.
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        number = None
    else:
        number = int(text)
    if number is None or not lower <= number <= upper:
        raise ValueError(
            f"{name}: expected a whole number from {lower} to {upper}, "
            f"received {text!r}; correct it in the Job's container"
        )
    return number


def _fail(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
