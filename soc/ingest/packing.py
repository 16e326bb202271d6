"""Packed contents, known by their first bytes, never by a name. `soc.ingest.unpack` reads them, and is loaded when there is one."""

from __future__ import annotations

import re

PIECE = 128 << 10  # bytes that a content is read in, packed or not
MAGIC = 10  # bytes that tell a format
_MAGICS = {  # RFC 1952; the format pages of bzip2 and xz; RFC 8878
    "gzip": re.compile(rb"\x1f\x8b\x08"),
    "bzip2": re.compile(rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd"),
}


def packing_of(start: bytes) -> str:
    """The name of the format that a content with these first bytes is packed in; "" when it is not packed."""
    return next((name for name, magic in _MAGICS.items() if magic.match(start)), "")
