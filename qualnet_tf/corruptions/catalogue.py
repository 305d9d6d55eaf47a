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
# Not of ImageNet-C: fewer pixels, as the paper's low-resolution experiments.
RESOLUTION_CORRUPTIONS = ("resolution_nearest", "resolution_bicubic")
# The five that low-resolution studies draw from (Shin et al., "Teaching Where
# to Look", ECCV 2022, and later work).
INTERPOLATION_CORRUPTIONS = (
    "resolution_nearest",
    "resolution_bilinear",
    "resolution_area",
    "resolution_bicubic",
    "resolution_lanczos",
)
# Of two earlier papers; see protocols.py.
DEEPCORRECT_CORRUPTIONS = ("deepcorrect_noise", "deepcorrect_blur")
AUXTRAINING_CORRUPTIONS = (
    "auxtraining_noise",
    "auxtraining_blur",
    "auxtraining_jitter",
    "auxtraining_rotation",
)
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
    "resolution": RESOLUTION_CORRUPTIONS,
    "interpolations": INTERPOLATION_CORRUPTIONS,
    "deepcorrect": DEEPCORRECT_CORRUPTIONS,
    "auxtraining": AUXTRAINING_CORRUPTIONS,
}

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
        "resolution_nearest": (
            "qualnet_tf.corruptions.resolution:resolution_nearest"
        ),
        "resolution_bicubic": (
            "qualnet_tf.corruptions.resolution:resolution_bicubic"
        ),
        # A name's place enters its seeds: new ones come last.
        **{
            name: f"qualnet_tf.corruptions.protocols:{name}"
            for name in DEEPCORRECT_CORRUPTIONS + AUXTRAINING_CORRUPTIONS
        },
        **{
            name: f"qualnet_tf.corruptions.resolution:{name}"
            for name in (
                "resolution_nearest_half_pixel",
                "resolution_bilinear",
                "resolution_area",
                "resolution_lanczos",
            )
        },
    },
)
names, get = _CORRUPTIONS.names, _CORRUPTIONS.get


def num_severities(name: str) -> int:
    """Returns the highest severity of a corruption; the lowest is 1."""
    return 6 if name in DEEPCORRECT_CORRUPTIONS else 5


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


def weights(
    names_drawn: Iterable[str], entries: Iterable[str]
) -> tuple[float, ...]:
    """Returns how often each corruption is drawn, as shares that sum to 1.

    Args:
        names_drawn: Corruptions to draw from.
        entries: "NAME:WEIGHT" with a corruption, or a family of `FAMILIES`
            whose members get that weight each. Later entries win; what is
            not named has the weight 1.

    Raises:
        ValueError: If an entry is not of that form, names nothing that is
            drawn, is negative, or all weights are 0.
    """
    found = dict.fromkeys(names_drawn, 1.0)
    for entry in entries:
        name, _, text = entry.partition(":")
        members = [n for n in FAMILIES.get(name, (name,)) if n in found]
        try:
            weight = float(text)
        except ValueError:
            weight = -1.0
        if not members or not 0.0 <= weight < float("inf"):
            raise ValueError(
                f"corruption weight {entry!r}: expected NAME:WEIGHT with a "
                f"weight from 0 up and one of "
                f"{', '.join((*FAMILIES, *found))} that is drawn from"
            )
        found |= dict.fromkeys(members, weight)
    total = sum(found.values())
    if not total > 0.0:
        raise ValueError(
            f"corruption weights {', '.join(entries)}: expected at least one "
            "above 0; set clean_fraction to 1 for clean images only"
        )
    return tuple(weight / total for weight in found.values())
