"""What follows from several fields of Zeek's records of servers that somebody logs in to: outcome, names, what was done to a file.

Each function adds to the event of one log; what it returns are addresses to be found by, besides source and destination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from soc.event import Event
from soc.parsing.values import ip

_OF_FILES = {"DELETE": "deletion", "RENAME": "change", "WRITE": "change", "SET_ATTRIBUTE": "change", "READ": "access", "OPEN": "access"}
_UNDECIDED = frozenset(("SASL bind in progress", "referral", "unknown", "intermediate response", "partial results"))
_COMPARED = frozenset(("success", "compare true", "compare false"))
_REFUSED = frozenset(  # RDP: what the server says of a connection that it does not let begin
    ("User rejected", "Resources not available", "Rejected for symmetry breaking", "Locked conference", "SSL_REQUIRED_BY_SERVER",
     "SSL_NOT_ALLOWED_BY_SERVER", "SSL_CERT_NOT_ON_SERVER", "INCONSISTENT_FLAGS", "HYBRID_REQUIRED_BY_SERVER",
     "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER")
)  # fmt: skip
Meaning = Callable[[Event], Iterable[str | None]]


def outcome(event: Event, succeeded: bool | None) -> None:
    if succeeded is not None:
        event["event.outcome"] = "success" if succeeded else "failure"


def _kerberos(event: Event) -> Iterable[str | None]:
    """`alice/EXAMPLE.ORG`, `host/fs1.example.org/EXAMPLE.ORG`, `/EXAMPLE.ORG`, and of errors without a name `EXAMPLE.ORG`."""
    name, _, realm = event.get("zeek.kerberos.client", "").rpartition("/")
    if name:
        event["user.name"] = name
    if realm:
        event["user.domain"] = realm
    outcome(event, event.get("zeek.kerberos.success"))
    return ()


def _ntlm(event: Event) -> Iterable[str | None]:
    if name := event.get("zeek.ntlm.hostname"):
        event["source.domain"] = name
    if name := event.get("zeek.ntlm.server_dns_computer_name") or event.get("zeek.ntlm.server_nb_computer_name"):
        event["destination.domain"] = name
    outcome(event, event.get("zeek.ntlm.success"))
    return ()


def _smb_files(event: Event) -> Iterable[str | None]:
    action = event.get("zeek.smb.action", "").rpartition("::")[2]  # SMB::FILE_OPEN
    if action:
        event["event.action"] = action.lower()
    if kind := _OF_FILES.get(action.partition("_")[2]):
        event["event.type"] = [kind]
    if name := event.get("file.path", "").rpartition("\\")[2]:
        event["file.name"] = name
    return ()


def _ftp(event: Event) -> Iterable[str | None]:
    code = event.get("zeek.ftp.reply_code", 0)
    outcome(event, True if 200 <= code < 300 else False if 400 <= code < 600 else None)
    if event.get("zeek.ftp.command") == "PASS":
        event["event.category"] = ["network", "authentication"]
        event["event.type"] = ["start"]
    return ()


def _mysql(event: Event) -> Iterable[str | None]:
    outcome(event, event.get("zeek.mysql.success"))
    if event.get("zeek.mysql.cmd") == "login":
        event["event.category"] = ["network", "authentication", "database"]
        event["event.type"] = ["start"]
        if user := event.get("zeek.mysql.arg"):
            event["user.name"] = user
    return ()


def _radius(event: Event) -> Iterable[str | None]:
    outcome(event, {"success": True, "failed": False}.get(event.get("zeek.radius.result", "")))
    return event.get("zeek.radius.framed_addr"), ip(event.get("zeek.radius.tunnel_client", ""))


def _rdp(event: Event) -> Iterable[str | None]:
    if name := event.get("zeek.rdp.client_name"):
        event["source.domain"] = name
    result = event.get("zeek.rdp.result")
    outcome(event, True if result == "Success" else False if result in _REFUSED else None)
    return ()


def _ldap(event: Event) -> Iterable[str | None]:
    result, bind = event.get("zeek.ldap.result"), event.get("zeek.ldap.opcode", "").startswith("bind")
    if result and result not in _UNDECIDED:
        outcome(event, result in _COMPARED)
    if bind:
        event["event.category"] = ["network", "authentication"]
        event["event.type"] = ["start"]
        if user := event.get("zeek.ldap.object"):
            event["user.name"] = user
    return ()


LOGINS: Mapping[str, Meaning] = {
    "kerberos": _kerberos,
    "ntlm": _ntlm,
    "radius": _radius,
    "rdp": _rdp,
    "ldap": _ldap,
    "ldap_search": _ldap,
    "smb_files": _smb_files,
    "ftp": _ftp,
    "mysql": _mysql,
}
