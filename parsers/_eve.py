"""Suricata's EVE records in ECS names: what each object in them adds to the event. `_eve_records` has checked every value.

A reader takes the object, the event and the labels, where what has no field of its own goes under EVE's dotted names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from itertools import compress, product

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import Clock, Field
from soc.parsing.remembered import Remembered
from soc.parsing.timestamps import iso
from soc.parsing.values import ip, mac

from ._eve_records import Alert, Answer, Dns, Email, Ether, Fileinfo, Fingerprint, Flow, Http, Netflow, Question, Smtp, Ssh, Tls
from ._json import LARGEST, flat, path_and_query, texts, written
from ._typed import Labels, others

_metadata = Remembered("alert.metadata.{}".format, most=1 << 10, longest=128)
_tcp = Remembered("tcp.{}".format, most=1 << 8, longest=128)
_SECOND_NS = 1_000_000_000
_LONGEST = LARGEST // 1000  # microseconds whose nanoseconds fit 64 bits: 292 years
_MESSAGES = {"query": "query", "request": "query", "answer": "answer", "response": "answer"}
_OPERATIONS = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}  # IANA, "DNS OpCodes"


def alert(said: Alert, event: Event, labels: Labels) -> None:
    blocked = said.action == "blocked"
    event["event.kind"] = "alert"
    event["event.category"] = ["network", "intrusion_detection"]
    event["event.action"] = "blocked" if blocked else "allowed"
    event["event.type"] = ["info", "denied" if blocked else "allowed"]
    if (severity := said.severity) >= 0:
        event["event.severity"] = severity
    if (group := said.gid) >= 0:
        event["suricata.eve.alert.gid"] = group
    if (number := said.signature_id) != "":
        event["rule.id"] = str(number)
    if (revision := said.rev) != "":
        event["rule.version"] = str(revision)
    if signature := said.signature:
        event["rule.name"] = event["message"] = signature
    if category := said.category:
        event["rule.category"] = category
    if metadata := said.metadata:
        for key, values in metadata.items():
            labels[_metadata[key]] = values[0] if len(values) == 1 else ",".join(values)
    if not (said.source is said.target is said.xff is said.rule is said.references is None):
        others(said, "alert.", labels)


def dns(said: Dns, event: Event, labels: Labels) -> None:
    """A question or an answer; `answers` of version 2 and 3, or the one answer of version 1, or `grouped` alone."""
    asked: Dns | Question = said if said.rrname else next(iter(said.queries or said.query), said)
    if kind := _MESSAGES.get(said.type) or ("query" if said.query or said.queries else ""):
        event["dns.type"] = kind
    if name := asked.rrname:
        event["dns.question.name"] = name
        event["related.hosts"] = [name]
    if asked_for := asked.rrtype:
        event["dns.question.type"] = asked_for
    if (number := said.id) != "":
        event["dns.id"] = str(number)
    if code := said.rcode:
        event["dns.response_code"] = code
    if flags := _FLAGS[said.aa, said.tc, said.rd, said.ra]:
        event["dns.header_flags"] = flags.copy()
    if (operation := said.opcode) is not None:
        event["dns.op_code"] = _OPERATIONS.get(operation) or str(operation)
    if (transaction := said.tx_id) >= 0:
        event["suricata.eve.tx_id"] = transaction
    if answers := said.answers:
        _answers(answers, event)
    elif said.rdata:
        _answers((Answer(said.rrname, said.rrtype, said.rdata, said.ttl),), event)
    elif groups := said.grouped:
        rows = ((kind, one) for kind, several in groups.items() if type(several) is list for one in several)
        _answers(tuple(Answer("", kind, one) for kind, one in rows if type(one) is str), event)
    if not (said.authorities is said.additionals is None):
        others(said, "dns.", labels)


def _answers(rows: tuple[Answer, ...], event: Event) -> None:
    names, types, said, lifetimes = [], [], [], []
    resolved: dict[str, None] = {}
    for row in rows:
        if name := row.rrname:
            names.append(name)
        if kind := row.rrtype:
            types.append(kind)
        if data := row.rdata:
            said.append(data)
            if (address := ip(data)) is not None:
                resolved[address] = None
        if (lifetime := row.ttl) >= 0:
            lifetimes.append(lifetime)
    if names:
        event["dns.answers.name"] = names
    if types:
        event["dns.answers.type"] = types
    if said:
        event["dns.answers.data"] = said
    if lifetimes:
        event["dns.answers.ttl"] = lifetimes
    if resolved:
        event["dns.resolved_ip"] = [*resolved]


def http(said: Http, event: Event, labels: Labels) -> None:
    if host := said.hostname:
        event["url.domain"] = host
        event["related.hosts"] = [host]
    if url := said.url:
        event["url.original"] = url
        path, query = path_and_query(url)
        if path is not None:
            event["url.path"] = path
        if query is not None:
            event["url.query"] = query
    if method := said.http_method:
        event["http.request.method"] = method
    if agent := said.http_user_agent:
        event["user_agent.original"] = agent
    if referrer := said.http_refer:
        event["http.request.referrer"] = referrer
    if content := said.http_content_type:
        event["http.response.mime_type"] = content
    if (status := said.status) >= 0:
        event["http.response.status_code"] = status
    if (length := said.length) >= 0:
        event["http.response.body.bytes"] = length
    if (port := said.http_port) >= 0:
        event["url.port"] = port
    if (version := said.protocol)[:5] == "HTTP/":
        event["http.version"] = version[5:]
    if not (said.redirect is said.xff is said.request_headers is said.response_headers is None):
        others(said, "http.", labels)


def tls(said: Tls, event: Event, labels: Labels) -> None:
    if name := said.sni:
        event["tls.client.server_name"] = name
        event["related.hosts"] = [name]
    if said.subject:
        event["tls.server.subject"] = said.subject
    if said.issuerdn:
        event["tls.server.issuer"] = said.issuerdn
    if said.serial:
        event["tls.server.x509.serial_number"] = _hex(said.serial)
    if said.fingerprint:
        event["tls.server.hash.sha1"] = _hex(said.fingerprint)
    if (begins := moment(said.notbefore)) is not None:
        event["tls.server.not_before"] = begins
    if (ends := moment(said.notafter)) is not None:
        event["tls.server.not_after"] = ends
    _fingerprint(said.ja3, "tls.client.ja3", "tls.ja3.", event, labels)
    _fingerprint(said.ja3s, "tls.server.ja3s", "tls.ja3s.", event, labels)
    if names := texts(said.subjectaltname):
        event["tls.server.x509.alternative_names"] = names
    if said.session_resumed is not None:
        event["tls.resumed"] = said.session_resumed
    if said.version.startswith("TLS"):
        event["tls.version_protocol"] = "tls"
        if version := said.version[3:].strip("v "):
            event["tls.version"] = version
    if not (said.ja4 is said.client_alpns is said.server_alpns is None):
        others(said, "tls.", labels)


def _fingerprint(said: Fingerprint | None, field: str, name: str, event: Event, labels: Labels) -> None:
    if said is not None:
        if said.hash:
            event[field] = said.hash
        others(said, name, labels)


def flow(said: Flow, event: Event, labels: Labels) -> None:
    """Counters of both directions, and how long it took."""
    up, down, sent, received = said.bytes_toserver, said.bytes_toclient, said.pkts_toserver, said.pkts_toclient
    if not (up | down | sent | received) >> 62:
        event["source.bytes"], event["destination.bytes"], event["network.bytes"] = up, down, up + down
        event["source.packets"], event["destination.packets"], event["network.packets"] = sent, received, sent + received
    else:
        _odd_counts("bytes", up, down, event)
        _odd_counts("packets", sent, received, event)
    _times(said, event)
    if state := said.state:
        event["suricata.eve.flow.state"] = state
    if reason := said.reason:
        event["suricata.eve.flow.reason"] = reason
    if (alerted := said.alerted) is not None:
        event["suricata.eve.flow.alerted"] = alerted
    if not (said.src_ip is said.src_port is said.dest_ip is said.dest_port is said.action is said.tx_cnt is None):
        others(said, "flow.", labels)


def _odd_counts(unit: str, sent: int, received: int, event: Event) -> None:
    """Of which some are missing (negative) or very large."""
    if sent >= 0:
        event[f"source.{unit}"] = sent
    if received >= 0:
        event[f"destination.{unit}"] = received
    if sent >= 0 or received >= 0:
        event[f"network.{unit}"] = min(max(sent, 0) + max(received, 0), LARGEST)


def _times(said: Flow | Netflow, event: Event) -> None:
    start, end = moment(said.start), moment(said.end)
    if start is not None:
        event["event.start"] = start
    if end is not None:
        event["event.end"] = end
    if start is not None and end is not None and 0 <= end - start < _LONGEST:
        event["event.duration"] = (end - start) * 1000
    elif 0 <= said.age < 1 << 32:
        event["event.duration"] = said.age * _SECOND_NS


def tcp(said: dict[str, bool | int | str], labels: Labels) -> None:
    for key, value in said.items():
        labels[_tcp[key]] = value if type(value) is str else written(value)


def netflow(said: Netflow, event: Event, labels: Labels) -> None:
    """One direction of a flow: what the source sent."""
    _odd_counts("bytes", said.bytes, -1, event)
    _odd_counts("packets", said.pkts, -1, event)
    _times(said, event)
    others(said, "netflow.", labels)


def fileinfo(said: Fileinfo, event: Event, labels: Labels) -> None:
    if path := said.filename:
        event["file.path"] = path
        event["file.name"] = path.rpartition("/")[2] or path
    if said.size >= 0:
        event["file.size"] = said.size
    hashes = {kind: hashed for kind in ("md5", "sha1", "sha256") if (hashed := getattr(said, kind))}
    for kind, hashed in hashes.items():
        event[f"file.hash.{kind}"] = hashed
    if hashes:
        event["related.hash"] = [*hashes.values()]
    if said.magic:
        event["suricata.eve.fileinfo.magic"] = said.magic
    if said.state:
        event["suricata.eve.fileinfo.state"] = said.state
    others(said, "fileinfo.", labels)


def ssh(said: Ssh, event: Event, labels: Labels) -> None:
    for side, peer in (("client", said.client), ("server", said.server)):
        if peer is not None:
            if peer.software_version:
                event[f"suricata.eve.ssh.{side}.software_version"] = peer.software_version
            others(peer, f"ssh.{side}.", labels)


def smtp(said: Smtp, event: Event, labels: Labels) -> None:
    if sender := said.mail_from:
        event["email.from.address"] = [sender.strip("<>")]
    if receivers := texts(said.rcpt_to):
        event["email.to.address"] = [one.strip("<>") for one in receivers]
    others(said, "smtp.", labels)


def email(said: Email, event: Event, labels: Labels) -> None:
    """The header of a message: what its writer claims, unlike the addresses in `smtp`."""
    if said.subject:
        event["email.subject"] = said.subject
    if identifier := said.message_id.strip("<>"):
        event["email.message_id"] = identifier
    if said.x_mailer:
        event["email.x_mailer"] = said.x_mailer
    others(said, "email.", labels)


def ether(said: Ether, event: Event, labels: Labels) -> None:
    """A packet's hardware addresses, or a flow's, which may have had several."""
    for side, key, one, several in (("source", "src", said.src_mac, said.src_macs), ("destination", "dest", said.dest_mac, said.dest_macs)):
        addresses = [one] if one else texts(several)
        if len(addresses) == 1 and (address := mac(addresses[0])) is not None:
            event[f"{side}.mac"] = address
        elif one:
            labels[f"ether.{key}_mac"] = one
        if several and (one or len(addresses) != 1 or f"{side}.mac" not in event):
            flat(several, f"ether.{key}_macs", labels)


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FLAGS = {said: [*compress(("AA", "TC", "RD", "RA"), said)] for said in product((False, True), repeat=4)}
PROTOCOLS = _words("dns http tls ssh smtp ftp smb nfs tftp krb5 dhcp snmp sip rfb rdp mqtt ike modbus dnp3 pgsql quic ldap mdns websocket")
TYPES: Mapping[str, list[str]] = {  # event_type -> event.type; alert sets its own
    **{protocol: ["protocol"] for protocol in PROTOCOLS},
    "fileinfo": ["info"],
    "flow": ["connection", "end"],
    "netflow": ["connection"],
    "drop": ["connection", "denied"],
}
_VENDOR = (
    ("suricata.eve.event_type", "keyword", "kind of EVE record"),
    ("suricata.eve.flow_id", "keyword", "number that all records of one flow share"),
    ("suricata.eve.tx_id", "long", "number of the transaction within its flow"),
    ("suricata.eve.alert.gid", "long", "group that the signature's number belongs to"),
    ("suricata.eve.flow.state", "keyword", "state the flow ended in"),
    ("suricata.eve.flow.reason", "keyword", "why the flow was taken to be over"),
    ("suricata.eve.flow.alerted", "bool", "whether a signature matched in the flow"),
    ("suricata.eve.fileinfo.magic", "keyword", "what libmagic made of the file"),
    ("suricata.eve.fileinfo.state", "keyword", "whether the file was seen whole"),
    ("suricata.eve.ssh.client.software_version", "keyword", "software that the client says it is"),
    ("suricata.eve.ssh.server.software_version", "keyword", "software that the server says it is"),
)
FIELDS = [Field(name, kind, nonnegative=kind == "long", meaning=meaning) for name, kind, meaning in _VENDOR]

_UTC = Clock(0, UTC)
_MOST = 10_000
_seconds: dict[str, int] = {}
_moments: dict[str, int] = {}  # the times of a flow stand in many records


def stamp(text: str, clock: Clock) -> int:
    """The moment of a time as EVE writes it, `2026-10-11T22:14:15.123456+0000`. Raises ParseError."""
    known = _moments.get(text)
    if known is not None:
        return known
    micros = text[20:26]
    if text[26:] != "+0000" or not (micros.isdecimal() and micros.isascii()):
        return iso(text, clock)
    second = _seconds.get(text[:20])
    if second is None:
        if len(_seconds) > _MOST:
            _seconds.clear()
        second = _seconds[text[:20]] = iso(text, clock) - int(micros)
    if len(_moments) > _MOST:
        _moments.clear()
    known = _moments[text] = second + int(micros)
    return known


def moment(text: str) -> int | None:
    """A time as EVE writes it; the zone of one that states none is UTC. None where there is none."""
    known = _moments.get(text)
    try:
        return known if known is not None or not text else stamp(text, _UTC)
    except ParseError:
        return None


def _hex(text: str) -> str:
    return text.replace(":", "").upper()
