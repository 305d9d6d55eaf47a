"""The 1,000 classes of ImageNet-1K, as their folders are called."""

import importlib.resources

# TensorFlow Datasets carries the list in the order of a devkit.
_PACKAGE = "tensorflow_datasets"
_FILE = "image_classification/imagenet_resized_labels.txt"


def imagenet_classes() -> tuple[str, ...]:
    """Returns the WordNet ids such as "n01440764", sorted.

    This is the order of the outputs of torchvision's, Keras's and timm's
    networks, and of the labels of TensorFlow Datasets' imagenet2012.
    """
    file = importlib.resources.files(_PACKAGE).joinpath(_FILE)
    return tuple(sorted(file.read_text().split()))
