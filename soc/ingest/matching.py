"""Which known sources the files are that lie elsewhere now: by the bytes that were consumed, the best place first.

Sources of which the same was consumed are alike but for their places, so a file is looked into once for all of them: a thousand
equal files that were moved cost a thousand looks, not a million.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path

from soc.ingest.candidate import Candidate
from soc.ingest.rotation import stem_of
from soc.ingest.stamps import inode_of, stamp_of
from soc.model import SourceState

Consumed = tuple[int, str, int, str]
Place = Callable[[str, str], Hashable]  # of a path and a stamp; None where it is not known

_PLACES: tuple[Place, ...] = (  # how well the place of a file fits a source whose bytes it holds: the best first
    lambda path, stamp: inode_of(stamp),
    lambda path, stamp: path,
    lambda path, stamp: stem_of(path),
    lambda path, stamp: Path(path).name,
    lambda path, stamp: "",
)


def matches(
    states: Iterable[SourceState], candidates: Iterable[Candidate], lies_elsewhere: Callable[[SourceState], bool]
) -> Iterator[tuple[SourceState, Candidate]]:
    """Pairs of a source and the file that it is; each at most once. Among files that fit equally, more consumed bytes go first.

    `lies_elsewhere`: whether a source is at a file that is none of the candidates.
    """
    alike, holders = _holders(states, candidates)
    left = {consumed: [state for state in alike[consumed] if not lies_elsewhere(state)] for consumed in holders}
    taken: set[str] = set()
    claimed: set[Path] = set()
    for place in _PLACES:
        for consumed in sorted(holders, key=lambda consumed: -consumed[2]):
            waiting: dict[Hashable, deque[SourceState]] = defaultdict(deque)
            for state in left[consumed]:
                if state.id not in taken and (where := place(state.path, state.stamp)) is not None:
                    waiting[where].append(state)
            for candidate in holders[consumed]:
                queue = waiting.get(place(str(candidate.path), stamp_of(candidate.stat))) if candidate.path not in claimed else None
                if queue:
                    state = queue.popleft()
                    taken.add(state.id)
                    claimed.add(candidate.path)
                    yield state, candidate


def _holders(
    states: Iterable[SourceState], candidates: Iterable[Candidate]
) -> tuple[dict[Consumed, list[SourceState]], dict[Consumed, list[Candidate]]]:
    """The sources by what was consumed of them, and the files that hold it, by the same."""
    alike: dict[Consumed, list[SourceState]] = defaultdict(list)
    for state in states:
        alike[state.head_length, state.head, state.position, state.tail].append(state)
    prints: dict[tuple[int, str], list[Consumed]] = defaultdict(list)
    for consumed in alike:
        prints[consumed[:2]].append(consumed)
    lengths = {length for length, _ in prints}
    holders: dict[Consumed, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        for consumed in (one for found in candidate.prints(lengths) for one in prints.get(found, ())):
            if candidate.holds(alike[consumed][0]):
                holders[consumed].append(candidate)
    return alike, holders
