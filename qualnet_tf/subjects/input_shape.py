"""The one image that a classifier takes: checks of its shape."""

import os
from collections.abc import Sequence


def image_side(shape: Sequence[int | None], given: int, address: str) -> int:
    """Returns the side of the square image that a model takes, pixels.

    Args:
        shape: Of its input, [batch, height, width, 3]; None or -1 is any.
        given: The side that the user named; 0 reads it.
        address: Which model, for errors.

    Raises:
        ValueError: If the input is no square image, or the side is neither
            known nor given, or both and different.
    """
    if len(shape) != 4 or shape[3] != 3:
        raise ValueError(
            f"{address}: expected one image as input, [batch, height, width, "
            f"3], received {list(shape)}; export the classifier with its "
            "channels last"
        )
    height, width = (side if side and side > 0 else 0 for side in shape[1:3])
    if height != width:
        raise ValueError(
            f"{address}: expected square images, received {height} x {width}; "
            "export the classifier with a square input"
        )
    return settled_side(height, given, address)


def settled_side(known: int, given: int, address: str) -> int:
    """Returns the side of a model's input, 0 standing for unknown.

    Raises:
        ValueError: If it is neither known nor given, or both and different.
    """
    if not known and not given:
        raise ValueError(
            f"{address}: expected a model that says the side of its images, "
            "received one that takes any; pass --image_size"
        )
    if known and given and known != given:
        raise ValueError(
            f"{address}: expected --image_size={known}, which the model takes, "
            f"received {given}; leave it out, or give --stored_size the side "
            "at which pictures are cropped"
        )
    return known or given


def settled_names(
    known: tuple[str, ...], given: tuple[str, ...], address: str
) -> tuple[str, ...]:
    """Returns a model's class names, in the order of its outputs.

    Raises:
        ValueError: If the model's own names are others than those given, or
            in another order.
    """
    if known and given and known != given:
        # Of any sequences, in spite of its name.
        place = len(os.path.commonprefix([known, given]))
        raise ValueError(
            f"{address}: expected its own {len(known)} class names in its "
            f"order, received {len(given)} that differ from number {place} on "
            f"({', '.join(given[place : place + 2]) or 'too few'} instead of "
            f"{', '.join(known[place : place + 2]) or 'none'}); correct "
            "--class_names, or leave it out"
        )
    return known or given
