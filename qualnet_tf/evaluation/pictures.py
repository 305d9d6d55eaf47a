"""The example pictures of an evaluation and their file, NumPy only."""

import dataclasses
import os

import numpy as np

from qualnet_tf.evaluation.array_files import (
    load_arrays,
    save_arrays,
    save_fields,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Pictures:
    """Example pictures of one evaluation.

    Attributes:
        clean: uint8 [n, height, width, 3].
        corrupted: Same shape.
        caption: n texts such as "fog 3".
        reconstruction_of_clean: Decoded from the clean picture's features;
            the same shape, or height and width divided by the whole factor
            by which the run's decoder is smaller. None where the run has no
            decoder.
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
        factor = self.decoder_downscale
        full = (len(captions), *self.clean.shape[1:3], 3)
        smaller = (full[0], full[1] // factor, full[2] // factor, 3)
        for name, array in self.arrays().items():
            shape = smaller if name.startswith("reconstruction") else full
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

    @property
    def decoder_downscale(self) -> int:
        """Factor by which the reconstructions are smaller; 1 without any."""
        if self.reconstruction_of_clean is None:
            return 1
        decoded_height = max(1, self.reconstruction_of_clean.shape[1])
        return max(1, self.clean.shape[1] // decoded_height)

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns the pictures that exist, by name."""
        named = {
            "clean": self.clean,
            "corrupted": self.corrupted,
            "reconstruction_of_clean": self.reconstruction_of_clean,
            "reconstruction_of_corrupted": self.reconstruction_of_corrupted,
        }
        return {k: v for k, v in named.items() if v is not None}


@dataclasses.dataclass(frozen=True, eq=False)
class ConditionPictures:
    """One picture as it was shown under every condition.

    Attributes:
        clean: uint8 [height, width, 3].
        names: The corruptions.
        severities: The severities.
        corrupted: uint8 [names, severities, height, width, 3].

    Raises:
        ValueError: If the arrays do not fit together.
    """

    clean: np.ndarray
    names: tuple[str, ...]
    severities: tuple[int, ...]
    corrupted: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(map(str, self.names)))
        object.__setattr__(self, "severities", tuple(map(int, self.severities)))
        shape = (len(self.names), len(self.severities), *self.clean.shape)
        for array, expected in (
            (self.clean, (*self.clean.shape[:2], 3)),
            (self.corrupted, shape),
        ):
            if array.dtype != np.uint8 or array.shape != expected:
                raise ValueError(
                    f"pictures of conditions: received {array.dtype} "
                    f"{array.shape}, expected uint8 {expected}"
                )


def save_pictures(pictures: Pictures, path: str | os.PathLike) -> None:
    """Writes the pictures to `path` (.npz), all or nothing."""
    save_arrays(path, caption=np.array(pictures.caption), **pictures.arrays())


def load_pictures(path: str | os.PathLike) -> Pictures:
    """Reads what `save_pictures` wrote.

    Raises:
        ValueError: If the file is missing, damaged or something else.
    """
    return load_arrays(Pictures, path)


def save_condition_pictures(
    pictures: ConditionPictures, path: str | os.PathLike
) -> None:
    """Writes the pictures to `path` (.npz), all or nothing."""
    save_fields(pictures, path)


def load_condition_pictures(path: str | os.PathLike) -> ConditionPictures:
    """Reads what `save_condition_pictures` wrote.

    Raises:
        ValueError: If the file is missing, damaged or something else.
    """
    return load_arrays(ConditionPictures, path)
