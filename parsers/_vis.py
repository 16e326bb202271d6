"""vis(3), as OpenSSH writes whatever is no printable ASCII: `EXAMPLE\\\\bob` for `EXAMPLE\\bob`, `j\\303\\274rgen` for `jürgen`.

OpenSSH, log.c: strnvis with VIS_CSTYLE, VIS_NL, VIS_TAB and VIS_OCTAL, on every message. What sshd's unprivileged part says
reaches the log through its monitor (monitor.c, mm_log_handler) and was escaped by both: these messages end in " [preauth]".
"""

from __future__ import annotations

import re

from soc.text import decode_line

_LETTERS = {b"\\": b"\\", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"s": b" ", b"t": b"\t", b"v": b"\v"}
_ESCAPE = r"\\(?:([\\abfnrstv])|(?!000)([0-3][0-7]{2}))"  # a NUL ends a text of C: none writes it
_ESCAPED = re.compile(_ESCAPE.encode())
_VIS = re.compile(rf"(?:[^\\]|{_ESCAPE})*").fullmatch


def unescaped(text: str, times: int = 1) -> str:
    """What was meant by a text that was escaped so often; as far as it is one that vis(3) can have written."""
    for _ in range(times):
        if "\\" not in text or not _VIS(text):
            break
        text = decode_line(_ESCAPED.sub(_meant, text.encode()))
    return text


def _meant(escape: re.Match[bytes]) -> bytes:
    return _LETTERS[escape[1]] if escape[1] else bytes([int(escape[2], 8)])
