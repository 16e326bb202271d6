"""Zeek's logs as datasets: what the records of each have in common, which of their fields are known, what they supply."""

from __future__ import annotations

from typing import NamedTuple

from soc.parsing import ANY, Dataset

from ._zeek import EVERY, EVERYDAY
from ._zeek_more import OTHERS, PROTOCOLS
from ._zeek_read import Map


class Kind(NamedTuple):
    """What all records of a log have in common."""

    category: str
    type: str = "info"
    protocol: str | None = None
    transport: str | None = None  # of protocols that Zeek reads over one alone


KINDS = {
    "conn":         Kind("network",                     "connection"),
    "dns":          Kind("network",                     "protocol", "dns"),
    "http":         Kind("network web",                 "protocol", "http",      "tcp"),
    "ssl":          Kind("network",                     "protocol", "tls",       "tcp"),
    "ssh":          Kind("network",                     "protocol", "ssh",       "tcp"),
    "notice":       Kind("network intrusion_detection"),
    "files":        Kind("file"),
    "dhcp":         Kind("network",                     "protocol", "dhcp",      "udp"),
    "sip":          Kind("network",                     "protocol", "sip",       "udp"),
    "smtp":         Kind("network email",               "protocol", "smtp",      "tcp"),
    "kerberos":     Kind("network authentication",      "start",    "kerberos"),
    "ntlm":         Kind("network authentication",      "start",    "ntlm",      "tcp"),
    "smb_files":    Kind("network file",                "info",     "smb",       "tcp"),
    "smb_mapping":  Kind("network",                     "protocol", "smb",       "tcp"),
    "dce_rpc":      Kind("network",                     "protocol", "dce_rpc",   "tcp"),
    "ftp":          Kind("network",                     "protocol", "ftp",       "tcp"),
    "mysql":        Kind("network database",            "protocol", "mysql",     "tcp"),
    "radius":       Kind("network authentication",      "start",    "radius",    "udp"),
    "rdp":          Kind("network",                     "protocol", "rdp",       "tcp"),
    "snmp":         Kind("network",                     "protocol", "snmp",      "udp"),
    "syslog":       Kind("network",                     "protocol", "syslog"),
    "quic":         Kind("network",                     "protocol", "quic",      "udp"),
    "ldap":         Kind("network",                     "protocol", "ldap"),
    "ldap_search":  Kind("network",                     "protocol", "ldap"),
    "websocket":    Kind("network web",                 "protocol", "websocket", "tcp"),
    "x509":         Kind("file"),
    "pe":           Kind("file"),
    "signatures":   Kind("network intrusion_detection"),
    "intel":        Kind("network threat",              "indicator"),
    **dict.fromkeys(("weird", "traceroute", "capture_loss", "analyzer", "dpd", "other"), Kind("network")),
}  # fmt: skip
_MAPS: dict[str, Map] = {**EVERYDAY, **PROTOCOLS, **OTHERS}


def _spelt(known: Map) -> Map:
    """With the names that shippers write who take dots out of them."""
    return {**EVERY, **{name.replace(".", "_"): target for name, target in known.items()}, **known}


KNOWN = {name: _spelt(known) for name, known in _MAPS.items()}


_COMMON = """event.category event.type event.outcome observer.vendor observer.product observer.type zeek.log zeek.session_id source.ip
    source.address source.port destination.ip destination.address destination.port network.transport network.type network.protocol
    network.community_id related.ip related.hosts related.user related.hash"""
_MORE = {
    "conn": "network.bytes network.packets network.direction",
    "dns": "dns.type dns.resolved_ip dns.header_flags dns.question.class",
    "http": "url.path url.query",
    "ssl": "tls.version tls.version_protocol",
    "ssh": "network.direction",
    "notice": "rule.name",
    "dhcp": "source.domain",
    "smtp": "email.from.address email.to.address email.message_id",
    "kerberos": "user.name user.domain",
    "ntlm": "source.domain destination.domain",
    "smb_files": "event.action file.name",
    "mysql": "user.name",
    "rdp": "source.domain",
    "ldap": "user.name",
    "websocket": "url.path url.query",
    "x509": "file.x509.alternative_names",
    "intel": """threat.indicator.ip threat.indicator.url.domain threat.indicator.url.original threat.indicator.email.address
        threat.indicator.file.name threat.indicator.file.hash.md5 threat.indicator.file.hash.sha1 threat.indicator.file.hash.sha256
        threat.indicator.type threat.indicator.provider""",
}


def _dataset(name: str) -> Dataset:
    fields = {*_COMMON.split(), *_MORE.get(name, "").split(), *(target for target, _ in _MAPS[name].values())}
    more = [{"category": "dns"}] if name == "dns" else []
    return Dataset(f"zeek.{name}", [{"product": "zeek", "service": name}, *more], dict.fromkeys(sorted(fields), ANY))


SUPPLIES = [_dataset(name) for name in ("other", *(name for name in _MAPS if name != "other"))]  # the first: that of lines that fail
