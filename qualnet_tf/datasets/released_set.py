"""What a corrupted set that others made looks like."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from qualnet_tf.datasets.source import ImageSource

Condition = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class ReleasedSet:
    """A corrupted set that was found.

    Attributes:
        name: What it is called in messages and results.
        conditions: The (corruption, severity) pairs that it holds, of whole
            corruptions only.
        open: (corruption, severity) -> its images, in an order that is the
            same in every condition.
    """

    name: str
    conditions: tuple[Condition, ...]
    open: Callable[[str, int], ImageSource]

    def choose(
        self, corruptions: Sequence[str], severities: Sequence[int]
    ) -> tuple[tuple[Condition, ...], tuple[str, ...]]:
        """Returns the conditions asked for, and the corruptions it lacks.

        Raises:
            ValueError: If it has none of the corruptions, or has a corruption
                without one of the severities.
        """
        held = {name for name, _ in self.conditions}
        lacking = tuple(name for name in corruptions if name not in held)
        if len(lacking) == len(corruptions):
            raise ValueError(
                f"{self.name}: expected some of {', '.join(corruptions)}, "
                f"received {', '.join(sorted(held))}; correct --corruptions"
            )
        chosen = tuple(
            (name, severity)
            for name in corruptions
            for severity in severities
            if name in held
        )
        gaps = [c for c in chosen if c not in self.conditions]
        if gaps:
            raise ValueError(
                f"{self.name}: expected severities "
                f"{', '.join(map(str, severities))} of every corruption, "
                f"received {gaps[0][0]} without {gaps[0][1]}; add it, or leave "
                "it out of --severities"
            )
        return chosen, lacking
