"""Knobs check their bounds and survive JSON."""

import dataclasses

import pytest

from qualnet_tf.knobs import Config, expand, knob, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Config(Config):
    count: int = knob(2, "a count", lower=1, upper=5)
    rate: float = knob(0.5, "a rate", lower=0.0)
    kind: str = knob("a", "a kind", choices=("a", "b"))
    levels: tuple[int, ...] = knob((1, 2), "levels", lower=1, upper=5)


def test_json_round_trip():
    config = _Config(count=3, levels=(4, 5), kind="b")
    assert _Config.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": 0}, "--count=0: expected at least 1"),
        ({"count": 6}, "--count=6: expected at most 5"),
        ({"rate": float("nan")}, "--rate=nan: expected a finite number"),
        ({"kind": "c"}, "--kind=c: expected one of a, b"),
        ({"levels": (1, 6)}, "--levels=6: expected at most 5"),
    ],
)
def test_illegal_values_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        _Config(**values)


def test_unknown_knobs_of_another_version_are_named():
    with pytest.raises(ValueError, match="unknown knobs gone"):
        _Config.from_json('{"gone": 1}')


def test_require_names_the_empty_knob():
    with pytest.raises(ValueError, match="--levels is empty: give some"):
        require(_Config(levels=()), "levels", "give some")


def test_expand_home_and_variables(monkeypatch):
    monkeypatch.setenv("DATA", "/data")
    assert expand("$DATA/x") == "/data/x"
    assert not expand("~/x").startswith("~")
    with pytest.raises(ValueError, match="expected set environment variables"):
        expand("$NO_SUCH_VARIABLE/x")
