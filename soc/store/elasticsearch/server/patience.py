"""Asking again: what a cluster refuses for a reason that passes it may take a little later."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from elasticsearch import ApiError

from soc.store.elasticsearch.server.cluster import Cluster
from soc.store.elasticsearch.server.faults import kind_of

LATER = (429, 502, 503, 504)
NEVER = ("cluster_block_exception",)  # 429 by a full disk: waiting does not help within a run
_TOO_LARGE = "circuit_breaking_exception"  # 429 as well: the same question by itself meets the same heap
_OVERLOADED = 429
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
Answer = TypeVar("Answer")


def is_later(status: int, kind: str) -> bool:
    """Whether it may go better later."""
    return status in LATER and kind not in NEVER


class Patience:
    """What is waited between the requests of one piece of work, longer each time: in all at most the cluster's `patience`."""

    def __init__(self, cluster: Cluster) -> None:
        self._left, self._wait = cluster.patience, _FIRST_WAIT

    @property
    def ended(self) -> bool:
        return self._left <= 0

    def wait(self) -> None:
        """Only where it has not ended."""
        time.sleep(min(self._wait, self._left))
        self._left, self._wait = self._left - self._wait, min(2 * self._wait, _LONGEST_WAIT)


def patiently(cluster: Cluster, ask: Callable[[], Answer], patience: Patience | None = None) -> Answer:
    """The answer to one question, asked again while the cluster is overloaded. Raises ApiError for every other refusal at once.

    What is not ready is said at once: whoever asks sits before it, and it may last. `patience`: of the work that it is a part of.
    """
    patience = patience or Patience(cluster)
    while True:
        try:
            return ask()
        except ApiError as error:
            if error.meta.status != _OVERLOADED or kind_of(error) in (*NEVER, _TOO_LARGE) or patience.ended:
                raise
        patience.wait()
