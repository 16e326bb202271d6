"""Timelines drawn with block characters, for a terminal of any width."""

from __future__ import annotations

from soc.hunt.hunts import Timeline
from soc.text import printable
from soc.times import DAY, MINUTE, duration_text, iso

BLOCKS = " ▁▂▃▄▅▆▇█"
LABEL = 28  # columns for the values
COUNT = 9  # columns for the sums


def spans_that_fit(columns: int) -> int:
    """How many spans a timeline may have on a terminal of so many columns."""
    return max(10, columns - LABEL - COUNT - 2)


def draw(timeline: Timeline) -> list[str]:
    """Lines of text: per value its label, a block per span, its sum; then the axis and what a full block means.

    A block's height is its count relative to the largest of all; a span with any event shows at least the lowest block.
    """
    if not timeline.rows:
        return []
    highest = max(max(counts) for counts in timeline.rows.values())
    lines = [
        f"{_label(value)} {''.join(_block(count, highest) for count in counts)} {sum(counts):>{COUNT - 1},}"
        for value, counts in timeline.rows.items()
    ]
    scale = f"a block is {duration_text(timeline.width)}, a full one {highest:,} events; times are UTC"
    return [*lines, f"{'':<{LABEL}} {_axis(timeline)}", f"{'':<{LABEL}} {scale}"]


def _block(count: int, highest: int) -> str:
    return BLOCKS[0] if not count else BLOCKS[max(1, round(count / highest * 8))]


def _label(value: str) -> str:
    text = printable(value)
    return f"{text if len(text) <= LABEL else text[: LABEL - 1] + '…':<{LABEL}}"


def _axis(timeline: Timeline) -> str:
    """A mark under the first span and, where there is room, under later ones, each with its moment behind it."""
    texts = [_moment(start, timeline.width) for start in timeline.starts]
    every = len(texts[0]) + 3
    marks = [i for i in range(0, len(texts), every) if not i or i + every <= len(texts) + COUNT]
    return "".join(f"╵{texts[i]:<{every - 1}}" for i in marks).rstrip()


def _moment(start: int, width: int) -> str:
    text = iso(start)
    return text[:10] if width >= DAY else f"{text[5:10]} {text[11:16]}" if width >= MINUTE else text[11:19]
