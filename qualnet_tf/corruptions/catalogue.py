"""The corruptions by name, family and group; no TensorFlow."""

from collections.abc import Iterable

from qualnet_tf.registry import Registry

FAMILIES = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    "weather": ("snow", "frost", "fog", "brightness"),
    "digital": (
        "contrast",
        "elastic_transform",
        "pixelate",
        "jpeg_compression",
    ),
    "holdout": ("speckle_noise", "gaussian_blur", "spatter", "saturate"),
}

HOLDOUT_CORRUPTIONS = FAMILIES["holdout"]
TEST_CORRUPTIONS = tuple(
    name
    for family, members in FAMILIES.items()
    if family != "holdout"
    for name in members
)

# Names that stand for several corruptions wherever a list of them is given.
GROUPS = {
    "test": TEST_CORRUPTIONS,
    "holdout": HOLDOUT_CORRUPTIONS,
    "all": TEST_CORRUPTIONS + HOLDOUT_CORRUPTIONS,
}

# Where frost takes its textures from; recorded beside every result.
FROST_TEXTURES = "procedural"

_CORRUPTIONS = Registry(
    "corruption",
    {
        "gaussian_noise": "qualnet_tf.corruptions.noise:gaussian_noise",
        "shot_noise": "qualnet_tf.corruptions.noise:shot_noise",
        "impulse_noise": "qualnet_tf.corruptions.noise:impulse_noise",
        "defocus_blur": "qualnet_tf.corruptions.blur:defocus_blur",
        "glass_blur": "qualnet_tf.corruptions.glass:glass_blur",
        "motion_blur": "qualnet_tf.corruptions.motion:motion_blur",
        "zoom_blur": "qualnet_tf.corruptions.blur:zoom_blur",
        "snow": "qualnet_tf.corruptions.weather:snow",
        "frost": "qualnet_tf.corruptions.weather:frost",
        "fog": "qualnet_tf.corruptions.weather:fog",
        "brightness": "qualnet_tf.corruptions.digital:brightness",
        "contrast": "qualnet_tf.corruptions.digital:contrast",
        "elastic_transform": "qualnet_tf.corruptions.elastic:elastic_transform",
        "pixelate": "qualnet_tf.corruptions.digital:pixelate",
        "jpeg_compression": "qualnet_tf.corruptions.digital:jpeg_compression",
        "speckle_noise": "qualnet_tf.corruptions.noise:speckle_noise",
        "gaussian_blur": "qualnet_tf.corruptions.blur:gaussian_blur",
        "spatter": "qualnet_tf.corruptions.spatter:spatter",
        "saturate": "qualnet_tf.corruptions.digital:saturate",
    },
)
names, get = _CORRUPTIONS.names, _CORRUPTIONS.get


def expand(chosen: Iterable[str]) -> tuple[str, ...]:
    """Replaces groups by their members; each name once, in order.

    Args:
        chosen: Names of corruptions or of `GROUPS`.

    Raises:
        ValueError: If a name is neither; the legal ones are listed.
    """
    expanded: dict[str, None] = {}
    for name in chosen:
        if name not in GROUPS and name not in names():
            raise ValueError(
                f"unknown corruption {name!r}: expected one of "
                f"{', '.join((*GROUPS, *names()))}"
            )
        expanded |= dict.fromkeys(GROUPS.get(name, (name,)))
    return tuple(expanded)
