"""Which source a file is: known by the bytes that were consumed of it, never by its name.

A file that begins with the consumed bytes of a known source is that source: grown, renamed, rotated, packed. Where
several files do, the one with the inode last seen is meant, then the one at the path last seen, then one with a name
that rotation gives, then any; but none while the source still lies where it was read last. A file that no known
source is left for is a new one, unless it is a copy of another file that is there too: by name what packing or
rotation by copying makes, by content the same or a beginning of it.

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
from soc.ingest.paths import is_copy, siblings, unturned
from soc.model import SourceState

_States = dict[str, SourceState]


def stamp_of(status: os.stat_result) -> str:
    """A file as `stat` shows it, without its name: equal stamps mean equal content, for logs are only appended to."""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def same_inode(one: str, other: str) -> bool:
    """Whether two stamps are of one file on disk, or of its successor in the same place."""
    return bool(one) and one.split(":")[:2] == other.split(":")[:2]


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
        return int(self.stamp.split(":")[2])


def identify(
    files: Mapping[Path, os.stat_result], known: Sequence[SourceState], patterns: Sequence[str] = ()
) -> tuple[list[Source], list[SourceError]]:
    """The sources that the files are, in the order of the files, and why files are refused. An empty file is none yet.

    A file with rotated name beside those that `patterns` name is only read when it is a known source.
    """
    return _Identification(files, known).sources(patterns)


class _Identification:
    def __init__(self, files: Mapping[Path, os.stat_result], known: Sequence[SourceState]) -> None:
        self._files, self._known = files, known
        self._unclaimed: _States = {state.id: state for state in known}
        self._sources: dict[Path, Source] = {}
        self._candidates: dict[Path, Candidate] = {}
        self._elsewhere: dict[Path, SourceState] = {}  # known sources at files that are not asked for
        self._refused: list[SourceError] = []

    def sources(self, patterns: Sequence[str]) -> tuple[list[Source], list[SourceError]]:
        stamps = {state.stamp: state for state in self._known if state.stamp}
        for path, status in self._files.items():
            self._look(path, status, stamps)
        self._claim_in_place()
        if self._unclaimed:
            self._look_beside(patterns, stamps)
            self._claim_by_content()
        self._drop_copies()
        for path, candidate in self._candidates.items():
            if path in self._files:
                self._sources[path] = Source(path, stamp_of(candidate.stat))
        order = {path: place for place, path in enumerate(self._files)}
        return sorted(self._sources.values(), key=lambda source: order.get(source.path, -1)), self._refused

    def _look(self, path: Path, status: os.stat_result, stamps: Mapping[str, SourceState]) -> None:
        stamp = stamp_of(status)
        state = stamps.get(stamp)
        if state and state.id in self._unclaimed:
            self._claim(path, stamp, state, unchanged=True)
            return
        try:
            candidate = Candidate(path)
        except SourceError as error:
            self._refused.append(error)
            return
        if candidate.head:
            self._candidates[path] = candidate

    def _look_beside(self, patterns: Sequence[str], stamps: Mapping[str, SourceState]) -> None:
        """The rotated files beside those asked for; what cannot be read there was not asked for, so it is not refused."""
        refused = list(self._refused)
        for path, status in siblings(patterns, (state.path for state in self._unclaimed.values())).items():
            if path not in self._files:
                self._look(path, status, stamps)
        self._refused = refused

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
        prints: dict[tuple[int, str], list[SourceState]] = defaultdict(list)
        for state in self._unclaimed.values():
            prints[state.head_length, state.head].append(state)
        lengths = {length for length, _ in prints}
        pairs = [
            (_rank(state, candidate), -state.position, place, state, candidate)
            for place, candidate in enumerate(self._candidates.values())
            for alike in candidate.prints(lengths)
            for state in prints.get(alike, ())
            if candidate.holds(state) and not self._is_elsewhere(state)
        ]
        for _, _, _, state, candidate in sorted(pairs, key=lambda pair: pair[:3]):
            if state.id in self._unclaimed and candidate.path in self._candidates:
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
        stems = {_stem(str(path)) for path in self._candidates if path in self._files}
        for state in self._unclaimed.values() if stems else ():
            if _stem(state.path) in stems:
                self._is_elsewhere(state)

    def _drop_copies(self) -> None:
        self._look_for_originals()
        related: dict[tuple[str, str], list[Path]] = defaultdict(list)
        for path in (*self._sources, *self._elsewhere, *(path for path in self._candidates if path in self._files)):
            related[_stem(str(path))].append(path)
        for path in list(self._candidates):
            for other in related[_stem(str(path))]:
                if path not in self._candidates:
                    break
                if is_copy(other.name, path.name) and self._holds_all(other, path):
                    del self._candidates[path]
                elif is_copy(path.name, other.name) and self._holds_all(path, other):
                    self._replace(other, path)

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


def _rank(state: SourceState, candidate: Candidate) -> int:
    """How well the place of a file fits a source whose bytes it holds; 0 is best."""
    if same_inode(state.stamp, stamp_of(candidate.stat)):
        return 0
    if state.path == str(candidate.path):
        return 1
    return 2 if _stem(state.path) == _stem(str(candidate.path)) else 3


def _stem(path: str) -> tuple[str, str]:
    """The folder and the name before rotation: files rotated from each other have them in common."""
    folder, name = os.path.split(path)
    return folder, unturned(name)
