"""Two hosts that people log in to: sshd, PAM, sudo, cron and systemd-logind, by RFC 3164 and by RFC 5424.

sshd: auth.c, session.c and packet.c of OpenSSH 9; PAM: pam_unix(8); sudo: sudoers(5), LOG FORMAT; cron(8); systemd-logind(8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .world import BASE62, SECONDS, Dice, Line, bsd, clients, iso, spread

_COMMANDS = (
    "/usr/bin/systemctl status nginx", "/usr/bin/systemctl reload nginx", "/usr/bin/apt-get update", "/usr/bin/journalctl -u ssh",
    "/usr/bin/apt-get -y upgrade", "/usr/sbin/ufw status", "/usr/bin/tail -n 50 /var/log/syslog", "/usr/bin/docker ps",
)  # fmt: skip
_GUESSES = ("test", "oracle", "ubuntu", "pi", "git", "user", "ftpuser")


@dataclass(frozen=True)
class Host:
    """`people` log in from `desks`, `admins` also use sudo; `render(at, priority, program, pid, message)` writes a line."""

    name: str
    file: str
    people: tuple[str, ...]
    admins: tuple[str, ...]
    desks: tuple[str, ...]
    render: Callable[[float, int, str, int, str], str]

    def line(self, at: float, priority: int, program: str, pid: int, message: str) -> Line:
        return Line(at, self.file, self.render(at, priority, program, pid, message))

    def sshd(self, at: float, pid: int, message: str) -> Line:
        return self.line(at, 38, "sshd", pid, message)

    def sudo(self, at: float, user: str, folder: str, command: str, *, reason: str = "", terminal: str = "pts/0") -> Line:
        why = f"{reason} ; " if reason else ""
        said = f"{user:>8} : {why}TTY={terminal} ; PWD={folder} ; USER=root ; COMMAND={command}"
        return self.line(at, 85, "sudo", 0, said)


def _traditional(name: str, hours_ahead: int) -> Callable[[float, int, str, int, str], str]:
    def render(at: float, priority: int, program: str, pid: int, message: str) -> str:
        return f"{bsd(at, hours_ahead)} {name} {program}{f'[{pid}]' if pid else ''}: {message}"

    return render


def _modern(name: str) -> Callable[[float, int, str, int, str], str]:
    def render(at: float, priority: int, program: str, pid: int, message: str) -> str:
        return f"<{priority}>1 {iso(at)} {name} {program} {pid or '-'} - - {message}"

    return render


LOGIN = Host(
    "login",
    "uni-harbour/auth.log",
    ("a.berger", "j.novak", "k.fischer", "l.gruber", "m.huber", "p.steiner", "s.wagner", "t.maier"),
    ("a.berger", "m.huber"),
    tuple(clients("192.0.2.", 49, 14)),
    _traditional("login", 2),
)
WARD = Host(
    "ward1",
    "hospital-lake/syslog.log",
    ("c.bauer", "d.wolf", "e.hofer", "m.lang", "r.leitner"),
    ("c.bauer", "e.hofer"),
    tuple(clients("192.0.2.", 113, 14)),
    _modern("ward1.hospital-lake.example"),
)


def session(dice: Dice, host: Host, at: float, user: str, source: str, *, method: str = "publickey", failures: int = 0) -> Iterator[Line]:
    """A login, mistyped `failures` times before, and what PAM, logind and the end of the session say."""
    pid, port, number = dice.randrange(1000, 400_000), dice.port(), dice.randrange(100, 9000)
    key = f": ED25519 SHA256:{dice.token(43, BASE62 + '+/')}" if method == "publickey" else ""
    for turn in range(failures):
        yield host.sshd(at + 4 * turn, pid, f"Failed password for {user} from {source} port {port} ssh2")
    at += 4 * failures + 1
    uid = 1001 + host.people.index(user)
    yield host.sshd(at, pid, f"Accepted {method} for {user} from {source} port {port} ssh2{key}")
    yield host.sshd(at + 0.01, pid, f"pam_unix(sshd:session): session opened for user {user}(uid={uid}) by {user}(uid=0)")
    yield host.line(at + 0.02, 38, "systemd-logind", 612, f"New session {number} of user {user}.")
    end = at + dice.uniform(120, 9000)
    yield host.sshd(end, pid + 2, f"Received disconnect from {source} port {port}:11: disconnected by user")
    yield host.sshd(end + 0.01, pid + 2, f"Disconnected from user {user} {source} port {port}")
    yield host.sshd(end + 0.02, pid, f"pam_unix(sshd:session): session closed for user {user}")
    yield host.line(end + 0.05, 38, "systemd-logind", 612, f"Session {number} logged out. Waiting for processes to exit.")


def _login(dice: Dice, host: Host, at: float) -> Iterator[Line]:
    user, source = dice.choice(host.people), dice.choice(host.desks)
    typed = dice.random() < 0.3
    failures = dice.choices((0, 1, 2, 5), (70, 20, 8, 2))[0] if typed else 0  # five: after a holiday
    yield from session(dice, host, at, user, source, method="password" if typed else "publickey", failures=failures)


def _administration(dice: Dice, host: Host, at: float) -> Iterator[Line]:
    admin, command, terminal = dice.choice(host.admins), dice.choice(_COMMANDS), f"pts/{dice.randrange(4)}"
    if dice.random() < 0.1:
        yield host.sudo(at - 20, admin, f"/home/{admin}", command, reason="1 incorrect password attempt", terminal=terminal)
    yield host.sudo(at, admin, f"/home/{admin}", command, terminal=terminal)
    uid = 1001 + host.people.index(admin)
    yield host.line(at + 0.01, 86, "sudo", 0, f"pam_unix(sudo:session): session opened for user root(uid=0) by {admin}(uid={uid})")
    yield host.line(at + dice.uniform(0.1, 9), 86, "sudo", 0, "pam_unix(sudo:session): session closed for user root")


def _knock(dice: Dice, host: Host, at: float) -> Iterator[Line]:
    """The internet tries a door and goes away."""
    pid, port, source = dice.randrange(1000, 400_000), dice.port(), dice.stranger()
    if dice.random() < 0.5:
        yield host.sshd(at, pid, f"Connection closed by {source} port {port} [preauth]")
        return
    name = dice.choice(_GUESSES)
    yield host.sshd(at, pid, f"Invalid user {name} from {source} port {port}")
    yield host.sshd(at + 1.7, pid, f"Failed password for invalid user {name} from {source} port {port} ssh2")
    yield host.sshd(at + 2.1, pid, f"Connection closed by invalid user {name} {source} port {port} [preauth]")


def _cron(dice: Dice, host: Host) -> Iterator[Line]:
    for at in range(0, SECONDS, 1800):
        pid = dice.randrange(1000, 400_000)
        yield host.line(at + 1, 86, "CRON", pid, "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)")
        yield host.line(at + 1.1, 78, "CRON", pid + 1, "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)")
        yield host.line(at + 1.4, 86, "CRON", pid, "pam_unix(cron:session): session closed for user root")


def ordinary(dice: Dice, host: Host, *, logins: int, commands: int, knocks: int) -> Iterator[Line]:
    """A day of a host."""
    yield from spread(dice, logins, lambda at: _login(dice, host, at))
    yield from spread(dice, commands, lambda at: _administration(dice, host, at))
    for _ in range(knocks):
        yield from _knock(dice, host, dice.random() * SECONDS)
    yield from _cron(dice, host)
