"""The log of a case: append-only, each entry chained to the one before it.

hash = BLAKE2b-256 in hexadecimal over prev, case, seq, at, actor, action and payload, each preceded by its length in eight
bytes; numbers in decimal; `prev` of the first entry is 64 zeros. The chain shows that an entry was altered, inserted or
taken out; the hash in the case's row shows that the end was cut off. It has no key: whoever may write the desk can forge
a whole new chain, so a backup elsewhere is what proves a log against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from soc.desk.database.damage import read_json, whole
from soc.text import canonical_json, measured

FIRST = "0" * 64


class Entry(NamedTuple):
    """One entry. `payload` is canonical JSON, as it is stored and hashed."""

    case: str
    seq: int
    at: int
    actor: str
    action: str
    payload: bytes
    prev: str
    hash: str

    @property
    def said(self) -> dict[str, Any]:
        """The payload, read. Raises DeskError when somebody damaged it."""
        with whole("case_log", self.case, self.seq):
            return read_json(self.payload, dict)


def chained(prev: str, case: str, seq: int, at: int, actor: str, action: str, said: dict[str, Any]) -> Entry:
    """The entry that follows the one with hash `prev`."""
    payload = canonical_json(said)
    return Entry(case, seq, at, actor, action, payload, prev, _hash(prev, case, seq, at, actor, action, payload))


def broken(entries: Sequence[Entry]) -> str | None:
    """Where the chain does not hold, as one sentence; None when it does. Entries in order of `seq`."""
    prev = FIRST
    for number, entry in enumerate(entries, start=1):
        if entry.seq != number:
            return f"entry {number} is missing"
        if entry.prev != prev:
            return f"entry {number} does not follow entry {number - 1}"
        if entry.hash != _hash(prev, *entry[:6]):
            return f"entry {number} was altered"
        prev = entry.hash
    return None


def _hash(prev: str, case: str, seq: int, at: int, actor: str, action: str, payload: bytes) -> str:
    return blake2b(measured(prev, case, str(seq), str(at), actor, action, payload), digest_size=32).hexdigest()
