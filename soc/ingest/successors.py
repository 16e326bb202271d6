"""What rotation has left since a log was read last: it may turn more than once between two looks, and then nobody has seen its middle.

A file counts that is called as rotation would call it and was written after the last reading. What lay there before is older,
and stays unread where nobody names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from os import stat_result
from pathlib import Path

from soc.ingest.rotation import Stem, stem_of
from soc.ingest.stamps import changed_at
from soc.model import SourceState


def successors(
    strangers: Mapping[Path, stat_result], known: Iterable[SourceState], places: Mapping[str, tuple[Path, str]], asked: Container[Path]
) -> Iterator[Path]:
    """Those of the `strangers`, which no pattern names and no known source is.

    `places`: where known sources lie now, by id, and their stamps. `asked`: the files that patterns name.
    """
    logs: dict[Stem, list[Path]] = defaultdict(list)
    for path in strangers:
        logs[stem_of(str(path))].append(path)
    for stem, last in _newest(known, logs).items():
        place, stamp = places.get(last.id, (None, ""))
        if place in asked and str(place) == last.path:
            continue  # the log itself, which has only grown: it was not rotated
        since = min((moment for moment in (changed_at(last.stamp), changed_at(stamp)) if moment is not None), default=None)
        if since is not None:
            yield from (path for path in logs[stem] if strangers[path].st_mtime_ns > since)


def _newest(known: Iterable[SourceState], logs: Container[Stem]) -> dict[Stem, SourceState]:
    """Of each log the source that was written last when it was read."""
    out: dict[Stem, SourceState] = {}
    for state in known:
        stem = stem_of(state.path)
        if stem in logs and (stem not in out or (changed_at(state.stamp) or 0) > (changed_at(out[stem].stamp) or 0)):
            out[stem] = state
    return out
