"""Lists of pictures as CSV: rows that are whole, pictures that are there."""

import csv
from pathlib import Path


def read_rows(
    path: Path, columns: tuple[str, ...], what: str
) -> list[dict[str, str]]:
    """Returns the rows of a CSV with at least these columns.

    Raises:
        ValueError: If it is missing, no text, without rows or a column.
    """
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a CSV of {what}, found none; correct the path"
        )
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            header, rows = reader.fieldnames or [], list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path}: expected a CSV of {what}, received a file that is no CSV "
            f"({error})"
        ) from error
    missing = [name for name in columns if name not in header]
    if missing or not rows:
        raise ValueError(
            f"{path}: expected a CSV of {what} with the columns "
            f"{', '.join(columns)} and at least one row, received "
            f"{len(rows)} rows of {', '.join(header)[:80] or 'nothing'}"
        )
    for number, row in enumerate(rows, 2):
        if any(not row[name] for name in columns) or None in row:
            raise ValueError(
                f"{path}, line {number}: expected {len(header)} values, the "
                f"columns {', '.join(columns)} not empty; correct the line"
            )
    return rows


def existing_picture(folder: Path, name: str, where: str) -> str:
    """Returns the path of a picture.

    Raises:
        ValueError: If it is not there.
    """
    picture = folder / name
    if not picture.is_file():
        raise ValueError(
            f"{where}: expected the picture {picture}, found none; correct the "
            "list, or name the folder its paths begin in"
        )
    return str(picture)
