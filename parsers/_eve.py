"""Suricata's EVE objects in ECS names: what each `event_type` adds. Every value is checked: a sensor logs what attackers send.

What no reader takes of an object goes to labels under EVE's dotted names (`rest`).

Field names: Suricata 7 user guide, "EVE JSON Format"; DNS in its versions 1, 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import Clock, Field
from soc.parsing.timestamps import iso
from soc.parsing.values import ip
from soc.times import SECOND

from ._json import count, flat, path_and_query, port, text, texts

Object = dict[str, Any]
Part = Callable[[Object, Event], None]
_SECOND_NS = 1_000_000_000
_LONG = 1 << 63
_FLOW_COUNTS = (
    ("bytes_toserver", "source.bytes"),
    ("bytes_toclient", "destination.bytes"),
    ("pkts_toserver", "source.packets"),
    ("pkts_toclient", "destination.packets"),
)
_FLOW_SUMS = (("network.bytes", "source.bytes", "destination.bytes"), ("network.packets", "source.packets", "destination.packets"))
_HTTP_TEXTS = (
    ("http_method", "http.request.method"),
    ("http_user_agent", "user_agent.original"),
    ("http_refer", "http.request.referrer"),
    ("http_content_type", "http.response.mime_type"),
)
_ANSWERS = ("answer", "response")
_FLAGS = (("aa", "AA"), ("tc", "TC"), ("rd", "RD"), ("ra", "RA"))
_OPERATIONS = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}  # IANA, "DNS OpCodes"


def dns(said: Object, event: Event) -> None:
    """A question or an answer; `answers` of version 2 and 3, or the one answer of version 1, or `grouped` alone."""
    get = said.get
    asked = get if "rrname" in said else _question(said).get
    event["dns.type"] = "answer" if get("type") in _ANSWERS else "query"
    name = asked("rrname")
    if type(name) is str and name:
        event["dns.question.name"] = name
        event["related.hosts"] = [name]
    if type(value := asked("rrtype")) is str and value:
        event["dns.question.type"] = value
    if (number := number_text(get("id"))) is not None:
        event["dns.id"] = number
    if type(value := get("rcode")) is str and value:
        event["dns.response_code"] = value
    if flags := [flag for key, flag in _FLAGS if get(key) is True]:
        event["dns.header_flags"] = flags
    if "opcode" in said and type(value := get("opcode")) is int:
        event["dns.op_code"] = _OPERATIONS.get(value) or str(value)
    if "tx_id" in said:
        put(event, "suricata.eve.tx_id", count(get("tx_id")))
    answers = get("answers")
    if type(answers) is list:
        _answers(answers, event)
    elif "rdata" in said:
        _answers([said], event)
    elif type(groups := get("grouped")) is dict:
        _answers([{"rrtype": kind, "rdata": one} for kind, several in groups.items() if type(several) is list for one in several], event)


def _question(said: Object) -> Object:
    """The first of several: `queries` of version 3, `query` in an alert."""
    questions = said.get("queries") or said.get("query")
    return questions[0] if type(questions) is list and type(questions[0]) is dict else said


def _answers(rows: list[Any], event: Event) -> None:
    names, types, said, lifetimes = [], [], [], []
    resolved: dict[str, None] = {}
    for row in rows:
        if type(row) is not dict:
            continue
        get = row.get
        if type(value := get("rrname")) is str and value:
            names.append(value)
        if type(value := get("rrtype")) is str and value:
            types.append(value)
        if type(value := get("rdata")) is str and value:
            said.append(value)
            if (address := ip(value)) is not None:
                resolved[address] = None
        if type(lifetime := get("ttl")) is int and 0 <= lifetime < _LONG:
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


def http(said: Object, event: Event) -> None:
    get = said.get
    if type(host := get("hostname")) is str and host:
        event["url.domain"] = host
        event["related.hosts"] = [host]
    if type(url := get("url")) is str and url:
        event["url.original"] = url
        if url[0] == "/":
            event["url.path"], mark, query = url.partition("?")
            if mark:
                event["url.query"] = query
        else:
            path, request = path_and_query(url)
            put(event, "url.path", path)
            put(event, "url.query", request)
    for key, field in _HTTP_TEXTS:
        if type(value := get(key)) is str and value:
            event[field] = value
    status, length = get("status"), get("length")
    if type(status) is type(length) is int and not (status | length) >> 62:
        event["http.response.status_code"], event["http.response.body.bytes"] = status, length
    else:
        put(event, "http.response.status_code", count(status))
        put(event, "http.response.body.bytes", count(length))
    if "http_port" in said:
        put(event, "url.port", port(get("http_port")))
    if type(version := get("protocol")) is str and version.startswith("HTTP/"):
        event["http.version"] = version[5:]


def tls(said: Object, event: Event) -> None:
    name = text(said.get("sni"))
    put(event, "tls.client.server_name", name)
    put(event, "tls.server.subject", text(said.get("subject")))
    put(event, "tls.server.issuer", text(said.get("issuerdn")))
    put(event, "tls.server.x509.serial_number", _hex(said.get("serial")))
    put(event, "tls.server.hash.sha1", _hex(said.get("fingerprint")))
    for key, field in (("notbefore", "tls.server.not_before"), ("notafter", "tls.server.not_after")):
        put(event, field, moment(said.get(key)))
    for key, field in (("ja3", "tls.client.ja3"), ("ja3s", "tls.server.ja3s")):
        if isinstance(peer := said.get(key), dict):
            put(event, field, text(peer.get("hash")))
            rest(peer, f"tls.{key}", _HASH, event)
    if names := texts(said.get("subjectaltname")):
        event["tls.server.x509.alternative_names"] = names
    if isinstance(said.get("session_resumed"), bool):
        event["tls.resumed"] = said["session_resumed"]
    version = text(said.get("version"))
    if version and version.startswith("TLS"):
        event["tls.version_protocol"] = "tls"
        put(event, "tls.version", version[3:].strip("v ") or None)
    if name:
        event["related.hosts"] = [name]


def flow(said: Object, event: Event) -> None:
    """Counters of both directions, and how long it took."""
    get = said.get
    up, down, sent, received = get("bytes_toserver"), get("bytes_toclient"), get("pkts_toserver"), get("pkts_toclient")
    if type(up) is type(down) is type(sent) is type(received) is int and not (up | down | sent | received) >> 62:
        event["source.bytes"], event["destination.bytes"], event["network.bytes"] = up, down, up + down
        event["source.packets"], event["destination.packets"], event["network.packets"] = sent, received, sent + received
    else:
        _odd_counts(said, event)
    start, end = moment(get("start")), moment(get("end"))
    if start is not None:
        event["event.start"] = start
    if end is not None:
        event["event.end"] = end
    if start is not None and end is not None and end >= start:
        event["event.duration"] = (end - start) * 1000
    elif (age := count(get("age"))) is not None and age < 1 << 32:
        event["event.duration"] = age * _SECOND_NS
    if type(value := get("state")) is str and value:
        event["suricata.eve.flow.state"] = value
    if type(value := get("reason")) is str and value:
        event["suricata.eve.flow.reason"] = value
    if type(value := get("alerted")) is bool:
        event["suricata.eve.flow.alerted"] = value


def netflow(said: Object, event: Event) -> None:
    """One direction of a flow: what the source sent."""
    put(event, "source.bytes", count(said.get("bytes")))
    put(event, "source.packets", count(said.get("pkts")))
    flow(said, event)  # the times, and the sums


def _odd_counts(said: Object, event: Event) -> None:
    """Some are missing, very large or no numbers."""
    for key, field in _FLOW_COUNTS:
        amount = said.get(key)
        if type(amount) is int and 0 <= amount < _LONG:
            event[field] = amount
    for field, one, other in _FLOW_SUMS:
        total = event.get(one, 0) + event.get(other, 0)
        if one in event or other in event:
            event[field] = total if total < _LONG else _LONG - 1


def alert(said: Object, event: Event) -> None:
    get = said.get
    blocked = get("action") == "blocked"
    group, number, revision, severity = get("gid"), get("signature_id"), get("rev"), get("severity")
    event["event.kind"] = "alert"
    event["event.category"] = ["network", "intrusion_detection"]
    event["event.action"] = "blocked" if blocked else "allowed"
    event["event.type"] = ["info", "denied" if blocked else "allowed"]
    if type(group) is type(number) is type(revision) is type(severity) is int and 0 <= group < _LONG and 0 <= severity < _LONG:
        event["event.severity"], event["suricata.eve.alert.gid"] = severity, group
        event["rule.id"], event["rule.version"] = str(number), str(revision)
    else:
        put(event, "event.severity", count(severity))
        put(event, "suricata.eve.alert.gid", count(group))
        put(event, "rule.id", number_text(number))
        put(event, "rule.version", number_text(revision))
    if type(value := get("signature")) is str and value:
        event["rule.name"] = event["message"] = value
    if type(value := get("category")) is str and value:
        event["rule.category"] = value
    if type(value := get("metadata")) is dict:
        flat(value, "alert.metadata", event.setdefault("labels", {}))


def fileinfo(said: Object, event: Event) -> None:
    path = text(said.get("filename"))
    put(event, "file.path", path)
    if path:
        event["file.name"] = path.rpartition("/")[2] or path
    put(event, "file.size", count(said.get("size")))
    hashes = [value for kind in ("md5", "sha1", "sha256") if (value := text(said.get(kind)))]
    for kind in ("md5", "sha1", "sha256"):
        put(event, f"file.hash.{kind}", text(said.get(kind)))
    if hashes:
        event["related.hash"] = hashes
    put(event, "suricata.eve.fileinfo.magic", text(said.get("magic")))
    put(event, "suricata.eve.fileinfo.state", text(said.get("state")))


def ssh(said: Object, event: Event) -> None:
    for side in ("client", "server"):
        peer = said.get(side)
        if isinstance(peer, dict):
            put(event, f"suricata.eve.ssh.{side}.software_version", text(peer.get("software_version")))
            rest(peer, f"ssh.{side}", _SOFTWARE, event)


def smtp(said: Object, event: Event) -> None:
    sender = text(said.get("mail_from"))
    if sender:
        event["email.from.address"] = [sender.strip("<>")]
    if receivers := texts(said.get("rcpt_to")):
        event["email.to.address"] = [one.strip("<>") for one in receivers]


def email(said: Object, event: Event) -> None:
    """The header of a message: what its writer claims, unlike the addresses in `smtp`."""
    put(event, "email.subject", text(said.get("subject")))
    put(event, "email.message_id", (text(said.get("message_id")) or "").strip("<>") or None)
    put(event, "email.x_mailer", text(said.get("x_mailer")))


def rest(said: Object, name: str, known: frozenset[str], event: Event) -> None:
    """What no reader takes of an object, to labels."""
    labels = event.setdefault("labels", {})
    for key, value in said.items():
        if key not in known:
            flat(value, f"{name}.{key}", labels)


def _keys(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HASH, _SOFTWARE = _keys("hash"), _keys("software_version")
_BULK = _keys("http_request_body http_response_body certificate chain")  # in base64, like packets: event.original holds it
_FLOW = _keys("start end age state reason alerted").union(dict(_FLOW_COUNTS))
_HTTP = _keys("hostname url http_port protocol status length").union(dict(_HTTP_TEXTS), _BULK)
_TLS = _keys("sni subject issuerdn serial fingerprint notbefore notafter ja3 ja3s subjectaltname session_resumed version").union(_BULK)
PARTS: Mapping[str, tuple[Part, frozenset[str]]] = {  # object -> its reader, and the keys that it reads or that say nothing more
    "alert": (alert, _keys("action severity signature_id rev signature category gid metadata")),
    "dns": (dns, _keys("type id rrname rrtype queries query rcode aa tc rd ra opcode tx_id answers rdata ttl grouped version flags qr")),
    "http": (http, _HTTP),
    "tls": (tls, _TLS),
    "flow": (flow, _FLOW),
    "netflow": (netflow, _FLOW | _keys("bytes pkts")),
    "fileinfo": (fileinfo, _keys("filename size md5 sha1 sha256 magic state")),
    "ssh": (ssh, _keys("client server")),
    "smtp": (smtp, _keys("mail_from rcpt_to")),
    "email": (email, _keys("subject message_id x_mailer")),
}
PROTOCOLS = _keys("dns http tls ssh smtp ftp smb nfs tftp krb5 dhcp snmp sip rfb rdp mqtt ike modbus dnp3 pgsql quic ldap mdns websocket")
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
_minutes: dict[str, int] = {}
_moments: dict[str, int] = {}  # the times of a flow stand in many records
_SECONDS = {f"{second:02d}": second * SECOND for second in range(60)}


def stamp(text: str, clock: Clock) -> int:
    """The moment of a time as EVE writes it, `2026-10-11T22:14:15.123456+0000`. Raises ParseError."""
    known = _moments.get(text)
    if known is not None:
        return known
    if text[26:] == "+0000":
        minute, second, micros = _minutes.get(text[:17]), _SECONDS.get(text[17:19]), text[20:26]
        if minute is None:
            if len(_minutes) > _MOST:
                _minutes.clear()
            minute = _minutes[text[:17]] = iso(f"{text[:17]}00+00:00", clock)
        if second is not None and text[19] == "." and micros.isdecimal() and micros.isascii():
            if len(_moments) > _MOST:
                _moments.clear()
            known = _moments[text] = minute + second + int(micros)
            return known
    return iso(text, clock)


def moment(value: Any) -> int | None:
    """A time as EVE writes it; the zone of one that states none is UTC."""
    if type(value) is not str:
        return None
    known = _moments.get(value)
    try:
        return stamp(value, _UTC) if known is None else known
    except ParseError:
        return None


def put(event: Event, name: str, value: Any) -> None:
    if value is not None:
        event[name] = value


def number_text(value: Any) -> str | None:
    """An id as text, whether it was logged as a number or as text."""
    return str(value) if type(value) is int else text(value)


def _hex(value: Any) -> str | None:
    said = text(value)
    return said.replace(":", "").upper() if said else None
