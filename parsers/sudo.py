"""sudo: a command that a user ran, or was refused, as another user.

    Oct 11 22:14:15 gw1 sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id -u
    Oct 11 22:14:15 gw1 sudo: mallory : user NOT in sudoers ; TTY=pts/1 ; PWD=/tmp ; USER=root ; COMMAND=/bin/sh

sudoers(5), LOG FORMAT; lib/eventlog/eventlog.c of sudo 1.9: control characters are written `#ooo`, so keys are never broken by them.
The folder's name stands before COMMAND= and the arguments behind; both may hold ` ; COMMAND=`. The first is read, as arguments are
the easier to forge, and the line has the tag "ambiguous". Long commands go on in lines "(command continued)".
"""

from __future__ import annotations

import re

from soc.event import Event
from soc.parsing import ANY, Dataset, Field, Parser, Record
from soc.parsing.values import related

from ._pam import ACTIONS, FIELDS, SUPPLIED, pam

_KEYS = {  # in the order they are written
    "HOST": "sudo.host",
    "TTY": "sudo.tty",
    "CHROOT": "sudo.chroot",
    "PWD": "process.working_directory",
    "USER": "user.effective.name",
    "GROUP": "sudo.group",
    "TSID": "sudo.session",
    "ENV": "sudo.environment",
}
_ORDER = {key: place for place, key in enumerate(_KEYS)}
_CONTINUED = re.compile(r" *(?P<user>.*?) : \(command continued\) (?P<command>.*)", re.DOTALL).match
_BARE = re.compile(r" *(?P<user>\S+) : (?P<reason>[^;=]*)$").match  # alice : unable to open /etc/sudoers
_OWN = {
    "tty": "sudo.tty",
    "chroot": "sudo.chroot",
    "group": "sudo.group",
    "tsid": "sudo.session",
    "env": "sudo.environment",
    "host": "sudo.host",
}
_PASSWORD = re.compile(r"\d+ incorrect password attempts?|a password is required|no password was provided")


def parse(record: Record) -> Event | None:
    message = record.message
    if event := pam(message):
        return event
    if " ; COMMAND=" in message or " : COMMAND=" in message:
        return _command(message)
    if match := _CONTINUED(message):
        return {**_ran("command_continued", match["user"], ""), "process.command_line": match["command"]}
    if match := _BARE(message):
        return {**_ran("sudo_message", match["user"], ""), "event.reason": match["reason"], "event.type": ["info"]}
    return None


def _command(message: str) -> Event | None:
    user, _, rest = message.partition(" : ")
    head, found, command = ("", True, rest[8:]) if rest.startswith("COMMAND=") else _split(rest)
    if not found:
        return None
    reason, said = _said(head.split(" ; ") if head else [])
    event = _ran("command", user.strip(" "), said.get("USER") or "root")
    event["event.outcome"] = "failure" if reason else "success"
    event["process.command_line"] = command
    if command.startswith("/"):
        event["process.executable"] = command.partition(" ")[0]
    event.update((_KEYS[key], value) for key, value in said.items() if value)
    if reason:
        event["event.reason"] = reason
        if _PASSWORD.match(reason):
            event["event.category"] = ["authentication", "process"]
    if " ; COMMAND=" in command:
        event["tags"] = ["ambiguous"]
    return event


def _split(rest: str) -> tuple[str, bool, str]:
    head, found, command = rest.partition(" ; COMMAND=")
    return head, bool(found), command


def _said(parts: list[str]) -> tuple[str, dict[str, str]]:
    """The reason of a refusal, "" when there is none, and value by key. A folder's name may hold ` ; USER=`: the last one is sudo's."""
    reason, said, last = [], dict[str, str](), ""
    for part in parts:
        key, equals, value = part.partition("=")
        if equals and _ORDER.get(key, -1) >= _ORDER.get(last, 0):
            said[key], last = value, key
        elif last:
            said[last] += f" ; {part}"
        else:
            reason.append(part)
    return " ; ".join(reason), said


def _ran(action: str, user: str, target: str) -> Event:
    event: Event = {"event.action": action, "event.category": ["process"], "event.type": ["start"]}
    if user:
        event["user.name"] = user
    if target:
        event["user.effective.name"] = target
    if users := related(user, target):
        event["related.user"] = users
    return event


PARSER = Parser(
    name="sudo",
    title="sudo",
    programs={"sudo", "sudoedit"},
    parse=parse,
    fields=[
        Field("sudo.tty", "keyword", meaning="terminal that sudo was called on"),
        Field("sudo.chroot", "keyword", meaning="root folder that the command was run in"),
        Field("sudo.group", "keyword", meaning="group that the command was run as"),
        Field("sudo.session", "keyword", meaning="TSID: id of the recorded session"),
        Field("sudo.environment", "keyword", meaning="variables set on the command line"),
        Field("sudo.host", "keyword", meaning="host that sudo was called on, when it is logged"),
        *FIELDS,
    ],
    supplies=[
        Dataset(
            "sudo.log",
            logsources=[{"product": "linux", "service": "sudo"}, {"product": "linux", "service": "auth"}],
            fields={
                **SUPPLIED,
                "event.action": {"command", "command_continued", "sudo_message", *ACTIONS},
                "event.category": {"process", "authentication", "session", "iam"},
                "process.command_line": ANY,
                "process.executable": ANY,
                **dict.fromkeys(_KEYS.values(), ANY),
            },
        )
    ],
)
