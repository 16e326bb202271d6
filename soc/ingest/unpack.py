"""gzip, bzip2, xz and Zstandard. Several members after each other are one content."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import zstandard

from soc.errors import SourceError
from soc.ingest.packing import PIECE

_STEP = 1 << 10  # packed bytes fed at once: bounds what a step can unpack to (a bomb) and what is lost before damage
_MEMORY = 256 << 20  # the largest dictionary that an archive may ask for


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, piece: bytes, /) -> bytes: ...


_ZSTD = zstandard.ZstdDecompressor(max_window_size=_MEMORY)
_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
    "zstd": lambda: _ZSTD.decompressobj(),
}
_DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)


def unpack(packing: str, blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The content, in pieces of about PIECE bytes. An empty block gives an empty piece.

    Raises SourceError, which says `name` and the offset, after the last byte before damage or a cut.
    """
    gathered: list[bytes] = []
    at = size = 0
    damage: Exception | None = None
    try:
        for piece in _steps(_UNPACKERS[packing], blocks):
            gathered.append(piece)
            size += len(piece)
            if size >= PIECE or not piece:
                at += size
                yield b"".join(gathered)
                gathered, size = [], 0
    except _DAMAGE as error:
        damage = error
    if gathered:
        yield b"".join(gathered)
    if damage:
        what = f"{name}: this {packing} archive is damaged or cut off at offset {at + size} of its content: {damage}"
        raise SourceError(f"{what}\n  what lies before is read; replace the file by a whole copy and run again") from damage


def _steps(make: Callable[[], _Unpacker], blocks: Iterable[bytes]) -> Iterator[bytes]:
    unpacker, fresh = make(), True
    for block in blocks:
        if not block:
            yield b""
        for start in range(0, len(block), _STEP):
            rest = block[start : start + _STEP]
            while rest:
                if unpacker.eof:
                    rest = rest.lstrip(b"\0")  # padding between members
                    if not rest:
                        break
                    unpacker, fresh = make(), True
                piece = unpacker.decompress(rest)
                fresh = False
                rest = unpacker.unused_data if unpacker.eof else b""
                if piece:
                    yield piece
    if not unpacker.eof and not fresh:
        raise EOFError("it ends in the middle")
