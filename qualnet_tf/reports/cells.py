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
    ranked: Sequence[bool] | None = None,
) -> list[Cell]:
    """Returns a column of fractions, a cell per run, its best one marked.

    Args:
        values: A number per run, None where there is none.
        intervals: The ends of its interval, None where there is none.
        lower_is_better: Whether the lowest is the best.
        ranked: Which runs can be the best; None lets all.
    """
    texts = [percent(value) for value in values]
    if ranked is None:
        ranked = [True] * len(texts)
    shown = [
        f"{percent(ends[0])} to {percent(ends[1])}" if ends else ""
        for ends in intervals
    ]
    known = [
        value
        for value, is_ranked in zip(values, ranked, strict=True)
        if is_ranked and value is not None
    ]
    best = None
    if len({percent(value) for value in known}) > 1:
        best = percent(min(known) if lower_is_better else max(known))
    return [
        Cell(text, is_ranked and text == best, interval)
        for text, interval, is_ranked in zip(texts, shown, ranked, strict=True)
    ]
