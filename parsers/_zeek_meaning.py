"""What follows from several fields of a Zeek record: outcome, direction, names, who is source.

Each function adds to the event of one log; what it returns are addresses to be found by, besides source and destination.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from soc.event import Event
from soc.parsing.values import ip, related

from ._ip import protocol
from ._json import path_and_query
from ._zeek_logins import LOGINS, Meaning, outcome

_TLS = re.compile(r"(DTLS|TLS|SSL)v([0-9])([0-9]?)").match  # TLSv12, DTLSv12, SSLv3, TLSv13-draft28
_ENDED = frozenset(("SF", "S1", "S2", "S3", "RSTO", "RSTR"))  # a connection came about
_DIRECTIONS: Mapping[tuple[bool | None, bool | None], str] = {
    (True, True): "internal",
    (True, False): "outbound",
    (False, True): "inbound",
    (False, False): "external",
}
_SSH = {"INBOUND": "inbound", "OUTBOUND": "outbound"}
_LEASES = {"ACK": "success", "NAK": "failure", "DECLINE": "failure"}
_HASHES = {32: "threat.indicator.file.hash.md5", 40: "threat.indicator.file.hash.sha1", 64: "threat.indicator.file.hash.sha256"}
_INDICATORS = {  # as Intel::TYPE -> field, type of indicator in STIX's words
    "ADDR": ("threat.indicator.ip", None),
    "DOMAIN": ("threat.indicator.url.domain", "domain-name"),
    "URL": ("threat.indicator.url.original", "url"),
    "EMAIL": ("threat.indicator.email.address", "email-addr"),
    "FILE_NAME": ("threat.indicator.file.name", "file"),
    "SOFTWARE": (None, "software"),
    "USER_NAME": (None, "user-account"),
    "SUBNET": (None, None),
}


def _conn(event: Event) -> Iterable[str | None]:
    for kind in ("bytes", "packets"):
        sides = [event[f"{side}.{kind}"] for side in ("source", "destination") if f"{side}.{kind}" in event]
        if sides:
            event[f"network.{kind}"] = min(sum(sides), (1 << 63) - 1)
    if event.get("zeek.conn.state") in _ENDED:
        event["event.type"] = ["connection", "end"]
    if direction := _DIRECTIONS.get((event.get("zeek.conn.local_orig"), event.get("zeek.conn.local_resp"))):
        event["network.direction"] = direction
    if "network.iana_number" in event:
        keyword, number = protocol(event.pop("network.iana_number"))
        if number is not None:
            event["network.iana_number"] = number
        if keyword is not None:
            event.setdefault("network.transport", keyword)
    return ()


def _dns(event: Event) -> Iterable[str | None]:
    resolved = [address for answer in event.get("dns.answers.data", ()) if (address := ip(answer)) is not None]
    if resolved:
        event["dns.resolved_ip"] = related(*resolved)
    event["dns.type"] = "answer" if "dns.answers.data" in event or "dns.response_code" in event else "query"
    return resolved


def _http(event: Event) -> Iterable[str | None]:
    path, query = path_and_query(event.get("url.original", ""))
    if path is not None:
        event["url.path"] = path
    if query is not None:
        event["url.query"] = query
    return ()


def _ssl(event: Event) -> Iterable[str | None]:
    if version := _TLS(event.get("zeek.ssl.version", "")):
        event["tls.version_protocol"] = version[1].lower()
        event["tls.version"] = f"{version[2]}.{version[3]}" if version[3] else version[2]
        if version[1] == "DTLS":
            event["network.transport"] = "udp"
        elif event["zeek.ssl.version"].startswith("TLSv13") and not event.get("tls.established"):
            del event["network.transport"]  # of QUIC Zeek sees as much, and never the end of the handshake
    return ()


def _ssh(event: Event) -> Iterable[str | None]:
    if direction := _SSH.get(event.get("zeek.ssh.direction", "")):
        event["network.direction"] = direction
    if "zeek.ssh.auth_success" in event:
        outcome(event, event["zeek.ssh.auth_success"])
        event["event.category"] = ["network", "authentication"]
        event["event.type"] = ["start"]
    return ()


def _notice(event: Event) -> Iterable[str | None]:
    event["event.kind"] = "alert"
    if note := event.get("zeek.notice.note"):
        event.setdefault("rule.name", note)
    return ()


def _dhcp(event: Event) -> Iterable[str | None]:
    if name := event.get("zeek.dhcp.client_fqdn") or event.get("zeek.dhcp.host_name"):
        event["source.domain"] = name
    if result := _LEASES.get(event.get("zeek.dhcp.msg_types", [""])[-1]):
        event["event.outcome"] = result
    return (event.get("zeek.dhcp.assigned_addr"),)


def _sip(event: Event) -> Iterable[str | None]:
    code = event.get("zeek.sip.status_code", 0)
    outcome(event, True if 200 <= code < 300 else False if 400 <= code < 700 and code not in (401, 407) else None)  # asks for a password
    return ()


def _smtp(event: Event) -> Iterable[str | None]:
    if sender := event.get("zeek.smtp.mailfrom", "").strip("<>"):
        event["email.from.address"] = [sender]
    if receivers := [bare for one in event.get("zeek.smtp.rcptto", ()) if (bare := one.strip("<>"))]:
        event["email.to.address"] = receivers
    if identifier := event.get("zeek.smtp.msg_id", "").strip("<>"):
        event["email.message_id"] = identifier
    return ()


def _x509(event: Event) -> Iterable[str | None]:
    kinds = ("dns", "ip", "email", "uri")
    if names := [name for kind in kinds for name in event.get(f"zeek.x509.san.{kind}", ())]:
        event["file.x509.alternative_names"] = names
    return ()


def _intel(event: Event) -> Iterable[str | None]:
    event["event.kind"] = "alert"
    seen, kind = event.get("threat.indicator.name", ""), event.get("zeek.intel.indicator_type", "").rpartition("::")[2]
    field, stix = _INDICATORS.get(kind, (None, None))
    value: Any = seen
    if kind == "ADDR" and (value := ip(seen)):
        stix = "ipv6-addr" if ":" in value else "ipv4-addr"
    if kind == "FILE_HASH":
        field, stix = _HASHES.get(len(seen)), "file"
    if field and value:
        event[field] = value
    if stix:
        event["threat.indicator.type"] = stix
    if len(sources := event.get("zeek.intel.sources", ())) == 1:
        event["threat.indicator.provider"] = sources[0]
    return (event.get("threat.indicator.ip"),)


def _capture_loss(event: Event) -> Iterable[str | None]:
    event["event.kind"] = "metric"
    return ()


MEANINGS: Mapping[str, Meaning] = {
    "conn": _conn,
    "dns": _dns,
    "http": _http,
    "websocket": _http,
    "ssl": _ssl,
    "ssh": _ssh,
    "dhcp": _dhcp,
    "sip": _sip,
    "smtp": _smtp,
    "notice": _notice,
    "signatures": _notice,
    "x509": _x509,
    "intel": _intel,
    "capture_loss": _capture_loss,
    **LOGINS,
}
