"""Lists of one's own: folds have nobody in common, kinds are balanced."""

import collections

import pytest

from qualnet_tf.datasets import face_lists

PEOPLE = {
    f"p{i:02d}": [f"p{i:02d}/{k}.png" for k in range(5)] for i in range(12)
}


def test_folds_have_nobody_in_common_and_kinds_are_balanced():
    rows = face_lists.list_pairs(PEOPLE, num_folds=4, pairs_per_fold=40)
    members = collections.defaultdict(set)
    for fold, left, right, same in rows:
        people = {left.split("/")[0], right.split("/")[0]}
        assert len(people) == (1 if same else 2)
        members[fold] |= people
        assert left != right
    assert sum(map(len, members.values())) == 12
    kinds = collections.Counter((row[0], row[3]) for row in rows)
    assert set(kinds.values()) == {20}
    assert len({row[1:3] for row in rows}) == len(rows)


def test_the_rarer_kind_decides_where_there_are_few():
    rows = face_lists.list_pairs(PEOPLE, num_folds=6, pairs_per_fold=1000)
    kinds = collections.Counter((row[0], row[3]) for row in rows)
    # Two people of five pictures: 20 pairs of one, 25 of two.
    assert set(kinds.values()) == {20}
    # Ten pictures of one and two of the other: 46 pairs of one, 20 of two.
    uneven = {"a": list("0123456789"), "b": list("xy")}
    uneven |= {"c": list("0123456789"), "d": list("xy")}
    rows = face_lists.list_pairs(uneven, num_folds=2, pairs_per_fold=1000)
    assert [row[3] for row in rows] == ([1] * 20 + [0] * 20) * 2


def test_the_seed_draws_other_pairs():
    def draw(seed):
        return face_lists.list_pairs(
            PEOPLE, num_folds=4, pairs_per_fold=10, seed=seed
        )

    assert draw(0) == draw(0) != draw(1)


@pytest.mark.parametrize(
    ("people", "folds", "message"),
    [
        (PEOPLE | {"one": ["x"]}, 4, "received 1 of one; add some"),
        (PEOPLE, 7, "at least 14 people for 7 folds .* received 12; lower"),
    ],
)
def test_too_few_are_named(people, folds, message):
    with pytest.raises(ValueError, match=message):
        face_lists.list_pairs(people, num_folds=folds)


def test_roles():
    rows = face_lists.list_roles({"a": ["1", "2", "3"]}, ["9"], 2)
    assert rows == [
        ("1", "a", "gallery"),
        ("2", "a", "gallery"),
        ("3", "a", "probe"),
        ("9", "", "distractor"),
    ]
    with pytest.raises(ValueError, match="more than 3 pictures .* 3 of a"):
        face_lists.list_roles({"a": ["1", "2", "3"]}, (), 3)


def test_csv():
    assert face_lists.to_csv(("a", "b"), [(1, "x,y")]) == 'a,b\n1,"x,y"\n'
