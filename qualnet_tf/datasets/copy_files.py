"""Files that appear under their final name only when they are complete."""

from pathlib import Path


class LocalFiles:
    """Reads and writes files of this machine, or of a mounted folder.

    What a killed start leaves behind is one hidden `.NAME.part` beside each
    file it was writing; the next start writes over it and renames it.
    """

    def exists(self, path: str) -> bool:
        """Whether there is a file of that name."""
        return Path(path).exists()

    def read(self, path: str) -> bytes:
        """Returns the contents of a file."""
        return Path(path).read_bytes()

    def write(self, path: str, contents: bytes) -> None:
        """Writes a file, all or nothing; its folder is made."""
        temporary = part_of(path)
        try:
            temporary.write_bytes(contents)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def part_of(path: str | Path) -> Path:
    """Returns the name of an unfinished file, and makes its folder."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.part")
