"""Headers of syslog lines that are not written as RFC 3164 asks, as they are met in practice.

No priority, or a priority alone; an octet count before it (RFC 6587, 3.4.1); the stamps of `soc.parsing.stamp`; no host
(FreeBSD, OPNsense, pfSense); hosts that are IPv6 addresses; "host : %ASA-…" and sequence numbers (Cisco); tags with paths,
spaces or without a process number; "last message repeated 3 times"; Cisco's own header or the first sender behind a
relay's; "auth.info" before the tag (busybox), "[ID 800047 auth.info]" behind it (Solaris).
"""

from __future__ import annotations

import re

from soc.parsing.header import FACILITIES, record
from soc.parsing.parser import Clock, Record
from soc.parsing.stamp import cut_off, read_stamp, stamp_end
from soc.parsing.structured import read_5424
from soc.parsing.values import ip

_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warn": 4, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_IN_WORDS = {f"{name}.{level}": str(8 * i + code) for i, name in enumerate(FACILITIES) for level, code in _LEVELS.items()}

_OCTETS = re.compile(r"[0-9]{1,9} (?=<[0-9]{1,3}>)")
_PRIORITY = re.compile(r"<([0-9]{1,3})>:? ?")  # a colon: Cisco's "format emblem"
_SEQUENCE = re.compile(r"[0-9]{1,12}: (?:([^\s:\[]+): (?=[*.]?[A-Z][a-z]{2} ))?")  # 123: host: *Mar  1 18:46:11: %SYS-5-CONFIG_I
_SOLARIS = r"(?:\[ID [0-9]{1,10} ([a-z0-9]{1,16}\.[a-z]{1,16})\] )?"  # [ID 800047 auth.info] text
_TAG = re.compile(rf"([^\s:\[\]%{{<][^\s:\[]*)(?:\[([^\]\s]{{0,32}})\]:?|:)(?: {_SOLARIS}|$)")
_SPACED_TAG = re.compile(rf"([^\s:\[\]%{{<][^:\[\]]{{0,47}})\[([0-9]{{1,10}})\]: {_SOLARIS}")
_HOST_AND_TAG = re.compile(r"([^\s:\[\]%{<]+) (?=[^\s:\[\]%{<][^\s:\[]*\[[0-9]{1,10}\]: )")
_CISCO_TEXT = re.compile(r"(?: ([^\s%]{0,254}[^\s%:]))? ?:? ?(?=%)")  # behind the second time: fw1 : %ASA-6-605005: …
_REPEATED = ("last message repeated ", "message repeated ")


def read_dialect(line: str, clock: Clock) -> Record | None:
    """The record of a line whose header is none of the usual forms; None when it has none. Raises ParseError as `read_header` does."""
    octets = _OCTETS.match(line)
    at = octets.end() if octets else 0
    code: str | None = None
    if priority := _PRIORITY.match(line, at):
        at, code = priority.end(), priority[1]
        if line.startswith("1 ", at) and (modern := read_5424(line, at + 2, code, clock)):  # behind an octet count
            return modern
    host = ""
    if sequence := _SEQUENCE.match(line, at):
        host, at = sequence[1] or "", sequence.end()
    stamp = read_stamp(line, at, clock)
    if stamp is None:
        return _stampless(line, code, host, line[at:], clock) if code else None
    moment, at = stamp
    rest = line[at:]
    if rest[:1] == ":" and not host:  # "Oct 11 2026 22:14:15: %ASA-6-302013: …": no host was told
        return _tagged(line, code, moment, host, rest[1:].lstrip(" "), clock)
    if rest[:1] not in (" ", ":") or not rest.strip():
        return None
    rest = rest.lstrip(": ")
    if not host:
        host, rest = _split_host(rest)
    return _tagged(line, code, moment, host, rest, clock)


def _stampless(line: str, code: str, host: str, rest: str, clock: Clock) -> Record | None:
    """A priority alone, as a local sender or a device without a clock writes it."""
    if cut_off(rest):
        return None
    if not host and (match := _HOST_AND_TAG.match(rest)):
        host, rest = match[1], rest[match.end() :]
    return _tagged(line, code, clock.received, host, rest, clock)


def _split_host(rest: str) -> tuple[str, str]:
    """The host, "" when none is told, and what follows it."""
    if rest.startswith(_REPEATED):
        return "", rest
    token, _, after = rest.partition(" ")
    if token.endswith(":") and ip(token) is None:
        return (token[:-1], after) if after.startswith("%") else ("", rest)
    if not after or "[" in token or token[0] in "%{<" or (":" in token and ip(token) is None):
        return "", rest
    if after.startswith(": "):
        return token, after[2:]
    return token, after


def _tagged(line: str, code: str | None, moment: int, host: str, rest: str, clock: Clock) -> Record:
    """The record of what follows the host: an optional sequence number and second time (Cisco, relayed), the tag, the message."""
    if sequence := _SEQUENCE.match(rest):
        end = stamp_end(rest, sequence.end())
        if end and rest.startswith(": ", end):
            rest = rest[end + 2 :]
    match = _TAG.match(rest)
    if match is None and rest[:1] not in "%{":
        code, host, rest = _between(code, host, rest)
        match = _TAG.match(rest) or _SPACED_TAG.match(rest)
    if match is None:
        return record(line, code, moment, host, "", None, rest, clock)
    tag, procid, words = match.groups()
    if words and not code:
        code = _IN_WORDS.get(words)
    return record(line, code, moment, host, tag, procid, rest[match.end() :], clock)


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
    priority = _PRIORITY.match(rest)
    at = priority.end() if priority else 0
    sequence = _SEQUENCE.match(rest, at)
    end = stamp_end(rest, sequence.end() if sequence else at)
    text = _CISCO_TEXT.match(rest, end) if end else None
    if text is None:
        return None
    sender = text[1] or (sequence[1] if sequence else None) or host
    return code or (priority[1] if priority else None), sender, rest[text.end() :]
