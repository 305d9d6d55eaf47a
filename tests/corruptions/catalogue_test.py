"""Groups expand to their members, once each and in order."""

import pytest

from qualnet_tf import corruptions


def test_groups_are_15_and_4():
    assert len(corruptions.expand(["test"])) == 15
    assert corruptions.expand(["holdout"]) == corruptions.HOLDOUT_CORRUPTIONS
    assert set(corruptions.expand(["all"])) == set(corruptions.names())


def test_names_and_groups_mix_without_repeats():
    assert corruptions.expand(["spatter", "holdout", "fog"]) == (
        "spatter",
        "speckle_noise",
        "gaussian_blur",
        "saturate",
        "fog",
    )


def test_unknown_name_lists_groups_and_members():
    with pytest.raises(
        ValueError, match="'rain': expected one of test, holdout, all, gauss"
    ):
        corruptions.expand(["rain"])
