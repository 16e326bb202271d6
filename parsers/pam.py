"""Lines of PAM modules in programs without a parser of their own: cron, login, vsftpd, systemd, display managers.

    Oct 11 22:15:01 gw1 CRON[5120]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)

What the texts mean: `_pam`.
"""

from __future__ import annotations

from soc.event import Event
from soc.parsing import Dataset, Parser, Record

from ._pam import FIELDS, SUPPLIED, by_tag, pam


def parse(record: Record) -> Event | None:
    return pam(record.message) or by_tag(record)


PARSER = Parser(
    name="pam",
    title="Linux-PAM",
    marks=["pam_", "session opened for user ", "session closed for user ", "authentication failure", "check pass; user"],
    parse=parse,
    fields=FIELDS,
    supplies=[Dataset("pam.auth", logsources=[{"product": "linux", "service": "auth"}], fields=SUPPLIED)],
)
