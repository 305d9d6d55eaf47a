"""Numbers of tables as they are printed."""

import dataclasses
from collections.abc import Sequence

ABSENT = "\N{EN DASH}"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One number of a table.

    Attributes:
        text: As printed.
        best: Whether it is the best of its column; never with one run.
        interval: "low to high" of the number, or empty.
    """

    text: str
    best: bool = False
    interval: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.interval})" if self.interval else self.text


def percent(value: float | None) -> str:
    """Returns a fraction as per cent with one decimal, a dash for None."""
    return ABSENT if value is None else f"{100 * value:.1f}"


def column_cells(
    values: Sequence[float | None],
    intervals: Sequence[tuple[float, float] | None],
    lower_is_better: bool = False,
) -> list[Cell]:
    """Returns a column of fractions, a cell per run, its best one marked."""
    texts = [percent(value) for value in values]
    shown = [
        f"{percent(ends[0])} to {percent(ends[1])}" if ends else ""
        for ends in intervals
    ]
    known = [v for v in values if v is not None]
    best = None
    if len(set(texts) - {ABSENT}) > 1:
        best = percent(min(known) if lower_is_better else max(known))
    return [
        Cell(text, text == best, interval)
        for text, interval in zip(texts, shown, strict=True)
    ]
