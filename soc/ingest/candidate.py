"""A file whose source is not known yet, compared with what is known of sources by their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from soc.errors import SourceError
from soc.ingest.identity import fingerprint, fingerprints
from soc.ingest.open import File
from soc.model import SourceState


class Candidate:
    """`head`: its first 64 KiB."""

    def __init__(self, path: Path) -> None:
        """Raises SourceError when it cannot be read. It is opened for each question: there may be more files than may be open at once."""
        self.path = path
        file = File(path)
        try:
            self.stat, self.head = file.stat, file.head()
        finally:
            file.close()

    def prints(self, lengths: Iterable[int]) -> list[tuple[int, str]]:
        """Length and fingerprint of its first bytes, as far as there are so many."""
        return list(fingerprints(self.head, lengths).items())

    def holds(self, state: SourceState) -> bool:
        """Whether it begins with what was consumed of a source."""
        if state.head_length > len(self.head) or fingerprint(self.head[: state.head_length]) != state.head:
            return False
        try:
            file = File(self.path)
        except SourceError:  # gone meanwhile
            return False
        try:
            tail = file.before(state.position)
        finally:
            file.close()
        return tail is not None and fingerprint(tail) == state.tail


def begins_with(whole: Candidate, part: Candidate) -> bool:
    """Whether the content of `part`, as far as it can be read, is the beginning of that of `whole`, or all of it."""
    if not whole.head.startswith(part.head):
        return False
    one, other = File(whole.path), File(part.path)
    try:
        return _begins(_readable(one), _readable(other))
    finally:
        one.close()
        other.close()


def _readable(file: File) -> Iterator[bytes]:
    try:
        yield from file.pieces()
    except SourceError:  # damage ends what can be compared
        return


def _begins(whole: Iterator[bytes], part: Iterator[bytes]) -> bool:
    ours = b""
    for theirs in part:
        while len(ours) < len(theirs):
            piece = next(whole, b"")
            if not piece:
                return False
            ours += piece
        if not ours.startswith(theirs):
            return False
        ours = ours[len(theirs) :]
    return True
