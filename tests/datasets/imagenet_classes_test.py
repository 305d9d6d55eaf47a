"""ImageNet's classes are those that everybody's outputs stand for."""

import pathlib
import re

from qualnet_tf.datasets.imagenet_classes import imagenet_classes

LISTED = pathlib.Path(__file__).parents[2] / "configs/imagenet200/classes.txt"


def test_they_are_a_thousand_in_the_order_of_their_names():
    found = imagenet_classes()
    assert len(set(found)) == 1000
    assert all(re.fullmatch(r"n\d{8}", name) for name in found)
    # Of the lists that torchvision and Keras carry: tench, cock, panda, toilet
    # tissue.
    assert [found[i] for i in (0, 7, 388, 999)] == [
        "n01440764",
        "n01514668",
        "n02510455",
        "n15075141",
    ]


def test_those_of_the_ablation_are_among_them():
    lines = LISTED.read_text().splitlines()
    listed = {line for line in lines if line and line[0] != "#"}
    assert len(listed) == 200
    assert listed < set(imagenet_classes())
