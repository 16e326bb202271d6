"""Which source a file is: known by the bytes that were consumed of it, never by its name.

A file that begins with the consumed bytes of a known source is that source: grown, renamed, rotated, packed. Where
several files do, the one with the inode last seen is meant, then the one at the path last seen, then one with a name
that rotation gives, then one of the same name in another folder, then any; but none while the source still lies where
it was read last. A file that no known source is left for is a new one, unless it is a copy of another file that is there
too: by name what packing or rotation by copying makes, by content the same or a beginning of it.

Files that rotation has left beside those asked for are read as well: known ones, and those that were written after the
last reading, for a log may be rotated more than once between two looks.

What cannot be told: that a file was emptied in place and filled anew with the very bytes that were consumed before.
What cannot be read: lines written between the last reading of a file and its emptying, unless a copy was kept.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soc.errors import SourceError
from soc.ingest.candidate import Candidate, begins_with
from soc.ingest.links import Bounds
from soc.ingest.matching import matches
from soc.ingest.paths import siblings
from soc.ingest.rotation import originals_of, stem_of
from soc.ingest.stamps import same_inode, size_of, stamp_of
from soc.ingest.successors import successors
from soc.model import SourceState


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read, and what is known of it: None when it is new. `unchanged` since it was last read to its end."""

    path: Path
    stamp: str
    state: SourceState | None = None
    unchanged: bool = False

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return size_of(self.stamp)


def identify(
    files: Mapping[Path, os.stat_result], known: Sequence[SourceState], patterns: Sequence[str] = (), bounds: Bounds | None = None
) -> tuple[list[Source], list[SourceError]]:
    """The sources that the files are, in the order of the files, and why files are refused. An empty file is none yet.

    Before them those beside the ones that `patterns` name, oldest first: what rotation has made of a known source, and what it has
    left since that was read last (`soc.ingest.successors`).
    """
    return _Identification(files, known, bounds or Bounds()).sources(patterns)


