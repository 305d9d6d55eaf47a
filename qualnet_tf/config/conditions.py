"""What several programs say about corruptions: tables, variants, severities."""

SEVERITY_TABLES = (
    "auto",
    "imagenet_c",
    "imagenet_c_299",
    "tiny_imagenet_c",
    "cifar_c",
)
CORRUPTION_VARIANTS = ("imagenet_c", "imagecorruptions")
# Corruptions, and groups of them, that have a sixth severity.
SIX_SEVERITIES = ("deepcorrect", "deepcorrect_noise", "deepcorrect_blur")


def check_severities(config) -> None:
    """All corruptions have all severities: one is drawn, or all are run."""
    others = [name for name in config.corruptions if name not in SIX_SEVERITIES]
    if others and 6 in config.severities:
        raise ValueError(
            f"--severities={join(config.severities)}: expected at most 5 with "
            f"{others[0]} in --corruptions; only deepcorrect_noise and "
            "deepcorrect_blur have a sixth"
        )


def join(values: tuple) -> str:
    return ",".join(str(value) for value in values)
