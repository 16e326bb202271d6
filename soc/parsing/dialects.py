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

from soc.parsing.half import Half, Kind, Parts, record_of
from soc.parsing.header import record
from soc.parsing.hosts import is_session, is_telling, may_be_host
from soc.parsing.parser import Clock, Record
from soc.parsing.stamp import cut_off, kind_of, read_stamp
from soc.parsing.structured import read_5424
from soc.parsing.tags import PRIORITY, SEQUENCE, behind, tagged

_OCTETS = re.compile(r"[0-9]{1,9} (?=<[0-9]{1,3}>)")
_HOST_AND_TAG = re.compile(r"([^\s:\[\]%{<]+) (?=[^\s:\[\]%{<][^\s:\[]*\[[0-9]{1,10}\]: )")
_SELF_EVIDENT = re.compile(r"%[A-Z][\w-]*-[0-7]-|\{|(?:CEF|LEEF): ?[0-9]|last message repeated ").match
_UNNUMBERED = frozenset({"kernel", "su", "sudo"})  # programs that log without a process number, and often
_SINCE_BOOT = r"\[ {0,4}[0-9]{1,9}\.[0-9]{6}"
_PRINTK = re.compile(_SINCE_BOOT + r"\](?:\[ *[TC][0-9]+\])? ")
_MONOTONIC = re.compile(_SINCE_BOOT + r"(?: <[ 0-9]{1,9}\.[0-9]{6} >| {16})?\] ([^\s:\[]+) (?=kernel: |[^\s:\[]+\[[0-9]{1,10}\]: )")


def read_dialect(line: str, clock: Clock) -> Record | Half | None:
    """The record of a line whose header is none of the usual forms, or half of one; None without. Raises ParseError as `read_header`."""
    octets = _OCTETS.match(line)
    at = octets.end() if octets else 0
    code: str | None = None
    if priority := PRIORITY.match(line, at):
        at, code = priority.end(), priority[1]
        if line.startswith("1 ", at) and (modern := read_5424(line, at + 2, code, clock)):  # behind an octet count
            return modern
    host = ""
    if sequence := SEQUENCE.match(line, at):
        host, at = sequence[1] or "", sequence.end()
    stamp = read_stamp(line, at, clock)
    if stamp is None:
        return _since_boot(line, code, at, clock) or (_stampless(line, code, host, line[at:], clock) if code else None)
    moment, end = stamp
    parts = behind(line[end:], code, host)
    if parts is None:
        return None
    if priority or parts[0] or _is_whole(kind := kind_of(line[at:end]), parts):
        return record_of(line, moment, parts, clock)
    return Half(line, moment, line[end:].lstrip(" "), kind, parts, clock)


def _is_whole(kind: Kind, parts: Parts) -> bool:
    """Whether a line without a priority has all of a header: the less its time tells of syslog, the more the rest has to."""
    _, host, tag, procid, message = parts
    numbered = procid is not None and procid.isdecimal()
    evident = not tag and _SELF_EVIDENT(message) is not None
    if kind is Kind.LOOSE:
        return (evident and is_telling(host)) or (numbered and " " not in tag and (is_telling(host) or host.islower()))
    if not host:
        return (evident and message[0] != "{") or (" " not in tag and (numbered or (kind is Kind.BSD and tag in _UNNUMBERED)))
    if tag:
        return numbered or kind is Kind.BSD or not is_session(host)
    return evident or (kind is Kind.BSD and is_telling(host))


def _since_boot(line: str, code: str | None, at: int, clock: Clock) -> Record | None:
    """Of the kernel's own log, or of journalctl's with such times: it was written when it was received."""
    if (match := _MONOTONIC.match(line, at)) and may_be_host[match[1]]:
        return record_of(line, clock.received, tagged(code, match[1], line[match.end() :]), clock)
    if match := _PRINTK.match(line, at):
        return record(line, code, clock.received, "", "", None, line[match.end() :], clock)._replace(program="kernel")
    return None


def _stampless(line: str, code: str, host: str, rest: str, clock: Clock) -> Record | None:
    """A priority alone, as a local sender or a device without a clock writes it."""
    if cut_off(rest):
        return None
    if not host and (match := _HOST_AND_TAG.match(rest)) and may_be_host[match[1]]:
        host, rest = match[1], rest[match.end() :]
    return record_of(line, clock.received, tagged(code, host, rest), clock)
