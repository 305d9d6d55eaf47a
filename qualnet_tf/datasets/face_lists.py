"""Lists of pairs and of probes from folders of identities, one's own."""

import csv
import io
import itertools
from collections.abc import Mapping, Sequence

import numpy as np


def list_pairs(
    people: Mapping[str, Sequence[str]],
    *,
    num_folds: int = 10,
    pairs_per_fold: int = 600,
    seed: int = 0,
) -> list[tuple[int, str, str, int]]:
    """Draws pairs of one person and as many of two, in folds.

    Folds have no person in common, as those of LFW: a person in two of them
    would tell the threshold of one what the other holds (Wu et al., arXiv
    2405.15965).

    Args:
        people: Name -> pictures, at least two of each person.
        num_folds: Folds, each of at least two people.
        pairs_per_fold: At most so many pairs per fold, half of them of one
            person; where there are fewer, all of the rarer kind.
        seed: Of the draw.

    Returns:
        (fold, left, right, 1 if one person else 0), sorted by fold and kind.

    Raises:
        ValueError: If a person has one picture, or there are too few people.
    """
    alone = sorted(name for name, files in people.items() if len(files) < 2)
    if alone:
        raise ValueError(
            "expected at least 2 pictures of every person, for a pair, "
            f"received 1 of {', '.join(alone[:3])}"
            f"{' and others' if len(alone) > 3 else ''}; add some or leave "
            "the person out"
        )
    if len(people) < 2 * num_folds:
        raise ValueError(
            f"expected at least {2 * num_folds} people for {num_folds} folds "
            f"without a person in common, received {len(people)}; lower the "
            "number of folds"
        )
    generator = np.random.default_rng(seed)
    rows = []
    for fold, members in enumerate(
        np.array_split(np.array(sorted(people)), num_folds)
    ):
        same = [
            pair
            for name in members
            for pair in itertools.combinations(people[name], 2)
        ]
        different = [
            (one, other)
            for first, second in itertools.combinations(members, 2)
            for one in people[first]
            for other in people[second]
        ]
        count = min(pairs_per_fold // 2, len(same), len(different))
        for kind, pairs in ((1, same), (0, different)):
            kept = generator.choice(len(pairs), count, replace=False)
            rows += [(fold, *pairs[i], kind) for i in sorted(kept)]
    return rows


def list_roles(
    people: Mapping[str, Sequence[str]],
    distractors: Sequence[str] = (),
    gallery_per_person: int = 2,
) -> list[tuple[str, str, str]]:
    """Divides pictures into gallery, probes and distractors.

    Args:
        people: Name -> pictures; the first ones are the gallery's.
        distractors: Pictures of other people.
        gallery_per_person: So many of each person go into the gallery.

    Returns:
        (picture, identity, role).

    Raises:
        ValueError: If a person has no picture left as a probe.
    """
    rows = []
    for name, files in sorted(people.items()):
        if len(files) <= gallery_per_person:
            raise ValueError(
                f"expected more than {gallery_per_person} pictures of every "
                f"person, for gallery and probe, received {len(files)} of "
                f"{name}; add some or leave the person out"
            )
        for place, file in enumerate(files):
            role = "gallery" if place < gallery_per_person else "probe"
            rows.append((file, name, role))
    return rows + [(file, "", "distractor") for file in distractors]


def to_csv(header: Sequence[str], rows: Sequence[Sequence]) -> str:
    """Returns the rows as a CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
