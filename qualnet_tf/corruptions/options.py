"""What a corruption depends on beside its name, severity and seed."""

import dataclasses

VARIANTS = ("imagenet_c", "imagecorruptions")


@dataclasses.dataclass(frozen=True)
class Options:
    """Choices that hold for every image of a data set.

    Attributes:
        severity_table: Constants of the severities: "auto" (by the shorter
            side) or a name from `severities.TABLES`.
        variant: Whose elastic_transform and frost: "imagenet_c" (the authors',
            which made the released sets) or "imagecorruptions" (the package:
            no affine part, textures enlarged by 1.1).
        frost_textures: "procedural", "imagecorruptions" (the pictures of that
            package, if installed) or a folder of pictures.
        imagenet_c_jpeg: Whether the result is saved as JPEG of quality 85
            with halved chroma resolution and read again, as the released
            ImageNet-C files were.

    Raises:
        ValueError: If the variant is unknown.
    """

    severity_table: str = "auto"
    variant: str = "imagenet_c"
    frost_textures: str = "procedural"
    imagenet_c_jpeg: bool = False

    def __post_init__(self):
        if self.variant not in VARIANTS:
            raise ValueError(
                f"unknown variant {self.variant!r}: expected one of "
                f"{', '.join(VARIANTS)}"
            )
