"""What the modules of Linux-PAM log, inside the message of whatever program asked them.

    pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)
    pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7  user=root

Form: "module(service:type): text", pam_vsyslog(3); texts of pam_unix, pam_faillock, pam_tally2, pam_access, pam_listfile and
pam_sss as of Linux-PAM 1.5 and SSSD 2.8. Before Linux-PAM 0.99 the module stood in the tag: "sshd(pam_unix)[4721]: text".
Where a program changes users (su, sudo) `user.name` is who asked and
`user.effective.name` whom they became; elsewhere `user.name` is who authenticates or whose session it is.
"""

from __future__ import annotations

import re

from soc.event import Event
from soc.parsing import ANY, Field, Record
from soc.parsing.parser import Any_
from soc.parsing.values import ip, related

_HEAD = re.compile(r"pam_(\w+)(?:\[\d+\])?\(([^:()]*)(?::(\w+))?\):? (.*)", re.DOTALL).match
_SESSION = re.compile(
    r"""
    session\ (opened|closed)\ for\ user\ (.*?)       # session opened for user alice
    (?:\(uid=(\d+)\))?                               # (uid=1000)                    <- since Linux-PAM 1.4
    (?:\ by\ ([^\s(]*)\(uid=(\d+)\))?                # by bob(uid=1001)              <- name of the login, uid of the process
    """,
    re.VERBOSE,
).fullmatch
_MODULE = re.compile(r"[^()]*\(pam_(\w+)\)").match
_FAILURE = re.compile(r"(?:\d+ more )?authentication failures?; logname=").match
_FAILURE_KEYS = (" uid=", " euid=", " tty=", " ruser=", " rhost=")  # in this order; " user=" follows, if any
LONGEST = 4096  # no module writes longer texts; patterns are not tried on them
_ABOUT = [  # text of a module, outcome, action
    (re.compile(r"check pass; user (?:\((?P<user>.*)\) )?unknown$"), "failure", "authentication"),
    (re.compile(r"auth could not identify password for \[(?P<user>.*)\]$"), "failure", "authentication"),
    (re.compile(r"conversation failed$"), "failure", "authentication"),
    (re.compile(r"received for user (?P<user>.*): \d+ \((?P<reason>[^()]*)\)$"), "failure", "authentication"),
    (re.compile(r"requirement \"(?P<reason>.*?)\" (?:was )?not met by user \"(?P<user>.*)\"$"), "failure", "authentication"),
    (re.compile(r"Consecutive login failures for user (?P<user>.*?) account temporarily locked"), "failure", "account_locked"),
    (re.compile(r"user (?P<user>\S+) \(\d+\) tally \d+, deny \d+"), "failure", "account_locked"),
    (re.compile(r"access denied for user `(?P<user>.*)' from `(?P<host>[^'`]*)'"), "failure", "access_denied"),
    (re.compile(r"Refused user (?P<user>.*) for service \S+$"), "failure", "access_denied"),
    (re.compile(r"account (?P<user>\S+) has (?P<reason>(?:password )?expired.*)"), "failure", "account_expired"),
    (re.compile(r"expired password for user (?P<user>\S+) \((?P<reason>[^()]*)\)"), "failure", "account_expired"),
    (re.compile(r"password changed for (?P<user>.*)$"), "success", "password_changed"),
    (re.compile(r"user \[(?P<user>.*)\] has (?P<reason>blank password); authenticated without it$"), "success", "authentication"),
    (re.compile(r"authentication success;.* user=(?P<user>.*)$"), "success", "authentication"),
]
_SWITCHERS = frozenset({"su", "su-l", "sudo", "sudo-i", "runuser", "runuser-l", "doas"})

ACTIONS = frozenset({"session_opened", "session_closed", *(action for _, _, action in _ABOUT)})
FIELDS = (
    Field("pam.module", "keyword", meaning="the module that wrote the line, without pam_"),
    Field("pam.service", "keyword", meaning="the service that asked, as in /etc/pam.d"),
    Field("pam.type", "keyword", meaning="auth, account, session or chauthtok"),
    Field("pam.uid", "keyword", meaning="user id that the process that asked runs for"),
    Field("pam.tty", "keyword", meaning="terminal of the failed authentication"),
)
SUPPLIED: dict[str, Any_ | frozenset[str] | set[str]] = {
    "event.action": ACTIONS,
    "event.category": {"authentication", "session", "iam"},
    "event.type": {"start", "end", "info", "change", "user"},
    "event.outcome": {"success", "failure"},
    "event.reason": ANY,
    "pam.module": ANY,
    "pam.service": ANY,
    "pam.type": ANY,
    "pam.tty": ANY,
    "pam.uid": ANY,
    "related.ip": ANY,
    "related.user": ANY,
    "source.address": ANY,
    "source.ip": ANY,
    "user.id": ANY,
    "user.name": ANY,
    "user.effective.id": ANY,
    "user.effective.name": ANY,
}


