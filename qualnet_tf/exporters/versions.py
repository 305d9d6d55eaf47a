"""Numbered version folders, the layout that TensorFlow Serving watches."""

from pathlib import Path


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
    """Returns one more than the newest version in `folder`, 1 where none is."""
    return max(version_folders(folder), default=0) + 1


def newest_since(folder: Path, moment: float) -> Path | None:
    """Returns the newest version, if it was written after `moment`.

    Args:
        folder: Where the versions lie; it need not exist.
        moment: Modification time of what is exported, seconds.
    """
    versions = version_folders(folder)
    if not versions:
        return None
    newest = versions[max(versions)]
    return newest if newest.stat().st_mtime >= moment else None
