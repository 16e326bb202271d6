"""Whether retention may go by the clock. What it drops is gone, and a clock that jumped by a year would let it drop all.

The clock is held against what is known of time: the moment by which retention went last, and the receipts of batches since. While the
machine is up it counts the time itself, whatever its clock says. After it was off, only how long it was can be weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from soc.desk.runs.clock import Known
from soc.model import BatchRow
from soc.times import DAY, duration_text, iso

STEP = DAY  # that the clock may go further than is known
OFF = 4 * DAY  # that a machine may have been off: a long weekend
MANY, SHARE = 10_000, 2  # a run drops no more than so many events, or than this part of all: a half


def doubt(now: Known, known: Known | None, receipts: Sequence[int]) -> str | None:
    """Why the clock is not believed; None when it is. `receipts`: when batches were closed, in any order."""
    if known is None:
        known = Known(max((receipt for receipt in receipts if receipt <= now.at - STEP), default=now.at), "", 0)
    if known.boot and known.boot == now.boot and known.up <= now.up:  # less: a container that counts for itself was started anew
        should = known.at + now.up - known.up
        return _said(now.at, should, "the time by how long the machine is up") if abs(now.at - should) > STEP else None
    if known.at - now.at > STEP:
        return _said(now.at, known.at, "when retention last ran")
    moments = sorted({known.at, now.at, *(receipt for receipt in receipts if known.at < receipt < now.at)})
    at_most = OFF if known.boot and now.boot else STEP
    before, after = max(pairwise(moments), key=lambda pair: pair[1] - pair[0], default=(now.at, now.at))
    return _said(after, before, "the last that was known before") if after - before > at_most else None


def unusual(going: int, held: int) -> bool:
    """Whether so many of the events held are more than a run drops."""
    return going > MANY and going * SHARE > held


def at_most(rows: Sequence[BatchRow], before: int) -> int:
    """How many events can be older than that, by the batches' first moments."""
    return sum(row.events for row in rows if row.first is not None and row.first < before)


def _said(clock: int, other: int, which: str) -> str:
    days = duration_text((abs(clock - other) + DAY // 2) // DAY * DAY)
    far = f"{days} {'after' if clock > other else 'before'}"
    return f"the clock said {iso(clock)}: {far} {iso(other)}, {which}"
