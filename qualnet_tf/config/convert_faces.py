"""Knobs of `convert_faces`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require

LISTS = ("pairs", "roles")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConvertFacesConfig(Config):
    """Faces in another form, or lists of them to evaluate on."""

    dataset: str = knob(
        "folder",
        "what is read: a folder per identity, or train.rec and train.idx",
        choices=("folder", "face_records"),
    )
    data_dir: str = knob("", "where it is", path=True)
    class_list: str = knob(
        "",
        "text file naming the identities to use, one to a line "
        "(dataset=folder); empty uses all",
        path=True,
    )
    output: str = knob(
        "", "folder to make, or the CSV of pairs or roles to write", path=True
    )
    format: str = knob(
        "tfrecord",
        "tfrecord: a set that --dataset=NAME --data_dir=OUTPUT trains on; "
        "records: train.rec, train.idx and property; folder: a folder per "
        "identity; pairs and roles: CSVs for evaluate_faces",
        choices=("tfrecord", "records", "folder", *LISTS),
    )
    name: str = knob("faces", "name of the set (format=tfrecord)")
    skip_bad_files: bool = knob(
        False, "leave out faces that cannot be decoded instead of stopping"
    )
    num_folds: int = knob(
        10, "folds without a person in common (format=pairs)", lower=2
    )
    pairs_per_fold: int = knob(
        600, "at most so many pairs in each (format=pairs)", lower=2
    )
    gallery_per_person: int = knob(
        2, "pictures of each person in the gallery (format=roles)", lower=1
    )
    distractors: str = knob(
        "",
        "text file naming further identities of data_dir, whose pictures are "
        "distractors in the gallery, or others: all that class_list does not "
        "name (format=roles)",
        path=True,
    )
    seed: int = knob(
        0, "seed of the order or of the pairs", lower=0, upper=2**31 - 1
    )

    def check(self) -> None:
        require(self, "data_dir", "name the folder of the faces")
        require(self, "output", "name what to write")
        if self.format in LISTS and self.dataset != "folder":
            raise ValueError(
                f"--format={self.format}: expected --dataset=folder, whose "
                "files it names, received face_records; convert them with "
                "--format=folder first"
            )
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(
                f"--name={self.name}: expected small letters, digits and "
                "underscores, a letter first, as TensorFlow Datasets wants it"
            )
        used = {
            "name": ("tfrecord",),
            "num_folds": ("pairs",),
            "pairs_per_fold": ("pairs",),
            "gallery_per_person": ("roles",),
            "distractors": ("roles",),
        }
        for field in dataclasses.fields(self):
            formats = used.get(field.name, (self.format,))
            value = getattr(self, field.name)
            if self.format not in formats and value != field.default:
                raise ValueError(
                    f"--{field.name}={value}: expected --format="
                    f"{formats[0]} beside it, received {self.format}, which "
                    "does not use it; leave it out"
                )
