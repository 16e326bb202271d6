"""Holding what others may take over once nothing is heard of its holder for the length of a lease."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Self

from soc.errors import Unavailable
from soc.times import DAY, SECOND

LONGEST = DAY  # no lease of soc's is nearly as long: one that ends later was given by a clock that was wrong
_BEATS = 3  # in a lease


def is_over(expires_at: int, now: int) -> bool:
    """Whether others may take over what is held until then."""
    return not now < expires_at <= now + LONGEST


class Held:
    """Renewed by a thread for as long as the `with` lasts, however long one step of the work takes.

    `renew` raises Busy or Conflict once it belongs to somebody else; `lease` is in microseconds, `clock` what it runs by.
    """

    def __init__(self, renew: Callable[[], object], *, clock: Callable[[], int], lease: int) -> None:
        self._renew, self._clock, self._lease = renew, clock, lease
        self._until = clock() + lease
        self._over = Event()
        self._thread = Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Before each step that only the holder may take: who slept past the lease asks first. Raises what `renew` raises."""
        if self._clock() >= self._until:
            self._again()

    def _again(self) -> None:
        until = self._clock() + self._lease
        self._renew()
        self._until = until

    def _beat(self) -> None:
        while not self._over.wait(self._lease / SECOND / _BEATS):
            try:
                self._again()
            except Unavailable:
                self._until = 0  # the next check asks again, and raises it where the work is done
