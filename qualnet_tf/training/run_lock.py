"""One process at a time trains a run: a lock with its owner's name.

The lock is the system's (flock), so that it ends with its process, however
that ends; the text beside it says whose it is. Where a file system has no such
locks, the text alone decides: an owner on this machine that is gone is passed
over, one on another machine is believed.
"""

import contextlib
import datetime
import errno
import fcntl
import json
import os
import pathlib
import socket
from collections.abc import Iterator

from absl import logging

_FILE = ".lock"
_UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@contextlib.contextmanager
def run_lock(folder: pathlib.Path) -> Iterator[None]:
    """Holds the lock of a run's folder, which is made when needed.

    Args:
        folder: The run.

    Raises:
        ValueError: If another process holds it; that one is named.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    with open(path, "a+", encoding="utf-8") as file:
        is_systems = _take(file, path)
        owner = _read_owner(file)
        if owner and not is_systems:
            _refuse_if_alive(owner, path)
        if owner:
            logging.info(
                "%s: process %s of %s is gone, its lock is taken over",
                path,
                owner.get("pid"),
                owner.get("host"),
            )
        _write_owner(file)
        try:
            yield
        finally:
            # Emptied, not removed: another process may hold it open.
            file.seek(0)
            file.truncate()


def _take(file, path: pathlib.Path) -> bool:
    """Takes the system's lock; False where the file system has none."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _held(path, _read_owner(file)) from None
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return False
    return True


def _held(path: pathlib.Path, owner: dict) -> ValueError:
    who = "another process"
    if owner:
        who = (
            f"process {owner.get('pid')} on {owner.get('host')}, since "
            f"{owner.get('since')}"
        )
    return ValueError(
        f"{path.parent}: expected a run that nobody trains, received one that "
        f"{who} does; wait for it, stop it, or choose another --run_dir"
    )


def _refuse_if_alive(owner: dict, path: pathlib.Path) -> None:
    if owner.get("host") != socket.gethostname():
        raise ValueError(
            f"{_held(path, owner)}; if that process is gone, remove {path}"
        )
    try:
        os.kill(int(owner["pid"]), 0)
    except (ProcessLookupError, KeyError, ValueError):
        return
    except PermissionError:
        pass  # another user's: it is there
    raise _held(path, owner)


def _read_owner(file) -> dict:
    file.seek(0)
    try:
        owner = json.loads(file.read() or "{}")
    except ValueError:
        return {}  # killed while it wrote its name
    return owner if isinstance(owner, dict) else {}


def _write_owner(file) -> None:
    now = datetime.datetime.now(datetime.UTC)
    owner = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": now.isoformat(timespec="seconds"),
    }
    file.seek(0)
    file.truncate()
    file.write(json.dumps(owner))
    file.flush()
