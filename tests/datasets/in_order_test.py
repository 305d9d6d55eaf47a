"""Items come out in order and once, whatever the source does."""

import threading
import time

import pytest

from qualnet_tf.datasets.in_order import InOrder


def make(number):
    return f"made {number}"


def order(open_source, end=8, **options):
    settings = {"capacity": 3, "patience": 0.2, "retry": 0.01, **options}
    return InOrder(open_source, make, 0, end, **settings)


def take(found, end=8):
    try:
        return [found.get(number) for number in range(end)]
    finally:
        found.close()


def test_what_arrives_in_another_order_comes_in_order():
    pairs = [(n, n) for n in (1, 0, 2, 4, 3, 3, 0, 6, 5, 7)]
    found = order(lambda first: iter(pairs))
    assert take(found) == list(range(8))
    assert found.num_made == 0


def test_what_never_arrives_is_made():
    pairs = [(n, n) for n in (0, 2, 4, 6)]
    found = order(lambda first: iter(pairs))
    assert take(found) == [0, "made 1", 2, "made 3", 4, "made 5", 6, "made 7"]
    assert found.num_made == 4


def test_a_full_store_is_not_waited_out():
    found = order(lambda first: ((n, n) for n in range(1, 100)), patience=60.0)
    started = time.monotonic()
    assert take(found) == ["made 0", *range(1, 8)]
    assert time.monotonic() - started < 10


def test_a_silent_source_is_waited_for_once():
    release = threading.Event()

    def silent(first):
        yield 0, 0
        release.wait()

    found = order(silent, end=30, patience=0.3)
    started = time.monotonic()
    assert take(found, 30) == [0, *map(make, range(1, 30))]
    assert time.monotonic() - started < 3
    release.set()


def test_a_source_that_fails_is_opened_again_where_it_is_needed():
    opened = []

    def failing(first):
        opened.append(first)
        yield first, first
        if len(opened) < 4:
            raise OSError("gone")
        yield from ((n, n) for n in range(first + 1, 8))

    found = order(failing, patience=5.0)
    items = []
    for number in range(8):
        items.append(found.get(number))
        time.sleep(0.05)
    found.close()
    assert [str(x).removeprefix("made ") for x in items] == list("01234567")
    assert len(opened) == 4
    assert opened == sorted(opened)


def test_a_source_that_comes_back_is_announced(monkeypatch):
    told = []
    monkeypatch.setattr(
        "qualnet_tf.datasets.in_order.logging.warning",
        lambda text, *values: told.append(text % values),
    )
    release = threading.Event()

    def failing(first):
        if not release.is_set():
            raise OSError("gone")
        yield from ((n, n) for n in range(first, 8))

    found = order(failing, patience=60.0, capacity=8)
    assert [found.get(n) for n in (0, 1)] == ["made 0", "made 1"]
    release.set()
    found._thread.join(5)
    assert [line for line in told if "come again" in line] == [
        "source: batches come again; 2 were made here"
    ]
    assert [found.get(n) for n in range(2, 5)] == [2, 3, 4]
    assert found.next_number == 5
    found.close()


@pytest.mark.parametrize("end", [0, 5])
def test_its_thread_ends(end):
    found = order(lambda first: ((n, n) for n in range(1000)), end=end)
    if end:
        found.get(0)
    found.close()
    found._thread.join(5)
    assert not found._thread.is_alive()
