"""What stands behind the time of a syslog line: host, tag and message, and what senders and relays put between them."""

from __future__ import annotations

import re

from soc.parsing.half import Parts
from soc.parsing.header import FACILITIES
from soc.parsing.hosts import NIL, may_be_host, may_be_program
from soc.parsing.stamp import stamp_end
from soc.parsing.structured import BOM
from soc.parsing.values import ip

_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warn": 4, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_IN_WORDS = {f"{name}.{level}": str(8 * i + code) for i, name in enumerate(FACILITIES) for level, code in _LEVELS.items()}

PRIORITY = re.compile(r"<(?:([0-9]{1,3})|invld)>:? ?")  # a colon: Cisco's "format emblem"
SEQUENCE = re.compile(r"[0-9]{1,12}: (?:([^\s:\[]+): (?=[*.]?[A-Z][a-z]{2} ))?")  # 123: host: *Mar  1 18:46:11: %SYS-5-CONFIG_I
_SOLARIS = r"(?:\[ID [0-9]{1,10} ([a-z0-9]{1,16}\.[a-z]{1,16})\] )?"  # [ID 800047 auth.info] text
_TAG = re.compile(
    rf"([^\s:\[\]%{{<][^\s:\[]*)(?:\[([^\]\s]{{0,32}})\](?:\([A-Za-z]{{1,16}}\))?:?|:|(?= {BOM}))"  # krb5kdc[12](info): text
    rf"(?: {_SOLARIS}|$)"
)
_SPACED_TAG = re.compile(rf"([^\s:\[\]%{{<][^:\[\]]{{0,47}})\[([0-9]{{1,10}})\]: {_SOLARIS}")
_CISCO_TEXT = re.compile(r"(?: ([^\s%]{0,254}[^\s%:]))? ?:? ?(?=%)")  # behind the second time: fw1 : %ASA-6-605005: …
_REPEATED = ("last message repeated ", "message repeated ")


def behind(rest: str, code: str | None, host: str) -> Parts | None:
    """What stands behind a time; None when nothing does. `host`: of a sequence number before it."""
    text = rest.lstrip(" ")
    if rest[:1] not in (" ", ":") or not text.strip(":"):
        return None
    if text[0] == ":":  # "Oct 11 2026 22:14:15: %ASA-6-302013: …": no host was told
        return tagged(code, host, text[1:].lstrip(" "))
    return tagged(code, host, text) if host else tagged(code, *_split_host(text))


def _split_host(rest: str) -> tuple[str, str]:
    """The host, "" when none is told, and what follows it."""
    if rest.startswith(_REPEATED):
        return "", rest
    token, _, after = rest.partition(" ")
    if token.endswith(":") and ip(token) is None:
        return (token[:-1], after) if after.startswith("%") and may_be_host[token[:-1]] else ("", rest)
    if not after or not (token == NIL or may_be_host[token]):
        return "", rest
    if after.startswith(": "):
        return token, after[2:]
    return token, after


def tagged(code: str | None, host: str, rest: str) -> Parts:
    """What follows the host: an optional sequence number and second time (Cisco, relayed), the tag, the message."""
    if sequence := SEQUENCE.match(rest):
        end = stamp_end(rest, sequence.end())
        if end and rest.startswith(": ", end):
            rest = rest[end + 2 :]
    match = _TAG.match(rest)
    if match is None and rest[:1] not in "%{":
        code, host, rest = _between(code, host, rest)
        match = _TAG.match(rest) or _SPACED_TAG.match(rest)
    if match is None or not may_be_program(match[1]):
        return code, host, "", None, rest
    tag, procid, words = match.groups()
    if words and not code:
        code = _IN_WORDS.get(words)
    return code, host, tag, procid, rest[match.end() :].removeprefix(BOM)


def _between(code: str | None, host: str, rest: str) -> tuple[str | None, str, str]:
    """Priority, host and text behind what stands between a header and the tag; all as they were when nothing does.

    That is facility and level in words (busybox), the first sender or the same host again (relays), or a header of
    Cisco's. A priority that a number told stays; of two hosts the inner one sent the line.
    """
    word, _, after = rest.partition(" ")
    if word in _IN_WORDS:
        return code or _IN_WORDS[word], host, after
    is_sender = word == host or ((word[:1].isdigit() or ":" in word) and ip(word) is not None)
    if is_sender and (after.startswith(("%", ": %")) or _TAG.match(after)):
        return code, word, after.removeprefix(": ")
    cisco = _cisco(code, host, rest) if "%" in rest else None
    return cisco or (code, host, rest)


def _cisco(code: str | None, host: str, rest: str) -> tuple[str | None, str, str] | None:
    """The same behind a header of Cisco's, which a relay left: <166>Oct 11 2026 22:14:15 fw1 : %ASA-6-605005: …"""
    priority = PRIORITY.match(rest)
    at = priority.end() if priority else 0
    sequence = SEQUENCE.match(rest, at)
    end = stamp_end(rest, sequence.end() if sequence else at)
    text = _CISCO_TEXT.match(rest, end) if end else None
    if text is None:
        return None
    sender = text[1] or (sequence[1] if sequence else None) or host
    return code or (priority[1] if priority else None), sender, rest[text.end() :]
