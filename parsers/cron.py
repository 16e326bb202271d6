"""cron: commands that were run by the clock, and tables of them that were changed.

    Oct 11 22:15:01 gw1 CRON[5120]: (root) CMD (cd / && run-parts --report /etc/cron.hourly)
    Oct 11 22:15:02 gw1 crontab[5133]: (alice) REPLACE (alice)

"(USER) EVENT (DETAIL)", and behind it an error: log_it of ISC cron 3 and 4.1 (Debian, FreeBSD) and cronie 1.4 to 1.7, misc.c.
CRON and names with a star, *system*, stand where a user stands and are none. PAM's own lines in cron go to `pam`.
"""

from __future__ import annotations

import re

from soc.event import Event
from soc.parsing import ANY, Dataset, Field, Parser, Record
from soc.parsing.values import related

_LINE = re.compile(r"\((?P<user>[^()]*)\) (?P<what>[A-Za-z][A-Za-z ]{0,31}) \((?P<detail>.*)\)(?:: (?P<error>.*))?", re.DOTALL).fullmatch
_STARTED = re.compile(r"\[([0-9]{1,10})\] (.*)", re.DOTALL).fullmatch  # [2814] /bin/echo   <- cron -L 2 of Debian
_NOBODY = frozenset({"CRON", "crontab"})
LONGEST = 8192
_EVENTS: dict[str, tuple[str, str, str, str]] = {  # event, in capitals -> event.action, event.category, event.type, event.outcome
    "CMD":        ("command", "process", "start", ""),
    "CMDEND":     ("command_ended", "process", "end", ""),
    "END":        ("command_ended", "process", "end", ""),
    "CMDOUT":     ("command_output", "process", "info", ""),
    "LIST":       ("table_listed", "configuration", "access", ""),
    "REPLACE":    ("table_replaced", "configuration", "change", "success"),
    "DELETE":     ("table_deleted", "configuration", "deletion", "success"),
    "BEGIN EDIT": ("table_opened", "configuration", "access", ""),
    "END EDIT":   ("table_closed", "configuration", "info", ""),
    "RELOAD":     ("table_loaded", "configuration", "info", ""),
    "AUTH":       ("table_refused", "configuration", "denied", "failure"),
    "STARTUP":    ("service_started", "process", "start", ""),
    "SHUTDOWN":   ("service_ended", "process", "end", ""),
    "DEATH":      ("service_failed", "process", "end", "failure"),
}  # fmt: skip
_TABLES = frozenset({"LIST", "REPLACE", "DELETE", "BEGIN EDIT", "END EDIT"})
_FAILED = re.compile(r"ERROR|FAILED|WRONG|UNSAFE|ORPHAN|BAD|CANNOT|CAN'T", re.IGNORECASE).search


def parse(record: Record) -> Event | None:
    if len(record.message) > LONGEST or not (match := _LINE(record.message.strip(" "))):
        return None
    user, what, detail, error = match.groups()
    known = _EVENTS.get(what.upper())
    action, category, types, outcome = known or ("cron_message", "process", "info", "failure" if _FAILED(what) else "")
    event: Event = {"event.action": action, "event.category": [category], "event.type": [types], "cron.event": what}
    if error or outcome:
        event["event.outcome"] = "failure" if error else outcome
    if user and user not in _NOBODY and not user.startswith("*"):
        event["user.name"] = user
    _detailed(event, what.upper(), detail.strip(" "))
    if error:
        event["event.reason"] = error
    if users := related(event.get("user.name"), event.get("cron.owner")):
        event["related.user"] = users
    return event


def _detailed(event: Event, what: str, detail: str) -> None:
    """What the detail is: a command, whose table, or a text."""
    if what in ("CMD", "CMDEND", "END"):
        if started := _STARTED(detail):
            event["cron.pid"], detail = int(started[1]), started[2]
        if detail:
            event["process.command_line"] = detail
    elif what in _TABLES:
        event["cron.owner"] = detail
    elif what == "RELOAD":
        event["file.path"] = detail
    elif detail:
        event["event.reason"] = detail


PARSER = Parser(
    name="cron",
    title="cron",
    programs={"cron", "CRON", "crond", "CROND", "crontab"},
    parse=parse,
    fields=[
        Field("cron.event", "keyword", meaning="what happened, as cron writes it: CMD, REPLACE, RELOAD …"),
        Field("cron.owner", "keyword", meaning="user whose table was listed, edited, replaced or deleted"),
        Field("cron.pid", "long", nonnegative=True, meaning="number of the command's process, where cron says it"),
    ],
    supplies=[
        Dataset(
            "cron.log",
            logsources=[{"product": "linux", "service": "cron"}, {"product": "linux", "service": "syslog"}],
            fields={
                "event.action": {"cron_message", *(row[0] for row in _EVENTS.values())},
                "event.category": {"process", "configuration"},
                "event.type": {row[2] for row in _EVENTS.values()} | {"info"},
                "event.outcome": {"success", "failure"},
                **dict.fromkeys("event.reason file.path process.command_line related.user user.name".split(), ANY),
                **dict.fromkeys(("cron.event", "cron.owner", "cron.pid"), ANY),
            },
        )
    ],
)
