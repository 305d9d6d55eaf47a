"""Rates of several contestants, their medians, and Markdown tables."""

import os
import pathlib
import platform
import statistics
import time

import tensorflow as tf

from qualnet_tf import corruptions

OURS = "ours"
ROWS = "mix of 15, from its rows"
STREAM = "mix of 15, as one stream"


class Rates:
    """Images per second by contestant, side and row; one a repeat."""

    def __init__(self):
        self._repeats = {}

    def add(self, contestant: str, side: int, found: dict) -> None:
        """Adds a repeat's rates, and the mix that follows from them."""
        if set(corruptions.TEST_CORRUPTIONS) <= set(found):
            parts = [found[name] for name in corruptions.TEST_CORRUPTIONS]
            found = {**found, ROWS: statistics.harmonic_mean(parts)}
        for row, rate in found.items():
            key = (contestant, side, row)
            self._repeats.setdefault(key, []).append(rate)

    def contestants(self) -> list[str]:
        """Returns the contestants in the order they came."""
        return list(dict.fromkeys(key[0] for key in self._repeats))

    def median(self, contestant: str, side: int, row: str) -> float | None:
        """Returns the median over repeats; None when not measured."""
        repeats = self._repeats.get((contestant, side, row))
        return statistics.median(repeats) if repeats else None


def rate_table(rates: Rates, side: int, names) -> list[str]:
    """Returns the Markdown table of a side.

    The last two rows are the uniform mix of 15 corruptions and 5 severities:
    from the rates above for everyone, and for us measured as one stream, beside
    the peers' rates from their rows.
    """
    peers = [each for each in rates.contestants() if each != OURS]
    rows = []
    for row in (*names, ROWS, STREAM):
        ours = rates.median(OURS, side, row)
        theirs = [
            rates.median(peer, side, ROWS if row == STREAM else row)
            for peer in peers
        ]
        if ours is None:
            continue
        known = [rate for rate in theirs if rate is not None]
        ratio = [f"{ours / max(known):.2f}" if known else "-"] if peers else []
        rows.append([row, *map(digits, (ours, *theirs)), *ratio])
    ratio = ["ratio to the faster peer"] if peers else []
    title = f"### {side} pixels, images per CPU second of one thread"
    return [title, "", *markdown(["Corruption", OURS, *peers, *ratio], rows)]


def thread_table(threads: dict[int, list]) -> list[str]:
    """Returns the Markdown table of wall rates.

    Args:
        threads: For every side, a pair of rates a repeat.
    """
    rows = []
    for side, repeats in threads.items():
        one, two = map(statistics.median, zip(*repeats, strict=True))
        rows.append([str(side), digits(one), digits(two), f"{two / one:.2f}"])
    heads = ["Side", "one thread", "two threads", "ratio"]
    title = "### Mix of 15, images per second of wall time"
    return [title, "", *markdown(heads, rows)]


def markdown(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Returns the lines of a table."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, *rows)]
    return [lines[0], "|---" * len(heads) + "|", *lines[1:]]


def digits(value: float | None) -> str:
    """Returns a rate to about three figures; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def footer(peer_versions: dict[str, dict[str, str]]) -> str:
    """Returns machine, versions and date in one line."""
    ours = (
        f"{os.cpu_count()} cores, {platform.platform()}, Python "
        f"{platform.python_version()}, TensorFlow {tf.__version__}"
    )
    peers = [
        f"{peer}: {', '.join(' '.join(each) for each in versions.items())}"
        for peer, versions in peer_versions.items()
    ]
    return "; ".join([ours, *peers, time.strftime("%Y-%m-%d")])


class Report:
    """Blocks of lines, printed as they come and written to a file as well.

    Args:
        output: The file, or None.
    """

    def __init__(self, output: pathlib.Path | None):
        self._output = output
        if output:
            output.write_text("")

    def add(self, lines: list[str]) -> None:
        """Prints a block and an empty line."""
        text = "\n".join([*lines, ""])
        print(text, flush=True)
        if self._output:
            with self._output.open("a") as file:
                print(text, file=file)
