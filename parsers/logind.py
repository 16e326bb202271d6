"""systemd-logind: sessions of users, seats, and what ends a machine's day.

    Oct 11 22:14:15 gw1 systemd-logind[512]: New session 4 of user alice.
    Oct 11 22:20:02 gw1 systemd-logind[512]: Session 4 logged out. Waiting for processes to exit.
    Oct 11 22:20:03 gw1 systemd-logind[512]: Removed session 4.

src/login of systemd 208 to 257. Only the first of a session's lines names the user: they are joined by `logind.session`.
"""

from __future__ import annotations

from soc.event import Event
from soc.parsing import Dataset, Field, Parser, Record

from ._sentences import Groups, Row, Sentences

_GROUPS: Groups = {
    "session": ("logind.session", str),
    "user": ("user.name", str),
    "class": ("logind.class", str),
    "type": ("logind.type", str),
    "seat": ("logind.seat", str),
    "device": ("logind.device", str),
    "reason": ("event.reason", str),
}
_ROWS: list[Row] = [
    (
        r"New session '?(?P<session>[^ ']+)'? of user '?(?P<user>.*?)'?(?: with class '(?P<class>[^']*)' and type '(?P<type>[^']*)')?\.",
        *("session_added", "session", "start", "success"),
    ),
    (r"Session '?(?P<session>[^ ']+)'? logged out\. (?P<reason>Waiting for processes to exit)\.", "session_closing", "session", "info", ""),
    (r"Removed session '?(?P<session>[^ ']+)'?\.", "session_removed", "session", "end", ""),
    (r"New seat '?(?P<seat>[^ ']+)'?\.", "seat_added", "host", "info", ""),
    (r"Removed seat '?(?P<seat>[^ ']+)'?\.", "seat_removed", "host", "info", ""),
    (r"Watching system buttons on (?P<device>.*?)\.?", "buttons_watched", "host", "info", ""),
    (r"(?P<reason>(?:Power|Reboot|Suspend|Hibernate) key pressed(?: short| long)?)\.", "key_pressed", "host", "info", ""),
    (r"(?P<reason>Lid (?:closed|opened)|System (?:un)?docked)\.", "lid_moved", "host", "info", ""),
    (r"(?P<reason>The system will (?:power off|reboot|halt|suspend|hibernate).*)", "machine_stopping", "host", "end", ""),
    (r"(?P<reason>System is (?:powering down|rebooting|halting|rebooting with kexec).*)", "machine_stopping", "host", "end", ""),
    (r"(?P<reason>(?:Suspending|Hibernating|Suspending, then hibernating)\.\.\.)", "machine_sleeping", "host", "info", ""),
    (r"Operation '(?P<reason>sleep|shutdown)' finished\.", "operation_finished", "host", "info", ""),
    (r"Creating /run/nologin, (?P<reason>blocking further logins)\.\.\.", "logins_blocked", "host", "info", ""),
    (r"(?P<reason>(?:Failed|Could not|Couldn't|Unable) .*)", "logind_message", "host", "error", "failure"),
]
_SENTENCES = Sentences(_ROWS, _GROUPS)


def parse(record: Record) -> Event | None:
    return _SENTENCES.read(record.message)


PARSER = Parser(
    name="logind",
    title="systemd-logind",
    programs={"systemd-logind", "elogind-daemon", "elogind"},
    parse=parse,
    fields=[
        Field("logind.session", "keyword", meaning="id of the session; unique until the machine starts again"),
        Field("logind.class", "keyword", meaning="class of the session: user, greeter, background, manager …"),
        Field("logind.type", "keyword", meaning="type of the session: tty, x11, wayland, unspecified"),
        Field("logind.seat", "keyword", meaning="seat that came or went"),
        Field("logind.device", "keyword", meaning="device whose buttons are watched"),
    ],
    supplies=[
        Dataset(
            "logind.log",
            logsources=[{"product": "linux", "service": "auth"}, {"product": "linux", "service": "syslog"}],
            fields=_SENTENCES.supplied(),
        )
    ],
)