class _Identification:
    def __init__(self, files: Mapping[Path, os.stat_result], known: Sequence[SourceState], bounds: Bounds) -> None:
        self._files, self._known, self._bounds = files, known, bounds
        self._unclaimed = {state.id: state for state in known}
        self._sources: dict[Path, Source] = {}
        self._candidates: dict[Path, Candidate] = {}
        self._elsewhere: dict[Path, SourceState] = {}  # known sources at files that are not asked for
        self._beside: dict[Path, os.stat_result] = {}  # what is not asked for, and may be read all the same
        self._refused: dict[Path, SourceError] = {}

    def sources(self, patterns: Sequence[str]) -> tuple[list[Source], list[SourceError]]:
        stamps = {state.stamp: state for state in self._known if state.stamp}
        for path, status in self._files.items():
            self._look(path, status, stamps)
        self._claim_in_place()
        if self._unclaimed:
            self._look_beside(patterns, stamps)
            self._claim_by_content()
        self._leave_strangers()
        self._drop_copies()
        for path, candidate in self._candidates.items():
            self._sources[path] = Source(path, stamp_of(candidate.stat))
        order = {path: place for place, path in enumerate((*sorted(self._beside, key=self._age), *self._files))}
        return sorted(self._sources.values(), key=lambda source: order.get(source.path, -1)), list(self._refused.values())

    def _age(self, path: Path) -> int:
        return self._beside[path].st_mtime_ns

    def _look(self, path: Path, status: os.stat_result, stamps: Mapping[str, SourceState]) -> None:
        stamp = stamp_of(status)
        state = stamps.get(stamp)
        if state and state.id in self._unclaimed:
            self._claim(path, stamp, state, unchanged=True)
            return
        try:
            candidate = Candidate(path)
        except SourceError as error:
            self._refused[path] = error
            return
        if candidate.head and same_inode(stamp, stamp_of(candidate.stat)):  # else another lies there by now: the next run looks at it
            self._candidates[path] = candidate

    def _look_beside(self, patterns: Sequence[str], stamps: Mapping[str, SourceState]) -> None:
        """The files that known ones among those asked for may have been rotated to."""
        found = siblings(patterns, (state.path for state in self._unclaimed.values()), self._bounds)
        self._beside = {path: status for path, status in found.items() if path not in self._files}
        for path, status in self._beside.items():
            self._look(path, status, stamps)

    def _leave_strangers(self) -> None:
        """What nobody asked for is neither read nor refused, unless rotation has left it there since the last reading."""
        strangers = {path: status for path, status in self._beside.items() if path in self._candidates or path in self._refused}
        places = {source.state.id: (path, source.stamp) for path, source in self._sources.items() if source.state}
        for path in strangers.keys() - set(successors(strangers, self._known, places, self._files) if strangers else ()):
            self._candidates.pop(path, None)
            self._refused.pop(path, None)

    def _claim(self, path: Path, stamp: str, state: SourceState, *, unchanged: bool = False) -> None:
        self._sources[path] = Source(path, stamp, state, unchanged)
        self._candidates.pop(path, None)
        del self._unclaimed[state.id]

    def _claim_in_place(self) -> None:
        """Files that only grew, which nearly all do."""
        places = {state.path: state for state in self._unclaimed.values()}
        for path, candidate in list(self._candidates.items()):
            state, stamp = places.get(str(path)), stamp_of(candidate.stat)
            if state and state.id in self._unclaimed and same_inode(state.stamp, stamp) and candidate.holds(state):
                self._claim(path, stamp, state)

    def _claim_by_content(self) -> None:
        pairs = matches(list(self._unclaimed.values()), list(self._candidates.values()), self._is_elsewhere)
        for state, candidate in list(pairs):
            self._claim(candidate.path, stamp_of(candidate.stat), state)

    def _is_elsewhere(self, state: SourceState) -> bool:
        """Whether a source still lies where it was read last, at a file that is not asked for now."""
        path = Path(state.path)
        if path in self._candidates or path in self._sources:
            return False
        if path not in self._elsewhere:
            try:
                if not Candidate(path).holds(state):
                    return False
            except SourceError:
                return False
            self._elsewhere[path] = state
        return self._elsewhere[path].id == state.id

    def _look_for_originals(self) -> None:
        """Where files of the same stem as one that looks new were read last: it may be a copy of one of them, or the reverse."""
        stems = {stem_of(str(path)) for path in self._candidates}
        for state in self._unclaimed.values() if stems else ():
            if stem_of(state.path) in stems:
                self._is_elsewhere(state)

    def _drop_copies(self) -> None:
        self._look_for_originals()
        originals, copies = self._related()
        for path in list(self._candidates):
            if any(path in self._candidates and self._holds_all(other, path) for other in originals[path]):
                del self._candidates[path]
            for other in copies[path]:
                if path in self._candidates and self._holds_all(path, other):
                    self._replace(other, path)

    def _related(self) -> tuple[dict[Path, list[Path]], dict[Path, list[Path]]]:
        """By name: the files that a file can be a copy of, and those that can be copies of it."""
        here = dict.fromkeys((*self._sources, *self._elsewhere, *self._candidates)) if self._candidates else {}
        originals: dict[Path, list[Path]] = defaultdict(list)
        copies: dict[Path, list[Path]] = defaultdict(list)
        for path in here:
            for original in map(path.with_name, sorted(originals_of(path.name))):
                if original in here and stem_of(str(original)) == stem_of(str(path)):
                    originals[path].append(original)
                    copies[original].append(path)
        return originals, copies

    def _holds_all(self, original: Path, copy: Path) -> bool:
        try:
            return begins_with(*(self._candidates.get(path) or Candidate(path) for path in (original, copy)))
        except SourceError:  # gone meanwhile
            return False

    def _replace(self, copy: Path, original: Path) -> None:
        """The original is read instead of its copy: it may have grown since."""
        self._candidates.pop(copy, None)
        source = self._sources.pop(copy, None)
        if state := source.state if source else self._elsewhere.get(copy):
            self._sources[original] = Source(original, stamp_of(self._candidates.pop(original).stat), state)
