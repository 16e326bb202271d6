"""What relays do to a message, undone: the words are the relay's, the message is the program's.

    Oct 11 22:14:15 gw1 sshd[4721]: message repeated 5 times: [ Failed password for root from 203.0.113.7 port 52144 ssh2]
    Oct 11 22:14:15 fw1 %ASA-4-106023: message repeated 5 times: [ Deny tcp src outside:203.0.113.7/44123 …]
    Oct 11 22:14:15 gw1 CEF: 0|Vendor|Product|…

Repeated: rsyslog, runtime/ratelimit.c: the message's first 800 bytes, behind what rsyslog takes for its tag. Others tell the
count without the message ("last message repeated 5 times", syslogd) or with its first 20 letters (syslog-ng): these stay as they
are. Cut: rsyslog takes what stands before the first colon or blank for a tag (tools/pmrfc3164.c), that of CEF, JSON and key=value, too.
"""

from __future__ import annotations

import re

from soc.parsing.remembered import Remembered

_WORDS = "message repeated "
_TAG = "%"  # of Cisco's, which is part of the message
LEADS = f" {_WORDS[0]}{_TAG}"  # what such a message begins with
_MOST = 96  # characters of a tag and these words
_REPEATED = re.compile(r"(%[^\s:]{1,64}: ?)? ?message repeated ([0-9]{1,9}) times: \[( ?)(.*)\]", re.DOTALL).fullmatch
_WHOLE = 800  # bytes: whatever has so many was cut
_DEPTH = 2  # relays that reduced what another had reduced
_JSON = '{"'
_FORMATS = ("CEF", "LEEF")
_VERSION = re.compile(r" ?([0-9](?:\.[0-9])?\|)").match


def is_repeated(message: str) -> bool:
    """Whether to ask `undo` about a message that begins with one of LEADS."""
    return _WORDS in message[: len(_WORDS) + 1] or (message[:1] == _TAG and _WORDS in message[:_MOST])


def undo(message: str) -> tuple[str, int]:
    """The message that is said to be repeated, and how many it stands for; else the message itself, and 1.

    What the relay cut is counted, but not read as if it were whole.
    """
    times, whole = 1, message
    for _ in range(_DEPTH):
        match = _REPEATED(whole)
        if match is None or not (count := int(match[2])):
            break
        times *= count
        if len((match[3] + match[4]).encode()) >= _WHOLE:
            break
        whole = (match[1] or "") + match[4]
    return whole, times


def _cut(tag: str) -> bool:
    return tag in _FORMATS or tag.startswith(_JSON) or "=" in tag


is_cut = Remembered(_cut, most=1 << 12, longest=255)
"""`is_cut[tag]`: whether to ask `rejoin` about it."""


def rejoin(tag: str, message: str) -> str | None:
    """The message whose beginning a relay took for its tag; None when it is a tag."""
    if tag in _FORMATS:
        return f"{tag}:{message.lstrip(' ')}" if _VERSION(message) else None
    return f"{tag}:{message}" if tag.startswith(_JSON) else f"{tag} {message.lstrip(' ')}"
