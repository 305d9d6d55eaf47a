"""Costs are measured beside each other, once."""

import types

import numpy as np
import pytest

from qualnet_tf.evaluation import deployment
from qualnet_tf.evaluation.deployment_file import load_deployment
from qualnet_tf.run_dir import RunDir
from qualnet_tf.subjects.subject import Subject


class Clock:
    """Time that passes only when somebody works."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, seconds):
        def function(image):
            assert image.shape == (1, 8, 8, 3)
            self.now += seconds

        return function


IMAGES = [np.zeros((1, 8, 8, 3), np.float32)] * 2


def test_every_call_is_timed_but_those_that_warm_up():
    clock, calls = Clock(), []

    def slower_at_first(image):
        calls.append(len(calls))
        clock.now += 5.0 if len(calls) <= 2 else 0.25

    (found,) = deployment.latencies(
        [slower_at_first], IMAGES[:1], num_rounds=3, clock=clock
    )
    assert found == pytest.approx([0.25] * 15)
    assert len(calls) == 15 + 3 * 2


def test_functions_take_turns():
    order, clock = [], Clock()

    def note(name):
        def function(image):
            order.append(name)
            clock.now += 1e-3

        return function

    found = deployment.latencies([note("a"), note("b")], IMAGES, 2, clock)
    assert [len(times) for times in found] == [10, 10]
    assert "".join(order) == 2 * (7 * "a" + 7 * "b")


def test_a_slow_one_is_timed_less_often():
    clock = Clock()
    found = deployment.latencies(
        [clock.work(10.0), clock.work(1e-3)], IMAGES, 10, clock
    )
    assert [len(times) for times in found] == [5, 5]


def test_sizes(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "a").write_bytes(b"123")
    (tmp_path / "net" / "deep").mkdir()
    (tmp_path / "net" / "deep" / "b").write_bytes(b"4567")
    assert deployment.size_in_bytes(tmp_path / "net" / "a") == 3
    assert deployment.size_in_bytes(tmp_path / "net") == 7
    assert deployment.size_in_bytes("http://localhost:8501/v1/models/m") == 0


@pytest.fixture
def opened():
    """Names of the candidates that were opened."""
    return []


@pytest.fixture
def make_candidate(tmp_path, opened):
    """Returns what a candidate needs to be measured."""

    def make(name, fingerprint="first", is_run=False):
        file = tmp_path / f"{name}.keras"
        file.write_bytes(bytes(1000))
        run = RunDir(tmp_path / name)
        run.path.mkdir(exist_ok=True)
        run.classifier.write_bytes(bytes(2000))
        run.metrics.write_bytes(bytes(500))

        def open_subject():
            opened.append(name)
            return Subject(
                address=str(run.path if is_run else file),
                kind="Keras file",
                image_size=8,
                pixel_range="unit",
                class_names=(),
                ask=lambda image: np.zeros((len(image), 2), np.float32),
            )

        return types.SimpleNamespace(
            run=run, fingerprint=fingerprint, open=open_subject, is_run=is_run
        )

    return make


def test_what_is_kept(make_candidate, opened):
    both = [make_candidate("file"), make_candidate("run", is_run=True)]
    deployment.measure_all(both)
    found = [load_deployment(each.run.deployment) for each in both]
    # A run's folder also holds what nobody deploys.
    assert [each.num_bytes for each in found] == [1000, 2000]
    assert found[0].session == found[1].session
    assert {each.num_calls for each in found} == {50}
    assert all(0 < e.latency_ms <= e.latency_p90_ms < 1e3 for e in found)


def test_measured_together_once(make_candidate, opened):
    both = [make_candidate("a"), make_candidate("b")]
    deployment.measure_all(both)
    deployment.measure_all(both)
    assert opened == ["a", "b"]
    # Alone, it is compared with nobody.
    deployment.measure_all(both[:1])
    assert opened == ["a", "b"]


def test_a_new_one_is_measured_with_all(make_candidate, opened):
    deployment.measure_all([make_candidate("a")])
    deployment.measure_all([make_candidate("a"), make_candidate("b")])
    assert opened == ["a", "a", "b"]


def test_a_changed_one_is_measured_again(make_candidate, opened):
    deployment.measure_all([make_candidate("a")])
    changed = make_candidate("a", fingerprint="second")
    deployment.measure_all([changed])
    assert opened == ["a", "a"]
    assert load_deployment(changed.run.deployment).fingerprint == "second"


def test_two_that_were_timed_apart_are_timed_again(make_candidate, opened):
    both = [make_candidate("a"), make_candidate("b")]
    for each in both:
        deployment.measure_all([each])
    deployment.measure_all(both)
    assert opened == ["a", "b", "a", "b"]
