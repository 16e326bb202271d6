"""Zeek's logs in ECS names: per log, which field becomes what. The rest goes to labels under Zeek's names.

Field names: Zeek 6 documentation, "Log Files" (conn.log, dns.log, http.log, ssl.log, ssh.log, notice.log, files.log).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from soc.errors import ParseError
from soc.parsing import Field
from soc.parsing.timestamps import epoch
from soc.parsing.values import ip

from ._json import count, port, text, texts

Reader = Callable[[Any], Any]
_NS = 1_000_000_000
_LONGEST = 1 << 33  # seconds


def number_text(value: Any) -> str | None:
    return str(value) if type(value) is int else text(value)


def lower(value: Any) -> str | None:
    said = text(value)
    return said.lower() if said else None


def address(value: Any) -> str | None:
    said = text(value)
    return ip(said) if said else None


def flag(value: Any) -> bool | None:
    return value if type(value) is bool else None


def nanoseconds(value: Any) -> int | None:
    """Seconds, in nanoseconds to the microsecond that Zeek measures."""
    fits = type(value) in (int, float) and 0 <= value < _LONGEST
    return round(value * 1_000_000) * 1000 if fits else None


def list_of(value: Any) -> list[str] | None:
    return texts(value) or None


def counts(value: Any) -> list[int] | None:
    items = value if isinstance(value, list) else [value]
    return [
        number for item in items if (number := count(round(item) if type(item) is float and abs(item) < _LONGEST else item)) is not None
    ] or None


def hexadecimal(value: Any) -> str | None:
    said = text(value)
    return said.replace(":", "").upper() if said else None


def seconds(value: Any) -> int | None:
    """A time in seconds since 1970 as a moment."""
    try:
        return epoch(repr(value)) if type(value) in (int, float) and 0 <= value < _LONGEST else None
    except ParseError:
        return None


Map = Mapping[str, tuple[str, Reader]]
EVERY: Map = {  # of any log that has them; both spellings, as Zeek writes them and as some shippers do
    **{f"id{dot}orig_h": ("source.ip", address) for dot in "._"},
    **{f"id{dot}orig_p": ("source.port", port) for dot in "._"},
    **{f"id{dot}resp_h": ("destination.ip", address) for dot in "._"},
    **{f"id{dot}resp_p": ("destination.port", port) for dot in "._"},
    "uid": ("zeek.session_id", text),
    "proto": ("network.transport", lower),
    "community_id": ("network.community_id", text),
}
MAPS: Mapping[str, Map] = {
    "conn": {
        "service": ("network.protocol", lower),
        "duration": ("event.duration", nanoseconds),
        "orig_bytes": ("zeek.conn.orig_bytes", count),
        "resp_bytes": ("zeek.conn.resp_bytes", count),
        "orig_ip_bytes": ("source.bytes", count),
        "resp_ip_bytes": ("destination.bytes", count),
        "orig_pkts": ("source.packets", count),
        "resp_pkts": ("destination.packets", count),
        "conn_state": ("zeek.conn.state", text),
        "history": ("zeek.conn.history", text),
        "missed_bytes": ("zeek.conn.missed_bytes", count),
        "local_orig": ("zeek.conn.local_orig", flag),
        "local_resp": ("zeek.conn.local_resp", flag),
        "vlan": ("network.vlan.id", number_text),
    },
    "dns": {
        "trans_id": ("dns.id", number_text),
        "query": ("dns.question.name", text),
        "qtype_name": ("dns.question.type", text),
        "rcode_name": ("dns.response_code", text),
        "answers": ("dns.answers.data", list_of),
        "TTLs": ("dns.answers.ttl", counts),
        "rtt": ("event.duration", nanoseconds),
        "rejected": ("zeek.dns.rejected", flag),
    },
    "http": {
        "method": ("http.request.method", text),
        "host": ("url.domain", text),
        "uri": ("url.original", text),
        "referrer": ("http.request.referrer", text),
        "version": ("http.version", text),
        "user_agent": ("user_agent.original", text),
        "request_body_len": ("http.request.body.bytes", count),
        "response_body_len": ("http.response.body.bytes", count),
        "status_code": ("http.response.status_code", count),
        "status_msg": ("zeek.http.status_msg", text),
        "username": ("user.name", text),
        "trans_depth": ("zeek.http.trans_depth", count),
        "orig_mime_types": ("zeek.http.orig_mime_types", list_of),
        "resp_mime_types": ("zeek.http.resp_mime_types", list_of),
        "orig_fuids": ("zeek.http.orig_fuids", list_of),
        "resp_fuids": ("zeek.http.resp_fuids", list_of),
    },
    "ssl": {
        "version": ("zeek.ssl.version", text),
        "cipher": ("tls.cipher", text),
        "curve": ("tls.curve", text),
        "server_name": ("tls.client.server_name", text),
        "resumed": ("tls.resumed", flag),
        "established": ("tls.established", flag),
        "next_protocol": ("tls.next_protocol", text),
        "subject": ("tls.server.subject", text),
        "issuer": ("tls.server.issuer", text),
        "client_subject": ("tls.client.subject", text),
        "client_issuer": ("tls.client.issuer", text),
        "ja3": ("tls.client.ja3", text),
        "ja3s": ("tls.server.ja3s", text),
        "last_alert": ("zeek.ssl.last_alert", text),
        "validation_status": ("zeek.ssl.validation_status", text),
    },
    "ssh": {
        "auth_success": ("zeek.ssh.auth_success", flag),
        "auth_attempts": ("zeek.ssh.auth_attempts", count),
        "direction": ("zeek.ssh.direction", text),
        "client": ("zeek.ssh.client", text),
        "server": ("zeek.ssh.server", text),
        "version": ("zeek.ssh.version", count),
        "hassh": ("zeek.ssh.hassh", text),
    },
    "notice": {
        "note": ("zeek.notice.note", text),
        "msg": ("message", text),
        "sub": ("zeek.notice.sub", text),
        "src": ("source.ip", address),
        "dst": ("destination.ip", address),
        "p": ("destination.port", port),
        "n": ("zeek.notice.n", count),
        "actions": ("zeek.notice.actions", list_of),
        "suppress_for": ("zeek.notice.suppress_for", nanoseconds),
        "fuid": ("zeek.files.fuid", text),
        "file_mime_type": ("file.mime_type", text),
    },
    "files": {
        "fuid": ("zeek.files.fuid", text),
        "source": ("zeek.files.source", text),
        "mime_type": ("file.mime_type", text),
        "filename": ("file.name", text),
        "total_bytes": ("file.size", count),
        "seen_bytes": ("zeek.files.seen_bytes", count),
        "duration": ("event.duration", nanoseconds),
        "md5": ("file.hash.md5", text),
        "sha1": ("file.hash.sha1", text),
        "sha256": ("file.hash.sha256", text),
        "conn_uids": ("zeek.files.conn_uids", list_of),
        "is_orig": ("zeek.files.is_orig", flag),
        "timedout": ("zeek.files.timedout", flag),
    },
    "other": {
        "name": ("zeek.weird.name", text),
        "certificate.subject": ("file.x509.subject.distinguished_name", text),
        "certificate.issuer": ("file.x509.issuer.distinguished_name", text),
        "certificate.serial": ("file.x509.serial_number", hexadecimal),
        "certificate.not_valid_before": ("file.x509.not_before", seconds),
        "certificate.not_valid_after": ("file.x509.not_after", seconds),
        "username": ("user.name", text),
        "user": ("user.name", text),
    },
}
_VENDOR = """
zeek.log keyword name of the log that the record is from
zeek.session_id keyword the connection's id, shared by all its records
zeek.conn.state keyword how the connection began and ended, in Zeek's letters
zeek.conn.history keyword what happened in the connection, a letter an event
zeek.conn.orig_bytes long payload sent by the originator, from sequence numbers
zeek.conn.resp_bytes long payload sent by the responder, from sequence numbers
zeek.conn.missed_bytes long bytes that the sensor did not see
zeek.conn.local_orig bool whether the originator lies in the sensor's own networks
zeek.conn.local_resp bool whether the responder lies in the sensor's own networks
zeek.dns.rejected bool whether the server refused the question
zeek.http.status_msg keyword text beside the status code
zeek.http.trans_depth long place of the request within its connection
zeek.http.orig_mime_types array what the request's body is
zeek.http.resp_mime_types array what the answer's body is
zeek.http.orig_fuids array files sent with the request
zeek.http.resp_fuids array files sent with the answer
zeek.ssl.version keyword protocol version as Zeek names it
zeek.ssl.last_alert keyword last alert seen in the handshake
zeek.ssl.validation_status keyword what came of checking the certificate
zeek.ssh.auth_success bool whether a login succeeded, as far as packet sizes tell
zeek.ssh.auth_attempts long logins tried
zeek.ssh.direction keyword whether the connection goes out or comes in
zeek.ssh.client keyword software that the client says it is
zeek.ssh.server keyword software that the server says it is
zeek.ssh.version long protocol version
zeek.ssh.hassh keyword fingerprint of the client's key exchange
zeek.notice.note keyword kind of notice
zeek.notice.sub keyword what the notice adds to its message
zeek.notice.n long number that belongs to the notice
zeek.notice.actions array what Zeek did about it
zeek.notice.suppress_for long nanoseconds that equal notices are held back
zeek.files.fuid keyword the file's id
zeek.files.source keyword protocol that the file came by
zeek.files.seen_bytes long bytes of the file that were seen
zeek.files.conn_uids array connections that the file came by
zeek.files.is_orig bool whether the originator sent it
zeek.files.timedout bool whether its end was never seen
zeek.weird.name keyword what was odd
"""


def _field(line: str) -> Field:
    name, kind, meaning = line.split(" ", 2)
    return Field(name, "keyword" if kind == "array" else kind, kind == "array", kind == "long", meaning)


FIELDS = [_field(line) for line in _VENDOR.strip().splitlines()]
