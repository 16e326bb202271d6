"""Events whose time was not believed, because it lies after their receipt: how many, of which feed, and the likely cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from soc.event import Event
from soc.times import HOUR, MINUTE, duration_text

Skewed = Counter[tuple[str, int]]
"""Feed and how far ahead, in microseconds to the half hour (or to the minute below it) -> events."""
_HALF, _NEAR = 30 * MINUTE, 3 * MINUTE


def skewed(events: Iterable[Event]) -> Skewed:
    """Those of the events whose time was not believed."""
    return Counter((event["soc.feed"], _rounded(event["soc.skew_ms"] * 1000)) for event in events if "soc.claimed" in event)


def skew_lines(found: Mapping[tuple[str, int], int]) -> list[str]:
    """A sentence for each feed, by name: `gw: 40 events 1h ahead; is its zone right?`, the skew being that of most of its events."""
    by_feed: dict[str, Skewed] = {}
    for (feed, ahead), count in found.items():
        by_feed.setdefault(feed, Counter())[feed, ahead] += count
    return [_line(feed, by_feed[feed]) for feed in sorted(by_feed)]


def _line(feed: str, found: Skewed) -> str:
    (_, ahead), most = min(found.items(), key=lambda pair: (-pair[1], pair[0][1]))
    total, much = found.total(), duration_text(ahead)
    far = f"{much} ahead" if most == total else f"ahead, most of them {much}"
    cause = "is its zone right?" if ahead % _HALF == 0 and ahead <= 26 * HOUR else "is its clock right?"
    return f"{feed}: {total} event{'s' * (total != 1)} {far}; {cause} They stand at their time of receipt"


def _rounded(skew: int) -> int:
    """To the half hour where it is near, as zones lie apart; else to the minute."""
    half = round(skew / _HALF) * _HALF
    return half if half and abs(skew - half) <= _NEAR else round(skew / MINUTE) * MINUTE
