"""Make soc/data/lowercase.csv: Unicode 14's simple lowercase mapping, which `soc.condition.fold` is pinned to.

    python3.11 tools/make_fold.py

Source: the unicodedata module of Python 3.11, which holds UnicodeData.txt 14.0.0 (field 13, Simple_Lowercase_Mapping).
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

if unicodedata.unidata_version != "14.0.0":
    sys.exit(f"this Python holds Unicode {unicodedata.unidata_version}; run it with Python 3.11")

with Path("soc/data/lowercase.csv").open("w", newline="") as out:
    out.write("code,lower\n")
    for code in range(0x110000):
        lower = ord(chr(code).lower()[0])  # only U+0130 has a longer full mapping: its first code point is the simple one
        if lower != code:
            out.write(f"{code:04X},{lower:04X}\n")