def pam(message: str) -> Event | None:
    """What a PAM module's text means; None when it is none."""
    if len(message) > LONGEST:
        return None
    message = message.rstrip()
    head = _HEAD(message)
    if head is None:
        more = message.startswith("PAM ")  # PAM 2 more authentication failures; …      <- by the application's library, not by a module
        return _failure(message[4:], {}, "") if more else None
    module, service, kind, text = head.groups()
    event: Event = {"pam.module": module, "pam.service": service}
    if kind:
        event["pam.type"] = kind
    return session(text, event, service) or _failure(text, event, service) or _about(text, event)


def by_tag(record: Record) -> Event | None:
    """What a module says that is named in the tag; None when none is."""
    module = _MODULE(record.fields.get("log.syslog.appname", ""))
    if module is None or len(record.message) > LONGEST:
        return None
    text, event = record.message.rstrip(), {"pam.module": module[1], "pam.service": record.program}
    return session(text, event, record.program) or _failure(text, event, record.program) or _about(text, event)


def session(text: str, event: Event, service: str) -> Event | None:
    """`event` and what a session line says; None when the text is none."""
    if not (match := _SESSION(text.rstrip())):
        return None
    what, user, number, asker, process = match.groups()
    event["event.action"] = f"session_{what}"
    event["event.category"] = ["session"]
    event["event.type"] = ["start" if what == "opened" else "end"]
    if what == "opened":
        event["event.outcome"] = "success"
    if number:
        event["user.effective.id" if service in _SWITCHERS else "user.id"] = number
    if process:
        event["pam.uid"] = process
        if service in _SWITCHERS and (process != "0" or asker in ("", "root")):  # else root's process in somebody's login
            event["user.id"] = process
    return _people(event, user, asker or "", service)


def _failure(text: str, event: Event, service: str) -> Event | None:
    """`event` and what a failed authentication says: logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7  user=root."""
    if not (match := _FAILURE(text)):
        return None
    said, at = [], match.end()
    for key in _FAILURE_KEYS:
        if (end := text.find(key, at)) < 0:
            return None
        said.append(text[at:end])
        at = end + len(key)
    logname, number, _, tty, ruser = said
    rhost, _, user = text[at:].partition(" user=")  # the user comes last: it may hold anything
    event["event.action"] = "authentication"
    event["event.category"] = ["authentication"]
    event["event.type"] = ["start"]
    event["event.outcome"] = "failure"
    if number.isdecimal():
        event["pam.uid"] = number
    if tty:
        event["pam.tty"] = tty
    if rhost := rhost.strip():
        _source(event, rhost)
    if service not in _SWITCHERS:
        user = user or ruser  # dovecot and vsftpd say there whom they were asked for; pam_unix writes no user that is unknown
    return _people(event, user, ruser or logname, service)


def _about(text: str, event: Event) -> Event:
    for pattern, outcome, action in _ABOUT:
        if match := pattern.match(text):
            said = match.groupdict()
            changed = action == "password_changed"
            event["event.action"] = action
            event["event.category"] = ["iam"] if changed else ["authentication"]
            event["event.type"] = ["user", "change"] if changed else ["start"]
            event["event.outcome"] = outcome
            if reason := said.get("reason"):
                event["event.reason"] = reason
            if host := said.get("host"):
                _source(event, host)
            return _people(event, said.get("user") or "", "", "")
    event["event.category"] = ["authentication"]
    event["event.type"] = ["info"]
    return event


def _people(event: Event, user: str, asker: str, service: str) -> Event:
    """Adds who asked and for whom; `user` is never the asker where the service changes users."""
    if service in _SWITCHERS and asker:
        event["user.name"] = asker
        if user:
            event["user.effective.name"] = user
    elif service in _SWITCHERS and user and event.get("pam.type") == "session":
        event["user.effective.name"] = user
    elif user:
        event["user.name"] = user
    if users := related(user, asker):
        event["related.user"] = users
    return event


def _source(event: Event, host: str) -> None:
    if address := ip(host):
        event["source.ip"] = address
        event["related.ip"] = [address]
    else:
        event["source.address"] = host
