"""Numbered version folders, the layout that TensorFlow Serving watches."""

import dataclasses
import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# What an export was made from and how, so that it need not be made again.
RECORD = "export.json"
# The newest number ever used; servers look at folders alone.
_COUNTER = ".newest_version"


def version_folders(folder: Path) -> dict[int, Path]:
    """Returns version number -> folder, for the numeric folders in `folder`.

    TensorFlow Serving loads the largest number and ignores every other name,
    so a temporary folder may lie beside them under a name that is no number.

    Args:
        folder: Where the versions lie; it need not exist.
    """
    if not folder.is_dir():
        return {}
    return {
        int(child.name): child
        for child in sorted(folder.iterdir())
        if child.is_dir() and child.name.isascii() and child.name.isdecimal()
    }


def next_version(folder: Path) -> int:
    """Returns one more than the newest version there ever was, 1 at first.

    A number is not used again where its folder was removed: a server that
    still holds the old model would not look at the new one.
    """
    counter = folder / _COUNTER
    counted = 0
    if counter.is_file():
        text = counter.read_text().strip()
        counted = int(text) if text.isascii() and text.isdecimal() else 0
    return max([counted, *version_folders(folder)]) + 1


def newest_with(folder: Path, record: dict[str, Any]) -> Path | None:
    """Returns the newest version, if it was written with that record.

    Args:
        folder: Where the versions lie; it need not exist.
        record: As given to `new_version`.
    """
    versions = version_folders(folder)
    if not versions:
        return None
    newest = versions[max(versions)]
    try:
        found = json.loads((newest / RECORD).read_text())
    except (OSError, ValueError):
        return None
    return newest if found == record else None


@dataclasses.dataclass
class NewVersion:
    """A version that is being written.

    Attributes:
        folder: Where to write.
        version: Its final folder; None until it is whole.
    """

    folder: Path
    version: Path | None = None


@contextmanager
def new_version(
    output_dir: str | os.PathLike, record: dict[str, Any] | None = None
) -> Iterator[NewVersion]:
    """Gives a folder to write into, which then becomes the next version.

    It has a name that no server looks at, and is renamed when the body is
    done. If the body fails, nothing that was made is left behind.

    Args:
        output_dir: Folder of the numbered versions, made where it is missing.
        record: Kept in the version as `export.json`.

    Raises:
        ValueError: If `output_dir` is a file.
        OSError: If the disk refuses a file.
    """
    output_dir = Path(output_dir)
    if output_dir.exists() and not output_dir.is_dir():
        raise ValueError(
            f"output_dir {output_dir} is a file: expected a folder, or a path "
            "where none is yet"
        )
    made = [d for d in (output_dir, *output_dir.parents) if not d.exists()]
    # Beside the versions, so that the rename stays on one file system. Not
    # from tempfile: its folders are closed to other users, a server included.
    folder = output_dir / f".writing-{os.getpid()}"
    writing = NewVersion(folder)
    try:
        folder.mkdir(parents=True)
        yield writing
        if record is not None:
            text = json.dumps(record, indent=2) + "\n"
            (folder / RECORD).write_text(text)
        writing.version = _rename(folder, output_dir)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # somebody else may have put something in
            for directory in made:
                directory.rmdir()
        raise


def _rename(folder: Path, output_dir: Path) -> Path:
    """Gives a whole folder the next number, also if others do so now."""
    while True:
        number = next_version(output_dir)
        try:
            os.rename(folder, output_dir / str(number))
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                continue
            raise
        # After the rename: a number that was never used costs nothing.
        counter = output_dir / f"{_COUNTER}-{os.getpid()}"
        counter.write_text(f"{number}\n")
        os.replace(counter, output_dir / _COUNTER)
        return output_dir / str(number)
