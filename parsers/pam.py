"""Lines of PAM modules in programs without a parser of their own: cron, login, vsftpd, systemd, display managers.

    Oct 11 22:15:01 gw1 CRON[5120]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)

What the texts mean: `_pam`.
"""

from __future__ import annotations

from soc.event import Event
from soc.parsing import Dataset, Parser, Record

from ._pam import FIELDS, SUPPLIED, pam, session


def parse(record: Record) -> Event | None:
    if event := pam(record.message):
        return event
    if "(pam_" in record.fields.get("log.syslog.appname", ""):  # login(pam_unix)[123]: session opened …     <- before Linux-PAM 1.0
        return session(record.message, {"pam.service": record.program}, record.program)
    return None


PARSER = Parser(
    name="pam",
    title="Linux-PAM",
    marks=["pam_", "session opened for user ", "session closed for user "],
    parse=parse,
    fields=FIELDS,
    supplies=[Dataset("pam.auth", logsources=[{"product": "linux", "service": "auth"}], fields=SUPPLIED)],
)
