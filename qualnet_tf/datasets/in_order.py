"""Numbered items that arrive in any order, some never, given out in order."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from absl import logging


class InOrder:
    """Gives items out by number; one that does not arrive is made here.

    A thread draws (number, item) pairs into a store. Whoever asks for a number
    waits for it, until the store is full of later ones, the patience is at an
    end, or the source is; then the item is made. Items that come twice or too
    late are dropped. A source that failed is opened again.

    Args:
        open_source: `open_source(number)` returns an iterator of pairs that
            leaves out what is before a number.
        make: `make(number)` returns the item; the same as the source's.
        start: First number.
        end: Number after the last.
        name: What the source is called in messages.
        capacity: Items in the store.
        patience: Seconds to wait for an item while others arrive.
        retry: Seconds before a source that failed is opened again.
    """

    def __init__(
        self,
        open_source: Callable[[int], Iterator[tuple[int, Any]]],
        make: Callable[[int], Any],
        start: int,
        end: int,
        name: str = "source",
        capacity: int = 64,
        patience: float = 30.0,
        retry: float = 5.0,
    ):
        self.num_made = 0
        self._open_source = open_source
        self._make = make
        self._next = start
        self._end = end
        self._name = name
        self._capacity = capacity
        self._patience = patience
        self._retry = retry
        self._store: dict[int, Any] = {}
        self._changed = threading.Condition()
        self._is_reading = True
        self._is_silent = False
        self._has_failed = False
        self._closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def next_number(self) -> int:
        """The least that may be asked for."""
        return self._next

    def get(self, number: int) -> Any:
        """Returns an item; numbers are asked for in ascending order."""
        with self._changed:
            self._next = number
            for early in [n for n in self._store if n < number]:
                del self._store[early]
            self._changed.notify_all()
            came = self._changed.wait_for(
                lambda: number in self._store or self._must_make(),
                self._patience,
            )
            # Until something arrives again, nothing is waited for.
            self._is_silent = self._is_silent or not came
            item = self._store.pop(number, None)
            self._next = number + 1
            self._changed.notify_all()
        if item is not None:
            return item
        if not self.num_made:
            logging.warning(
                "%s: batch %d did not come, it and what else is missing is "
                "made here; the run is slower, and the same",
                self._name,
                number,
            )
        self.num_made += 1
        return self._make(number)

    def close(self) -> None:
        """Ends the thread; nothing is asked for any more."""
        with self._changed:
            self._closed = True
            self._store.clear()
            self._changed.notify_all()

    def _must_make(self) -> bool:
        return (
            self._is_silent
            or not self._is_reading
            or len(self._store) >= self._capacity
        )

    def _read(self) -> None:
        while not self._is_over():
            with self._changed:
                self._is_reading = True
                start = self._next
            try:
                for number, item in self._open_source(start):
                    self._keep(number, item)
                    if self._is_over():
                        return
                problem = None
            except Exception as error:  # whatever it was, the run goes on
                problem = error
            with self._changed:
                self._is_reading = False
                self._changed.notify_all()
                if problem is None:  # all has come that will
                    return
                self._has_failed = True
                first = str(problem).split("\n")[0][:200]
                logging.warning("%s: %s; trying again", self._name, first)
                self._changed.wait_for(lambda: self._closed, self._retry)

    def _keep(self, number: int, item: Any) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closed
                    or number <= self._next
                    or len(self._store) < self._capacity
                )
            )
            if number >= self._next and not self._closed:
                self._store[number] = item
                self._changed.notify_all()
            if self._is_silent or self._has_failed:
                logging.warning(
                    "%s: batches come again; %d were made here",
                    self._name,
                    self.num_made,
                )
            self._is_silent = self._has_failed = False

    def _is_over(self) -> bool:
        with self._changed:
            return self._closed or self._next >= self._end
