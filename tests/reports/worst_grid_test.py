"""Worst pictures stand in their order with what was said of them."""

from qualnet_tf.reports.picture_grid import png_uri
from qualnet_tf.reports.worst_grid import worst_groups


def test_a_group_per_run_that_has_them(make_run, make_whole_run):
    whole = make_whole_run()
    (group,) = worst_groups([make_run(), whole])
    assert (group.run, group.pixelated) == ("qualnet", True)
    first, second = group.pictures
    assert first.label == (
        "cat, mostly taken for dog; wrong under 100.0 % of the conditions"
    )
    assert second.label.startswith("dog, never mistaken; wrong under 25.0 %")
    assert first.description == f"clean picture of {first.label}"
    assert first.uri == png_uri(whole.worst.clean[0])
