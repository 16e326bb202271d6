"""What may stand as a host or as a program in a header: decided here, once, for every dialect.

A host is an address, or a name with a letter in it and nothing but letters, digits and `. - _`, and `/ @` by which relays join
those of a chain. No level, no name of a day, month or zone, no verdict of a firewall, no stream of a container is one; `-` says
that there is none.
"""

from __future__ import annotations

import re

from soc.parsing.remembered import Remembered
from soc.parsing.values import ip

NIL = "-"
ZONES = (
    "UTC|GMT|Z|WES?T|CES?T|EES?T|BST|IST|MSK|[AECMPN][SD]T|AK[SD]T|HST|[JKP]ST|A[ECW][SD]T|NZ[SD]T|SGT|HKT|BRS?T|SAST|[CEW]AT"
    "|TRT|GST|PKT|NPT|ICT|WIT|WITA|WIB|PHT|MYT|ART|CLS?T|COT|PET|UYT|SAMT|YEKT|OMST|KRAT|IRKT|NOVT"
)
_LEVELS = frozenset(
    "emerg emergency panic alert crit critical fatal severe err error errors exception warn warning notice note info information"
    " informational debug trace verbose".split()
)
_CALENDAR = "jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun".split()
_VERDICTS = "accept accepted allow allowed block blocked deny denied drop dropped reject rejected".split()  # of a firewall's prefix
_STREAMS = ("stdout", "stderr")  # Kubernetes: 2026-10-11T22:14:15.003Z stdout F text
_NEVER = _LEVELS.union(_CALENDAR, _VERDICTS, _STREAMS)
_NAME = re.compile(r"(?=[\W\d_]*[^\W\d_])\w(?:[\w.@/-]*\w)?\.?").fullmatch
_TELLING = re.compile(r"(?=.*[^\W\d_]).*(?:\d|\w\.\w).*").fullmatch
_ZONE = re.compile(ZONES).fullmatch
_SESSION = re.compile("[0-9a-f]{12}").fullmatch
_LETTER = re.compile(r"[^\W\d_]").search
_LONGEST = 255


def _host(word: str) -> bool:
    if ip(word) is not None:
        return True
    return len(word) <= _LONGEST and bool(_NAME(word)) and word.lower() not in _NEVER and not _ZONE(word)


may_be_host = Remembered(_host, most=1 << 12, longest=_LONGEST)
"""`may_be_host[word]`: whether it can be one at all."""


def is_telling(host: str) -> bool:
    """Whether what may be a host can be hardly anything else: an address, or a name that no prose has, as `gw1` or `mail.example.org`."""
    return bool(_TELLING(host)) or ip(host) is not None


def is_session(host: str) -> bool:
    """Whether it may be the id of a session of cowrie's, which stands where a host does; a container's looks the same."""
    return _SESSION(host) is not None


def may_be_program(tag: str) -> bool:
    """Whether a tag names a program: a level ("FATAL:") does not, nor does a number."""
    return tag.lower() not in _LEVELS and bool(_LETTER(tag))
