"""How accurate a classifier would be if its classes were called otherwise."""

import numpy as np


def renamed_accuracy(predicted, labels) -> tuple[float, float]:
    """Returns the accuracy as it is, and with every predicted class renamed.

    Each predicted class is given the label that it has most often in the other
    half of the images, so that the second number is not better by chance: it
    is that of images that had no part in the renaming.

    Args:
        predicted: Integers [images].
        labels: Integers [images], in an order that does not matter.

    Raises:
        ValueError: If the shapes differ or there is no image.
    """
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if (
        predicted.shape != labels.shape
        or predicted.ndim != 1
        or not len(labels)
    ):
        raise ValueError(
            "expected a prediction and a label of each image, received "
            f"{predicted.shape} and {labels.shape}"
        )
    order = np.random.default_rng(0).permutation(len(labels))
    predicted, labels = predicted[order], labels[order]
    size = 1 + int(max(predicted.max(), labels.max()))
    is_right = []
    for half in (slice(0, None, 2), slice(1, None, 2)):
        other = slice(1 - half.start, None, 2)
        counts = np.zeros((size, size), np.int64)
        np.add.at(counts, (predicted[other], labels[other]), 1)
        names = counts.argmax(axis=1)
        is_right.append(names[predicted[half]] == labels[half])
    return (
        float(np.mean(predicted == labels)),
        float(np.mean(np.concatenate(is_right))),
    )
