"""sudo: a command that a user ran, or was refused, as another user.

    Oct 11 22:14:15 gw1 sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id -u
    Oct 11 22:14:15 gw1 sudo: mallory : user NOT in sudoers ; TTY=pts/1 ; PWD=/tmp ; USER=root ; COMMAND=/bin/sh
    Oct 11 22:14:16 gw1 sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id -u ; EXIT=0

sudoers(5), LOG FORMAT; lib/eventlog/eventlog.c of sudo 1.9: control characters are written `#ooo`, so keys are never broken by them.
The folder's name and the variables stand before COMMAND= and may hold ` ; COMMAND=`: the last one is read, but for one inside an
argument that sudo quoted (since 1.9.13). Whatever holds several has the tag "ambiguous". With log_exit_status a command has a
second line when it has ended, with EXIT=. Long commands go on in lines "(command continued)".
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
_FOLDER = _ORDER["PWD"]
_CONTINUED = re.compile(r" *(?P<user>.*?) : \(command continued\) (?P<command>.*)", re.DOTALL).match
_ENDED = re.compile(r"(.*?)(?: ; SIGNAL=([A-Z0-9+]+))?(?: ; EXIT=([0-9]{1,10}))?", re.DOTALL).fullmatch
_COMMAND = " ; COMMAND="
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\\.")
_MOST_QUOTED = 8  # of so many COMMAND= it is looked whether they stand in quotes
_BARE = re.compile(r" *(?P<user>\S+) : (?P<reason>[^;=]*)$").match  # alice : unable to open /etc/sudoers
_PASSWORD = re.compile(r"\d+ incorrect password attempts?|a password is required|no password was provided")


def parse(record: Record) -> Event | None:
    message = record.message
    if event := pam(message):
        return event
    if _COMMAND in message or " : COMMAND=" in message:
        return _command(message)
    if " ; PWD=" in message and " ; USER=" in message:  # alice : /etc/sudoers is world writable ; PWD=/ ; USER=root ;    <- no command yet
        return _early(message)
    if match := _CONTINUED(message):
        return {**_ran("command_continued", match["user"], ""), "process.command_line": match["command"]}
    if match := _BARE(message):
        return {**_ran("sudo_message", match["user"], ""), "event.reason": match["reason"], "event.type": ["info"]}
    return None


def _command(message: str) -> Event | None:
    user, _, rest = message.partition(" : ")
    head, command = _split(rest)
    if command is None:
        return None
    reason, said = _said(head.split(" ; ") if head else [])
    event = _ran("command", user.strip(" "), said.get("USER") or "root")
    event["event.outcome"] = "failure" if reason else "success"
    if (ended := _ENDED(command)) and (ended[2] or ended[3]):
        command = ended[1]
        _end(event, ended[2], ended[3])
    event["process.command_line"] = command
    if command.startswith("/"):
        event["process.executable"] = command.partition(" ")[0]
    event.update((_KEYS[key], value) for key, value in said.items() if value)
    if reason:
        event["event.reason"] = reason
        if _PASSWORD.match(reason):
            event["event.category"] = ["authentication", "process"]
    if _COMMAND in head or _COMMAND in command or " ; USER=" in said.get("ENV", ""):
        event["tags"] = ["ambiguous"]
    return event


def _end(event: Event, signal: str | None, code: str | None) -> None:
    """What the second line of a command says: that it has ended, and how."""
    event["event.action"], event["event.type"] = "command_ended", ["end"]
    event["event.outcome"] = "success" if code == "0" and not signal else "failure"
    if signal:
        event["sudo.signal"] = signal
    if code:
        event["process.exit_code"] = int(code)


def _early(message: str) -> Event | None:
    """What stopped sudo before it knew the command."""
    user, _, rest = message.partition(" : ")
    reason, said = _said(rest.removesuffix(" ; ").split(" ; "))
    event = _ran("sudo_message", user.strip(" "), said.get("USER") or "")
    event["event.type"] = ["info"]
    event.update((_KEYS[key], value) for key, value in said.items() if value)
    if reason:
        event["event.reason"] = reason
    return event


def _split(rest: str) -> tuple[str, str | None]:
    """What stands before the command, and the command; None where there is none."""
    at = [0] if rest.startswith("COMMAND=") else []
    at += [match.start() for match in re.finditer(_COMMAND, rest)]
    if not at:
        return rest, None
    start = at[-1]
    if 1 < len(at) <= _MOST_QUOTED:
        start = next((place for place in at if _closed(rest[place + len(_COMMAND) :])), start)
    return rest[:start], rest[start:].partition("COMMAND=")[2]


def _closed(command: str) -> bool:
    """Whether all quotes are closed, and no COMMAND= stands outside of them."""
    bare = _QUOTED.sub("", command)
    return "'" not in bare and _COMMAND not in bare


def _said(parts: list[str]) -> tuple[str, dict[str, str]]:
    """The reason of a refusal, "" when there is none, and value by key."""
    keys = [part.partition("=")[0] if "=" in part else "" for part in parts]
    places = _places(keys)
    ends = [*sorted(places.values())[1:], len(parts)]
    values = {
        key: " ; ".join(parts[place:end]) for (key, place), end in zip(sorted(places.items(), key=lambda at: at[1]), ends, strict=False)
    }
    return " ; ".join(parts[: min(places.values(), default=len(parts))]), {key: value.partition("=")[2] for key, value in values.items()}


def _places(keys: list[str]) -> dict[str, int]:
    """Where each key of sudo's stands. The folder and the variables are the user's text: up to the folder the first of a key is
    sudo's, behind it the last, and nothing behind ENV= is one."""
    places: dict[str, int] = {}
    for place, key in enumerate(keys):
        if _ORDER.get(key, _FOLDER + 1) <= _FOLDER and all(_ORDER[key] > _ORDER[before] for before in places):
            places[key] = place
    variables = next((place for place, key in enumerate(keys) if key == "ENV" and "USER" in keys[:place]), len(keys))
    if variables < len(keys):
        places["ENV"] = variables
    limit = _ORDER["ENV"]
    for place in range(variables - 1, places.get("PWD", -1), -1):
        if _FOLDER < _ORDER.get(keys[place], -1) < limit:
            places[keys[place]], limit = place, _ORDER[keys[place]]
    return places


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
        Field("sudo.signal", "keyword", meaning="signal that ended the command, without SIG"),
        Field("sudo.host", "keyword", meaning="host that sudo was called on, when it is logged"),
        *FIELDS,
    ],
    supplies=[
        Dataset(
            "sudo.log",
            logsources=[{"product": "linux", "service": "sudo"}, {"product": "linux", "service": "auth"}],
            fields={
                **SUPPLIED,
                "event.action": {"command", "command_ended", "command_continued", "sudo_message", *ACTIONS},
                "event.category": {"process", "authentication", "session", "iam"},
                "process.exit_code": ANY,
                "sudo.signal": ANY,
                "process.command_line": ANY,
                "process.executable": ANY,
                **dict.fromkeys(_KEYS.values(), ANY),
            },
        )
    ],
)
