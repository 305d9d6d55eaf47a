"""Corrupted sets of TensorFlow Datasets, a configuration per condition.

cifar10_corrupted/fog_1 and imagenet2012_corrupted/fog_1, where they are
prepared.
"""

from collections.abc import Sequence

from qualnet_tf import corruptions
from qualnet_tf.datasets.released_set import ReleasedSet
from qualnet_tf.datasets.source import ImageSource, SourceOptions
from qualnet_tf.datasets.tfds_images import is_prepared, open_tfds

_SEVERITIES = (1, 2, 3, 4, 5)
# Their cifar10_corrupted has names of its own for two of them.
_OTHER_NAMES = {
    "glass_blur": "frosted_glass_blur",
    "elastic_transform": "elastic",
}


def open_prepared(
    dataset: str, class_names: Sequence[str], data_dir: str | None
) -> ReleasedSet:
    """Opens the configurations of a set that are prepared.

    Args:
        dataset: Such as "cifar10_corrupted".
        class_names: The classes of the clean set.
        data_dir: Folder of prepared sets; None is TFDS's default.

    Raises:
        ValueError: If nothing of it is prepared.
    """
    found = {
        (name, severity): f"{dataset}/{spelled}_{severity}"
        for name in corruptions.expand(["all"])
        for severity in _SEVERITIES
        for spelled in (name, _OTHER_NAMES.get(name, name))
        if is_prepared(f"{dataset}/{spelled}_{severity}", data_dir)
    }
    if not found:
        raise ValueError(
            f"corrupted set {dataset!r}: expected a folder, or a TensorFlow "
            "Datasets set with configurations such as fog_1 that are prepared "
            f"in {data_dir or 'its default folder'}, found neither; correct "
            "--corrupted_set or --data_dir"
        )

    def open_condition(name: str, severity: int) -> ImageSource:
        source = open_tfds(
            found[name, severity],
            "validation",
            SourceOptions(data_dir=data_dir),
        )
        _check_classes(source, class_names)
        return source

    return ReleasedSet(
        name=dataset, conditions=tuple(found), open=open_condition
    )


def _check_classes(source: ImageSource, class_names: Sequence[str]) -> None:
    # cifar10_corrupted calls its classes 0 to 9; the order is that of CIFAR.
    numbers = tuple(map(str, range(len(class_names))))
    if source.class_names not in (tuple(class_names), numbers):
        raise ValueError(
            f"{source.name}: expected the {len(class_names)} classes of the "
            f"clean set in its order, received {source.num_classes} (or "
            "others); name the clean set that belongs to it with --dataset"
        )
