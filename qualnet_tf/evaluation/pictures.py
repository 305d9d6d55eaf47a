"""The example pictures of an evaluation and their file, NumPy only."""

import dataclasses
import os
import pathlib
import zipfile

import numpy as np

from qualnet_tf import run_dir


@dataclasses.dataclass(frozen=True, eq=False)
class Pictures:
    """Example pictures of one evaluation.

    Attributes:
        clean: uint8 [n, height, width, 3].
        corrupted: Same shape.
        caption: n texts such as "fog 3".
        reconstruction_of_clean: Same shape, decoded from the clean picture's
            features, or None where the run has no decoder.
        reconstruction_of_corrupted: The same from the corrupted picture.

    Raises:
        ValueError: If the arrays do not fit together.
    """

    clean: np.ndarray
    corrupted: np.ndarray
    caption: tuple[str, ...]
    reconstruction_of_clean: np.ndarray | None = None
    reconstruction_of_corrupted: np.ndarray | None = None

    def __post_init__(self):
        captions = tuple(str(each) for each in self.caption)
        object.__setattr__(self, "caption", captions)
        shape = (len(captions), *self.clean.shape[1:3], 3)
        for name, array in self.arrays().items():
            if array.dtype != np.uint8 or array.shape != shape:
                raise ValueError(
                    f"pictures: {name} is {array.dtype} {array.shape}, "
                    f"expected uint8 {shape}"
                )
        if len(self.arrays()) == 3:
            raise ValueError(
                "pictures: one reconstruction without the other; expected "
                "both, or neither"
            )

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns the pictures that exist, by name."""
        named = {
            "clean": self.clean,
            "corrupted": self.corrupted,
            "reconstruction_of_clean": self.reconstruction_of_clean,
            "reconstruction_of_corrupted": self.reconstruction_of_corrupted,
        }
        return {k: v for k, v in named.items() if v is not None}


def save_pictures(pictures: Pictures, path: str | os.PathLike) -> None:
    """Writes the pictures to `path` (.npz), all or nothing."""
    with run_dir.atomic_file(pathlib.Path(path)) as temporary:
        np.savez_compressed(
            temporary, caption=np.array(pictures.caption), **pictures.arrays()
        )


def load_pictures(path: str | os.PathLike) -> Pictures:
    """Reads what `save_pictures` wrote.

    Raises:
        ValueError: If the file is missing, damaged or something else.
    """
    if not pathlib.Path(path).is_file():
        raise ValueError(f"{path}: no pictures; evaluate the run first")
    try:
        # Opened here, because np.load leaves a damaged archive open.
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            return Pictures(**{name: file[name] for name in file.files})
    except (zipfile.BadZipFile, EOFError, OSError, TypeError, ValueError) as e:
        raise ValueError(
            f"{path}: not the pictures of an evaluation ({e}); evaluate the "
            "run again"
        ) from e
