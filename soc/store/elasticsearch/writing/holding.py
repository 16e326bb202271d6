"""A batch in hand: its lease is renewed while it is written, and it is left in good order by whoever cannot close it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from soc.batches import OpenBatch
from soc.errors import Conflict, StoreError
from soc.leases import Held
from soc.store.elasticsearch.server.cluster import Core
from soc.store.elasticsearch.writing.copies import keep_one_of
from soc.store.repeats import reading_of

_FENCE = 40  # bits below the reading


@contextmanager
def in_hand(core: Core, batch: OpenBatch) -> Iterator[Held]:
    """For as long as the `with` lasts. What it raises goes on; a batch that is lost to another leaves no event in two places."""

    def renew() -> None:
        core.register.renew(batch.number, batch.token, now=core.clock(), lease=core.lease)

    try:
        try:
            with Held(renew, clock=core.clock, lease=core.lease) as held:
                yield held
        except StoreError:
            core.register.renew(batch.number, batch.token, now=core.clock(), lease=0)  # whoever comes next need not wait for us
            raise
    except Conflict:  # somebody took the batch over while we slept, as the store or the register tells
        keep_one_of(core, batch.number)
        raise


def version_of(event: dict[str, object], batch: OpenBatch) -> int:
    """Of the document that a batch makes of an event; what is there with the same version or a higher one stays.

    A higher reading goes first. Of equal ones the batch that absorbs others: it makes their documents its own, and a writer that
    slept and sends them once more changes nothing. So what is left under an absorbed number is what nobody has read again.
    """
    return (reading_of(event) << _FENCE) + (max(batch.number, *batch.absorbs) if batch.absorbs else 0)
