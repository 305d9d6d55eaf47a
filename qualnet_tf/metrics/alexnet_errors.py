"""AlexNet's top-1 errors on ImageNet-C, the divisors of every `mce`.

Source: the table that the ImageNet-C authors published for the per-severity
normalisation (github.com/hendrycks/robustness: README from October 2019 to
May 2020, and issue 10); the mean of each row is the six-digit constant that
other evaluation code carries. Measured on the released JPEG files (50,000
pictures a cell, 224x224). The clean error belongs to the same weights
(torchvision; the ImageNet-C paper rounds it to 43.5 per cent).

Rows are keyed by name, because public scripts exist whose list of corruptions
and list of errors stand in different orders.
"""

from collections.abc import Mapping
from types import MappingProxyType

SEVERITIES = (1, 2, 3, 4, 5)

TEST_FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
        "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
        "weather": ("snow", "frost", "fog", "brightness"),
        "digital": (
            "contrast",
            "elastic_transform",
            "pixelate",
            "jpeg_compression",
        ),
    }
)
TEST_CORRUPTIONS = tuple(
    name for family in TEST_FAMILIES.values() for name in family
)
HOLDOUT_CORRUPTIONS = ("speckle_noise", "gaussian_blur", "spatter", "saturate")
# (corruption, severity) of all that a mean over a group takes.
TEST_CONDITIONS = tuple(
    (name, severity) for name in TEST_CORRUPTIONS for severity in SEVERITIES
)
HOLDOUT_CONDITIONS = tuple(
    (name, severity) for name in HOLDOUT_CORRUPTIONS for severity in SEVERITIES
)

ALEXNET_CLEAN_ERROR = 0.4348

# Severity 1 to 5, as fractions.
_ROWS = {
    "gaussian_noise": (0.69528, 0.82542, 0.93554, 0.98138, 0.99452),
    "shot_noise": (0.71224, 0.85108, 0.93574, 0.98182, 0.99146),
    "impulse_noise": (0.78374, 0.89808, 0.94870, 0.98720, 0.99548),
    "defocus_blur": (0.65624, 0.73202, 0.85036, 0.91364, 0.94714),
    "glass_blur": (0.64308, 0.75054, 0.88806, 0.91622, 0.93344),
    "motion_blur": (0.58430, 0.70048, 0.82108, 0.89750, 0.92638),
    "zoom_blur": (0.70008, 0.76992, 0.80784, 0.84198, 0.87198),
    "snow": (0.71726, 0.88392, 0.86468, 0.91870, 0.94952),
    "frost": (0.61390, 0.79734, 0.88790, 0.89942, 0.93430),
    "fog": (0.67474, 0.76050, 0.84378, 0.87260, 0.94500),
    "brightness": (0.45140, 0.48502, 0.54048, 0.62166, 0.72440),
    "contrast": (0.64548, 0.76150, 0.88874, 0.97760, 0.99270),
    "elastic_transform": (0.52596, 0.70116, 0.55686, 0.64076, 0.80554),
    "pixelate": (0.52218, 0.54620, 0.73728, 0.87092, 0.91262),
    "jpeg_compression": (0.51002, 0.54718, 0.57294, 0.65458, 0.74778),
    "speckle_noise": (0.66192, 0.74440, 0.90246, 0.94548, 0.97268),
    "gaussian_blur": (0.54732, 0.70444, 0.82574, 0.89864, 0.95940),
    "spatter": (0.47196, 0.62194, 0.75052, 0.84132, 0.90182),
    "saturate": (0.59342, 0.65514, 0.51174, 0.70834, 0.82260),
}

ALEXNET_ERRORS: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        name: MappingProxyType(dict(zip(SEVERITIES, row, strict=True)))
        for name, row in _ROWS.items()
    }
)
