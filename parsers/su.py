"""su: one user becomes another.

    Oct 11 22:14:15 gw1 su: (to root) alice on pts/0                      util-linux, login-utils/su-common.c
    Oct 11 22:14:15 gw1 su[4711]: FAILED SU (to root) alice on pts/0
    Oct 11 22:14:15 gw1 su[4711]: Successful su for root by alice         shadow, src/su.c
    Oct 11 22:14:15 gw1 su[4711]: + /dev/pts/0 alice:root
    Oct 11 22:14:15 gw1 su: BAD SU alice to root on /dev/pts/0            FreeBSD, usr.bin/su/su.c
    Oct 11 22:14:15 gw1 su: 'su root' failed for alice on /dev/pts/0      Solaris, su(8)

PAM's own lines in su: `_pam`.
"""

from __future__ import annotations

import re

from soc.event import Event
from soc.parsing import ANY, Dataset, Field, Parser, Record
from soc.parsing.values import related

from ._pam import ACTIONS, FIELDS, LONGEST, SUPPLIED, by_tag, pam, session

_UTIL_LINUX = re.compile(r"(?P<bad>FAILED SU )?\(to (?P<target>.*?)\) (?P<user>.*?)(?: on (?P<tty>\S+))?$").match
_SHADOW = re.compile(r"(?:Successful|(?P<bad>FAILED)) su for (?P<target>.*) by (?P<user>.*)$").match
_SULOG = re.compile(r"(?:\+|(?P<bad>-)) (?P<tty>\S+) (?P<user>[^:]*)[:-](?P<target>.*)$").match
_BSD = re.compile(r"(?P<bad>BAD SU )?(?P<user>\S+) to (?P<target>\S+) on (?P<tty>\S+)$").match
_SOLARIS = re.compile(r"'su (?P<target>.*)' (?:succeeded|(?P<bad>failed)) for (?P<user>\S+) on (?P<tty>\S+)$").match


def parse(record: Record) -> Event | None:
    message = record.message
    if event := pam(message) or by_tag(record) or session(message, {"pam.service": "su"}, "su"):
        return event
    if len(message) > LONGEST:
        return None
    match = _UTIL_LINUX(message) or _SHADOW(message) or _SULOG(message) or _BSD(message) or _SOLARIS(message)
    return _switched(**match.groupdict("")) if match else None


def _switched(user: str, target: str, bad: str, tty: str = "") -> Event:
    event: Event = {
        "event.action": "user_switched",
        "event.category": ["authentication"],
        "event.type": ["start"],
        "event.outcome": "failure" if bad else "success",
    }
    if user:
        event["user.name"] = user
    if target:
        event["user.effective.name"] = target
    if tty:
        event["su.tty"] = tty
    if users := related(user, target):
        event["related.user"] = users
    return event


PARSER = Parser(
    name="su",
    title="su",
    programs={"su", "su-l", "runuser", "runuser-l"},
    parse=parse,
    fields=[Field("su.tty", "keyword", meaning="terminal that su was called on"), *FIELDS],
    supplies=[
        Dataset(
            "su.auth",
            logsources=[{"product": "linux", "service": "su"}, {"product": "linux", "service": "auth"}],
            fields={**SUPPLIED, "event.action": {"user_switched", *ACTIONS}, "su.tty": ANY},
        )
    ],
)
