"""Names that depend on bytes alone: of a line, of a source, and of what was consumed of a source.

An `event.id` names a line, not its reading: read again by another parser, in another batch, it is the same event.
It is BLAKE2b with a digest of 16 bytes over

    source id (UTF-8) | 00 | offset of the line's first byte (8 bytes, big-endian) | the line's bytes without its end

written in lower case base32 (RFC 4648, section 6) without padding: 26 letters and digits.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

HEAD = 64 << 10  # a source's first bytes, as far as consumed
TAIL = 4 << 10  # its last bytes before the position
ID_LENGTH = 26
_HOLE = bytes(TAIL)
_DIGEST = 16
_LETTERS = bytes.maketrans(bytes(range(32)), b"abcdefghijklmnopqrstuvwxyz234567")
_TOGETHER = 1024  # digests turned at a time: their numbers stay in the processor's cache
_ROUND = 64  # few different numbers of digests, so that the masks for each are made once
_PADDING = bytes(4)


def event_ids(source: str, offsets: Sequence[int], raws: Sequence[bytes]) -> list[str]:
    """The ids of lines of one source, in their order."""
    start = blake2b(source.encode() + b"\0", digest_size=_DIGEST).copy
    digests = []
    for offset, raw in zip(offsets, raws, strict=True):
        state = start()
        state.update(offset.to_bytes(8, "big") + raw)
        digests.append(state.digest())
    return _base32(digests)


def _base32(digests: Sequence[bytes]) -> list[str]:
    """Each digest in base32."""
    out: list[str] = []
    for start in range(0, len(digests), _TOGETHER):
        part = digests[start : start + _TOGETHER]
        count = len(part) + -len(part) % _ROUND
        text = _letters((_PADDING.join(part) + _PADDING).ljust(20 * count, b"\0"), count)
        out += [text[at : at + ID_LENGTH] for at in range(0, 32 * len(part), 32)]
    return out


def _letters(padded: bytes, count: int) -> str:
    """Digests padded to 20 bytes as 32 letters each. All are one number, whose bits are moved apart for all letters at once."""
    spread = bytearray(32 * count)
    for place in range(5):
        spread[3 + place :: 8] = padded[place::5]  # 40 bits in 64
    number = int.from_bytes(spread, "big")
    for shift, low, high in _masks(count):
        number = number & low | number << shift & high
    return number.to_bytes(32 * count, "big").translate(_LETTERS).decode("ascii")


@lru_cache(maxsize=64)
def _masks(count: int) -> tuple[tuple[int, int, int], ...]:
    """How so many digests are spread: 40 bits in 64 become twice 20 in 32, then 10 in 16, then 5 in 8."""
    steps = []
    for size, bits in ((8, 20), (4, 10), (2, 5)):
        low = int.from_bytes(((1 << bits) - 1).to_bytes(size, "big") * (32 // size * count), "big")
        shift = 4 * size - bits
        steps.append((shift, low, low << 4 * size))
    return tuple(steps)


def source_id(feed: str, path: str, first: bytes, number: int) -> str:
    """The id of the source that begins with the line `first` and was first seen at `path` ("-" for standard input).

    The same history of files gives the same ids. `number` tells apart sources that begin alike at one path: it counts
    from 0, and the caller takes the first whose id is not in use.
    """
    hashed = blake2b(digest_size=_DIGEST, person=b"soc source")
    for part in (feed.encode(), path.encode("utf-8", "surrogateescape"), first, b"%d" % number):
        hashed.update(len(part).to_bytes(8, "big") + part)
    return b32encode(hashed.digest())[:ID_LENGTH].decode().lower()


def fingerprint(consumed: bytes) -> str:
    """The hash of a source's head or tail, as `SourceState` keeps it."""
    return fingerprints(consumed, [len(consumed)])[len(consumed)]


def fingerprints(consumed: bytes, lengths: Iterable[int]) -> dict[int, str]:
    """The fingerprint of the first bytes, for each length that there are bytes for, in one pass."""
    hashed, at, out = blake2b(digest_size=_DIGEST, person=b"soc print"), 0, {}
    for length in sorted(length for length in lengths if length <= len(consumed)):
        hashed.update(consumed[at:length])
        at = length
        out[length] = b32encode(hashed.copy().digest())[:ID_LENGTH].decode().lower()
    return out


class Footprint:
    """What is known of the consumed bytes of one source: how many, the hash of the first 64 KiB, the last 4 KiB."""

    def __init__(self, head: bytes = b"", tail: bytes = b"", position: int = 0) -> None:
        """Of a source consumed up to `position`: its first (at most HEAD) and its last (at most TAIL) bytes before there."""
        self._head, self._tail, self.position = head, tail, position

    def add(self, piece: bytes) -> None:
        """The next bytes are consumed."""
        if len(self._head) < HEAD:
            self._head += piece[: HEAD - len(self._head)]
        self._tail = piece[-TAIL:] if len(piece) >= TAIL else (self._tail + piece)[-TAIL:]
        self.position += len(piece)

    def copy(self) -> Footprint:
        return Footprint(self._head, self._tail, self.position)

    @property
    def ends(self) -> tuple[bytes, bytes]:
        """The first and the last bytes, as the constructor takes them."""
        return self._head, self._tail

    @property
    def head(self) -> str:
        return fingerprint(self._head)

    @property
    def head_length(self) -> int:
        return len(self._head)

    @property
    def tail(self) -> str:
        return fingerprint(self._tail)

    @property
    def mid_line(self) -> bool:
        """Whether the last byte before the position is not the end of a line, and none of a hole in front of one."""
        return bool(self._tail) and not self._tail.endswith(b"\n") and not self.in_hole

    @property
    def in_hole(self) -> bool:
        """Whether nothing but NULs lies before the position, as far back as is known (`soc.ingest.lines`)."""
        return self._tail == _HOLE
