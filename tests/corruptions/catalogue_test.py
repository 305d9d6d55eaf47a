"""Groups expand to their members, once each and in order."""

import pytest

from qualnet_tf import config, corruptions
from qualnet_tf.corruptions import catalogue


def test_groups_are_15_and_4():
    assert len(corruptions.expand(["test"])) == 15
    assert corruptions.expand(["holdout"]) == corruptions.HOLDOUT_CORRUPTIONS
    # The other rule for nearest is by name alone: training and test must match.
    assert set(corruptions.names()) - set(
        corruptions.expand(corruptions.GROUPS)
    ) == {"resolution_nearest_half_pixel"}


def test_new_names_keep_the_places_of_old_ones():
    """A name's place is part of every seed."""
    names = corruptions.names()
    assert names.index("gaussian_noise") == 0
    assert names.index("resolution_bicubic") == 20
    assert names[21:23] == corruptions.GROUPS["deepcorrect"]
    assert names[23:27] == corruptions.GROUPS["auxtraining"]
    assert names[27] == "resolution_nearest_half_pixel"


def test_deepcorrect_has_seven_levels_with_the_clean_one():
    counts = {
        name: corruptions.num_severities(name) for name in corruptions.names()
    }
    sixes = {name for name, count in counts.items() if count == 6}
    assert sixes == set(corruptions.GROUPS["deepcorrect"])
    assert set(counts.values()) == {5, 6}
    assert sixes | {"deepcorrect"} == set(config.SIX_SEVERITIES)


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
        ValueError, match="'rain': expected one of test, holdout, all, res"
    ):
        corruptions.expand(["rain"])


def test_weights_are_shares_of_members_and_families():
    names = ("fog", "gaussian_noise", "shot_noise", "contrast")
    assert catalogue.weights(names, ()) == (0.25,) * 4
    found = catalogue.weights(names, ("noise:2", "fog:0", "shot_noise:4"))
    assert found == pytest.approx((0, 2 / 7, 4 / 7, 1 / 7))


@pytest.mark.parametrize(
    "entry", ["rain:1", "frost:1", "fog", "fog:x", "fog:-1", "fog:nan", "fog:0"]
)
def test_bad_weights_are_named(entry):
    with pytest.raises(ValueError, match=f"corruption weight.*{entry}"):
        catalogue.weights(("fog",), (entry,))
