"""A tiny run of faces and small sets of pairs and people, for tests."""

import numpy as np
from PIL import Image

from qualnet_tf.datasets import face_lists
from tests.training.tiny_runs import train

SIDE = 16


def train_faces(path, **values):
    """A run with a cosine head; its people are ten digits."""
    settings = {
        "backbone": "lresnet_ir_tiny",
        "margin_loss": "cosface",
        "margin": 0.25,
        "num_epochs": 1,
        "decay_epochs": (),
        **values,
    }
    return train(path, **settings)


def write_sets(folder, num_people=8, num_pictures=4, side=20):
    """Writes people whose pictures are alike, pairs.csv and people.csv."""
    generator = np.random.default_rng(0)
    people = {}
    for number in range(num_people):
        name = f"p{number}"
        (folder / name).mkdir(parents=True)
        base = generator.integers(0, 200, (side, side, 3))
        people[name] = []
        for picture in range(num_pictures):
            noise = generator.integers(0, 56, base.shape)
            file = f"{name}/{picture}.png"
            Image.fromarray((base + noise).astype("u1")).save(folder / file)
            people[name].append(file)
    rows = face_lists.list_pairs(people, num_folds=4, pairs_per_fold=20)
    header = ("fold", "left", "right", "same")
    pairs = folder / "pairs.csv"
    pairs.write_text(face_lists.to_csv(header, rows))
    roles = face_lists.list_roles(
        {name: people[name] for name in list(people)[:-2]},
        people["p6"] + people["p7"],
    )
    header = ("image", "identity", "role")
    (folder / "people.csv").write_text(face_lists.to_csv(header, roles))
    return folder
