"""Which output of a model stands for which class of the data."""

from collections.abc import Sequence

import numpy as np

from qualnet_tf.metrics.renamed_accuracy import renamed_accuracy

# Outputs that agree with the labels so much better once renamed are in
# another order. No honest model comes near: renaming gains what two classes
# lose to each other, not most of the images.
_FACTOR, _SHARE = 2.0, 0.2


def find_columns(
    known: Sequence[str],
    num_outputs: int,
    wanted: Sequence[str],
    address: str,
) -> np.ndarray | None:
    """Returns which outputs are the classes of the data, in its order.

    Args:
        known: Names in the order of the outputs; () where nobody knows.
        num_outputs: How many outputs the model has.
        wanted: The classes of the data.
        address: Which model, for errors.

    Returns:
        int64 [classes]; None where outputs and classes are the same.

    Raises:
        ValueError: If a class of the data is none of the model's, or the
            numbers differ and there are no names to tell.
    """
    if known and len(known) != num_outputs:
        raise ValueError(
            f"{address}: expected a name for each of {num_outputs} outputs, "
            f"received {len(known)}; correct --class_names"
        )
    if tuple(known) == tuple(wanted):
        return None
    if not known:
        if num_outputs != len(wanted):
            raise ValueError(
                f"{address}: expected {len(wanted)} outputs, one for each "
                f"class of the data, received {num_outputs}; name the classes "
                "in the model's order with --class_names, or choose other data"
            )
        return None
    place = {name: number for number, name in enumerate(known)}
    missing = [name for name in wanted if name not in place]
    if missing:
        raise ValueError(
            f"{address}: expected a model that knows the {len(wanted)} classes "
            f"of the data, received {len(known)} without {len(missing)} of "
            f"them ({', '.join(missing[:3])}); correct --class_names, or "
            "choose other data"
        )
    return np.array([place[name] for name in wanted])


def check_order(
    predicted: np.ndarray, labels: np.ndarray, address: str
) -> None:
    """Refuses a model whose outputs stand in another order than the labels.

    Args:
        predicted: Best class of each clean image.
        labels: Its label.
        address: Which model, for errors.

    Raises:
        ValueError: If one name for another would make it far more accurate.
    """
    plain, renamed = renamed_accuracy(predicted, labels)
    if renamed > max(_FACTOR * plain, plain + _SHARE):
        raise ValueError(
            f"{address}: expected outputs in the order of the data's classes, "
            f"received an accuracy of {plain:.1%} that would be {renamed:.1%} "
            "with the outputs renamed; name the classes in the model's order "
            "with --class_names"
        )
