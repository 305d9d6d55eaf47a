"""Which examples belong to a split or to a smaller subset; NumPy only."""

import numpy as np


def stratified_split(
    labels: np.ndarray, validation_fraction: float, seed: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Splits examples so that each class gives the same share to validation.

    Args:
        labels: int [n], one label per example.
        validation_fraction: Share of each class held out, in (0, 1); rounded,
            but each class keeps at least one example on each side.
        seed: Of the choice within a class; None holds out the last ones.

    Returns:
        Indices of the training and of the validation examples, int64, each in
        ascending order; disjoint, together all of them.

    Raises:
        ValueError: If a class has only one example.
    """
    generator = None if seed is None else np.random.default_rng(seed)
    train, validation = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise ValueError(
                f"class {label} has 1 image: expected at least 2 to hold one "
                "out for validation"
            )
        if generator is not None:
            members = generator.permutation(members)
        share = round(len(members) * validation_fraction)
        kept = len(members) - min(max(share, 1), len(members) - 1)
        train.append(members[:kept])
        validation.append(members[kept:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def balanced_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """Shuffles examples so that each beginning holds the classes evenly.

    The first round has one random example of each class, in random order, the
    second round another one, until the smaller classes run out. A smaller
    subset is thus the beginning of a larger one.

    Args:
        labels: int [n], one label per example.
        seed: Of the shuffle.

    Returns:
        A permutation of the n indices, int64 [n].
    """
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(labels))
    rounds = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        places = np.flatnonzero(labels[shuffled] == label)
        rounds[places] = np.arange(len(places))
    return shuffled[np.lexsort((generator.random(len(labels)), rounds))]


def balanced_subset(
    indices: np.ndarray,
    labels: np.ndarray,
    max_images: int | None,
    seed: int,
) -> np.ndarray:
    """Returns at most `max_images` of `indices` in `balanced_order`.

    Args:
        indices: int [k], the examples to choose from.
        labels: int [n], the labels of all examples.
        max_images: Size of the subset; None keeps all.
        seed: Of the shuffle.
    """
    return indices[balanced_order(labels[indices], seed)][:max_images]
