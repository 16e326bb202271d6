"""Headers of syslog lines that are not written as RFC 3164 asks, as they are met in practice.

No priority, or a priority alone; an octet count before it (RFC 6587, 3.4.1); the stamps of `soc.parsing.stamp`; no host
(FreeBSD, OPNsense, pfSense); hosts that are IPv6 addresses; "host : %ASA-…" and sequence numbers (Cisco); tags with paths,
spaces or without a process number; "last message repeated 3 times"; Cisco's own header or the first sender behind a
relay's; "auth.info" before the tag (busybox), "[ID 800047 auth.info]" behind it (Solaris), "(info)" behind it (Kerberos);
no date at all (printk, journalctl short-monotonic); "<invld>" for a priority that is none (rsyslog).

A line without a priority has a header only if it has all of one: a time at its start is what any log begins with. How much
else there must be is said by `_is_whole`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from soc.parsing.header import FACILITIES, record
from soc.parsing.hosts import NIL, is_session, is_telling, may_be_host, may_be_program
from soc.parsing.parser import Clock, Record
from soc.parsing.stamp import Kind, cut_off, kind_of, read_stamp, stamp_end
from soc.parsing.structured import BOM, read_5424
from soc.parsing.values import ip

_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "error": 3, "warn": 4, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_IN_WORDS = {f"{name}.{level}": str(8 * i + code) for i, name in enumerate(FACILITIES) for level, code in _LEVELS.items()}

_OCTETS = re.compile(r"[0-9]{1,9} (?=<[0-9]{1,3}>)")
_PRIORITY = re.compile(r"<(?:([0-9]{1,3})|invld)>:? ?")  # a colon: Cisco's "format emblem"
_SEQUENCE = re.compile(r"[0-9]{1,12}: (?:([^\s:\[]+): (?=[*.]?[A-Z][a-z]{2} ))?")  # 123: host: *Mar  1 18:46:11: %SYS-5-CONFIG_I
_SOLARIS = r"(?:\[ID [0-9]{1,10} ([a-z0-9]{1,16}\.[a-z]{1,16})\] )?"  # [ID 800047 auth.info] text
_TAG = re.compile(
    rf"([^\s:\[\]%{{<][^\s:\[]*)(?:\[([^\]\s]{{0,32}})\](?:\([A-Za-z]{{1,16}}\))?:?|:|(?= {BOM}))"  # krb5kdc[12](info): text
    rf"(?: {_SOLARIS}|$)"
)
_SPACED_TAG = re.compile(rf"([^\s:\[\]%{{<][^:\[\]]{{0,47}})\[([0-9]{{1,10}})\]: {_SOLARIS}")
_HOST_AND_TAG = re.compile(r"([^\s:\[\]%{<]+) (?=[^\s:\[\]%{<][^\s:\[]*\[[0-9]{1,10}\]: )")
_CISCO_TEXT = re.compile(r"(?: ([^\s%]{0,254}[^\s%:]))? ?:? ?(?=%)")  # behind the second time: fw1 : %ASA-6-605005: …
_REPEATED = ("last message repeated ", "message repeated ")
_SELF_EVIDENT = re.compile(r"%[A-Z][\w-]*-[0-7]-|\{|(?:CEF|LEEF): ?[0-9]|last message repeated ").match
_UNNUMBERED = frozenset({"kernel", "su", "sudo"})  # programs that log without a process number, and often
_SINCE_BOOT = r"\[ {0,4}[0-9]{1,9}\.[0-9]{6}"
_PRINTK = re.compile(_SINCE_BOOT + r"\](?:\[ *[TC][0-9]+\])? ")
_MONOTONIC = re.compile(_SINCE_BOOT + r"(?: <[ 0-9]{1,9}\.[0-9]{6} >| {16})?\] ([^\s:\[]+) (?=kernel: |[^\s:\[]+\[[0-9]{1,10}\]: )")


class Half(NamedTuple):
    """A time, and what may be meant by the words behind it, if a parser says so: as a message of one of its programs, or at all."""

    moment: int
    named: Record
    plain: Record


_Parts = tuple[str | None, str, str, str | None, str]
"""Priority, host (NIL when it is said that there is none), tag ("" when there is none), process number, message."""


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
        return _since_boot(line, code, at, clock) or (_stampless(line, code, host, line[at:], clock) if code else None)
    moment, end = stamp
    parts = _behind(line[end:], code, host)
    if parts is None or not (priority or parts[0] or _is_whole(kind_of(line[at:end]), parts)):
        return None
    return _record(line, moment, parts, clock)


def half_of(line: str, clock: Clock) -> Half | None:
    """What a line without a whole header may mean; None when it does not begin with a time. Raises ParseError as `read_header` does."""
    if (stamp := read_stamp(line, 0, clock)) is None:
        return None
    moment, end = stamp
    if (parts := _behind(line[end:], None, "")) is None:
        return None
    _, host, tag, procid, message = parts
    if not tag and host:  # 2026-10-11T22:14:15Z gw1 sshd Failed password …   <- RFC 5424, in a file of rsyslog's
        tag, _, message = message.partition(" ")
    named = _record(line, moment, (None, host, tag, procid, message), clock)
    bare = kind_of(line[:end]) is Kind.LOOSE or is_session(host) or not is_telling(host)
    plain = (None, "", "", None, line[end:].lstrip(" ")) if bare else parts
    return Half(moment, named, _record(line, moment, plain, clock))


def _record(line: str, moment: int, parts: _Parts, clock: Clock) -> Record:
    code, host, tag, procid, message = parts
    return record(line, code, moment, "" if host == NIL else host, tag, procid, message, clock)


def _is_whole(kind: Kind, parts: _Parts) -> bool:
    """Whether a line without a priority has all of a header: the less its time tells of syslog, the more the rest has to."""
    _, host, tag, procid, message = parts
    numbered = procid is not None and procid.isdecimal()
    evident = not tag and _SELF_EVIDENT(message) is not None
    if kind is Kind.LOOSE:
        return (evident and is_telling(host)) or (numbered and " " not in tag and (is_telling(host) or host.islower()))
    if not host:
        return evident or (" " not in tag and (numbered or (kind is Kind.BSD and tag in _UNNUMBERED)))
    if tag:
        return numbered or kind is Kind.BSD or not is_session(host)
    return evident or (kind is Kind.BSD and is_telling(host))


def _since_boot(line: str, code: str | None, at: int, clock: Clock) -> Record | None:
    """Of the kernel's own log, or of journalctl's with such times: it was written when it was received."""
    if (match := _MONOTONIC.match(line, at)) and may_be_host[match[1]]:
        return _record(line, clock.received, _tagged(code, match[1], line[match.end() :]), clock)
    if match := _PRINTK.match(line, at):
        return record(line, code, clock.received, "", "", None, line[match.end() :], clock)._replace(program="kernel")
    return None


def _stampless(line: str, code: str, host: str, rest: str, clock: Clock) -> Record | None:
    """A priority alone, as a local sender or a device without a clock writes it."""
    if cut_off(rest):
        return None
    if not host and (match := _HOST_AND_TAG.match(rest)) and may_be_host[match[1]]:
        host, rest = match[1], rest[match.end() :]
    return _record(line, clock.received, _tagged(code, host, rest), clock)


def _behind(rest: str, code: str | None, host: str) -> _Parts | None:
    """What stands behind a time; None when nothing does. `host`: of a sequence number before it."""
    text = rest.lstrip(" ")
    if rest[:1] not in (" ", ":") or not text.strip(":"):
        return None
    if text[0] == ":":  # "Oct 11 2026 22:14:15: %ASA-6-302013: …": no host was told
        return _tagged(code, host, text[1:].lstrip(" "))
    return _tagged(code, host, text) if host else _tagged(code, *_split_host(text))


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


def _tagged(code: str | None, host: str, rest: str) -> _Parts:
    """What follows the host: an optional sequence number and second time (Cisco, relayed), the tag, the message."""
    if sequence := _SEQUENCE.match(rest):
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
    priority = _PRIORITY.match(rest)
    at = priority.end() if priority else 0
    sequence = _SEQUENCE.match(rest, at)
    end = stamp_end(rest, sequence.end() if sequence else at)
    text = _CISCO_TEXT.match(rest, end) if end else None
    if text is None:
        return None
    sender = text[1] or (sequence[1] if sequence else None) or host
    return code or (priority[1] if priority else None), sender, rest[text.end() :]
