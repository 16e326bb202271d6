"""OpenSSH's sftp-server: which files a client opened, changed and took away.

    Oct 11 22:14:15 gw1 sftp-server[8809]: session opened for local user alice from [203.0.113.7]
    Oct 11 22:14:16 gw1 sftp-server[8809]: open "/home/alice/report.pdf" flags READ mode 0666
    Oct 11 22:14:17 gw1 internal-sftp[8820]: close "/home/alice/report.pdf" bytes read 4096 written 0

sftp-server.c of OpenSSH 5 to 10, at its level INFO (`-l INFO`). A line tells what was asked for; that it failed is said by
"sent status" behind it. In a chroot internal-sftp's lines are written by sshd, with " [postauth]" and escaped once more. Names
stand in quotes and may hold any: where two names could be parted in several ways neither is read.
"""

from __future__ import annotations

from soc.event import Event
from soc.parsing import ANY, Dataset, Field, Parser, Record
from soc.parsing.values import count, ip

from ._sentences import Groups, Row, Sentences
from ._vis import unescaped

_OLD = r'(?P<{}>(?:(?!" new ").)*)" new "(?P<{}>(?:(?!" new ").)*)"'
_MOVED = _OLD.format("path", "new")
_PROGRAMS = frozenset({"sftp-server", "internal-sftp"})
_BY_SSHD = " [postauth]"
_GROUPS: Groups = {
    "user": ("user.name", unescaped),
    "address": ("source.ip", ip),
    "path": ("file.path", unescaped),
    "new": ("sftp.new_path", unescaped),
    "target": ("file.target_path", unescaped),
    "flags": ("sftp.flags", lambda text: text.split(",")),
    "mode": ("file.mode", str),
    "size": ("file.size", count),
    "uid": ("file.uid", str),
    "gid": ("file.gid", str),
    "read": ("sftp.bytes_read", count),
    "written": ("sftp.bytes_written", count),
    "modified": ("sftp.modified", str),
    "reason": ("event.reason", str),
    "request": ("sftp.request", str),
}
_ROWS: list[Row] = [
    (r"session opened for local user (?P<user>.*) from \[(?P<address>[^\]]{0,64})\]", "sftp_opened", "session", "start", "success"),
    (r"session closed for local user (?P<user>.*) from \[(?P<address>[^\]]{0,64})\]", "sftp_closed", "session", "end", ""),
    (r'open "(?P<path>.*)" flags (?P<flags>READ) mode (?P<mode>[0-7]+)', "file_opened", "file", "access", ""),
    (r'open "(?P<path>.*)" flags (?P<flags>[A-Z,]+) mode (?P<mode>[0-7]+)', "file_opened", "file", "access change", ""),
    (r'(?:forced )?close "(?P<path>.*)" bytes read (?P<read>\d+) written (?P<written>\d+)', "file_closed", "file", "info", ""),
    (r'opendir "(?P<path>.*)"', "folder_opened", "file", "access", ""),
    (r'(?:forced )?closedir "(?P<path>.*)"', "folder_closed", "file", "info", ""),
    (r'remove name "(?P<path>.*)"', "file_removed", "file", "deletion", ""),
    (r'mkdir name "(?P<path>.*)" mode (?P<mode>[0-7]+)', "folder_made", "file", "creation", ""),
    (r'rmdir name "(?P<path>.*)"', "folder_removed", "file", "deletion", ""),
    (rf'(?:posix-)?rename old "{_MOVED}', "file_renamed", "file", "change", ""),
    (r'(?:posix-)?rename old ".*"', "file_renamed", "file", "change", ""),
    (rf'hardlink old "{_MOVED}', "file_linked", "file", "creation", ""),
    (r'hardlink old ".*"', "file_linked", "file", "creation", ""),
    (rf'symlink old "{_OLD.format("target", "path")}', "file_linked", "file", "creation", ""),
    (r'symlink old ".*"', "file_linked", "file", "creation", ""),
    (r'readlink "(?P<path>.*)"', "link_read", "file", "access", ""),
    (r'(?:l?stat|statvfs|fsync|realpath) (?:name )?"(?P<path>.*)"', "file_examined", "file", "info", ""),
    (r'set "(?P<path>.*)" size (?P<size>\d+)', "size_set", "file", "change", ""),
    (r'set "(?P<path>.*)" mode (?P<mode>[0-7]+)', "mode_set", "file", "change", ""),
    (r'set "(?P<path>.*)" modtime (?P<modified>[0-9:-]+)', "time_set", "file", "change", ""),
    (r'set "(?P<path>.*)" owner (?P<uid>\d+) group (?P<gid>\d+)', "owner_set", "file", "change", ""),
    (r"sent status (?P<reason>Success|End of file)", "status_sent", "file", "info", "success"),
    (r"sent status (?P<reason>.*)", "status_sent", "file", "info", "failure"),
    (
        r"Refusing (?:(?P<reason>[^ ]*list[^ ]*) )?(?P<request>[^ ]+) request(?: in (?P<reason_>read-only mode))?",
        *("request_refused", "file", "denied", "failure"),
    ),
    (r"received client version \d+", "client_version", "session", "info", ""),
]
_SENTENCES = Sentences(_ROWS, _GROUPS)


def parse(record: Record) -> Event | None:
    message = record.message
    if message.endswith(_BY_SSHD):
        message = unescaped(message[: -len(_BY_SSHD)])
    elif record.program not in _PROGRAMS:
        return None
    event = _SENTENCES.read(message.removeprefix("error: "))
    if event is None:
        return None
    if source := event.get("source.ip"):
        event["related.ip"] = [source]
    if path := event.get("file.path"):
        event["file.name"] = path.rpartition("/")[2] or path
    return event


PARSER = Parser(
    name="sftp_server",
    title="OpenSSH sftp-server",
    programs={*_PROGRAMS, "sshd", "sshd-session"},
    parse=parse,
    fields=[
        Field("sftp.flags", "keyword", array=True, meaning="how a file was opened: READ, WRITE, APPEND, CREATE, TRUNCATE, EXCL"),
        Field("sftp.new_path", "keyword", meaning="new name of a file that was renamed or linked"),
        Field("sftp.bytes_read", "long", nonnegative=True, meaning="bytes that the client took of the file"),
        Field("sftp.bytes_written", "long", nonnegative=True, meaning="bytes that the client put into the file"),
        Field("sftp.modified", "keyword", meaning="time of change that the client gave a file, in the server's zone"),
        Field("sftp.request", "keyword", meaning="request that the server is told to refuse"),
    ],
    supplies=[
        Dataset(
            "sftp_server.log",
            logsources=[{"product": "linux", "service": "sftp"}, {"product": "linux", "service": "auth"}],
            fields={**_SENTENCES.supplied(), "file.name": ANY, "related.ip": ANY},
        )
    ],
)
