"""Three sensors: Zeek with JSON logs at the Institute of Physics, with tables at a university, Suricata at the National Library.

Zeek 6 documentation, "Log Files"; Suricata 7 user guide, "EVE JSON Format".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .world import AGENTS, SITES, Dice, Line, clients, epoch, moment, spread

PHYSICS, NORTH, LIBRARY = "institute-physics/zeek", "uni-north/zeek/conn.log", "library-national/eve.json"
RESOLVER = "203.0.113.11"
_PHYSICS = clients("203.0.113.", 16, 14)
_NORTH = clients("192.0.2.", 17, 14)
_LIBRARY = clients("203.0.113.", 49, 14)
_PATHS = ("/", "/index.html", "/news", "/catalogue/search?q=astronomy", "/img/logo.png", "/style.css", "/feed.xml", "/about")
_TSV = (
    ("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"), ("id.resp_h", "addr"), ("id.resp_p", "port"),
    ("proto", "enum"), ("service", "string"), ("duration", "interval"), ("orig_bytes", "count"), ("resp_bytes", "count"),
    ("conn_state", "string"), ("missed_bytes", "count"), ("history", "string"), ("orig_pkts", "count"), ("orig_ip_bytes", "count"),
    ("resp_pkts", "count"), ("resp_ip_bytes", "count"),
)  # fmt: skip


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _ends(source: str, port: int, target: str, service: int) -> dict[str, Any]:
    return {"id.orig_h": source, "id.orig_p": port, "id.resp_h": target, "id.resp_p": service}


def conn(dice: Dice, at: float, uid: str, ends: dict[str, Any], proto: str, service: str, sent: int, received: int) -> dict[str, Any]:
    """A record of conn.log."""
    out, back = 1 + sent // 1200, 1 + received // 1200
    lasted = round(dice.expovariate(1 / 12) if proto == "tcp" else dice.uniform(0.001, 0.05), 6)
    return {
        "ts": epoch(at), "uid": uid, **ends, "proto": proto, "service": service, "duration": lasted, "orig_bytes": sent,
        "resp_bytes": received, "conn_state": "SF", "missed_bytes": 0, "history": "ShADadFf" if proto == "tcp" else "Dd",
        "orig_pkts": out, "orig_ip_bytes": sent + 28 * out, "resp_pkts": back, "resp_ip_bytes": received + 28 * back,
    }  # fmt: skip


def dns(dice: Dice, at: float, source: str, query: str, kind: str, answers: list[str], rcode: str = "NOERROR") -> Iterator[Line]:
    """A question to the institute's resolver, in dns.log and conn.log."""
    uid, ends = f"C{dice.token(17)}", _ends(source, dice.port(), RESOLVER, 53)
    kinds, rcodes = {"A": 1, "AAAA": 28, "TXT": 16, "PTR": 12}, {"NOERROR": 0, "NXDOMAIN": 3}
    said: dict[str, Any] = {
        "ts": epoch(at), "uid": uid, **ends, "proto": "udp", "trans_id": dice.randrange(65536), "rtt": round(dice.uniform(0.0005, 0.03), 6),
        "query": query, "qclass": 1, "qclass_name": "C_INTERNET", "qtype": kinds[kind], "qtype_name": kind, "rcode": rcodes[rcode],
        "rcode_name": rcode, "AA": False, "TC": False, "RD": True, "RA": True, "Z": 0,
    }  # fmt: skip
    if answers:
        said |= {"answers": answers, "TTLs": [300.0] * len(answers)}
    yield Line(at, f"{PHYSICS}/dns.log", _json(said | {"rejected": False}))
    size = len(query) + 18
    yield Line(at + 0.01, f"{PHYSICS}/conn.log", _json(conn(dice, at, uid, ends, "udp", "dns", size, size + sum(map(len, answers)) + 12)))


def _visit(dice: Dice, at: float) -> Iterator[Line]:
    """Somebody opens a page: a question, then TLS or, rarely, HTTP."""
    source, site, server = dice.choice(_PHYSICS), dice.choice(SITES), dice.stranger()
    yield from dns(dice, at, source, site, "A", [server])
    if dice.random() < 0.3:
        yield from dns(dice, at + 0.02, source, site, "AAAA", [dice.stranger6()])
    uid, secure = f"C{dice.token(17)}", dice.random() < 0.75
    ends = _ends(source, dice.port(), server, 443 if secure else 80)
    received = int(dice.lognormvariate(9, 1.5))
    sent, service = dice.randrange(400, 3000), "ssl" if secure else "http"
    yield Line(at + 0.2, f"{PHYSICS}/conn.log", _json(conn(dice, at + 0.1, uid, ends, "tcp", service, sent, received)))
    if secure:
        said = {
            "ts": epoch(at + 0.12), "uid": uid, **ends, "version": "TLSv13", "cipher": "TLS_AES_128_GCM_SHA256", "curve": "x25519",
            "server_name": site, "resumed": dice.random() < 0.3, "next_protocol": "h2", "established": True,
        }  # fmt: skip
        yield Line(at + 0.12, f"{PHYSICS}/ssl.log", _json(said))
        return
    said = {
        "ts": epoch(at + 0.12), "uid": uid, **ends, "trans_depth": 1, "method": "GET", "host": site, "uri": dice.choice(_PATHS),
        "version": "1.1", "user_agent": dice.choice(AGENTS), "request_body_len": 0, "response_body_len": received,
        "status_code": dice.choice((200, 200, 200, 200, 304, 404)), "tags": [], "resp_mime_types": ["text/html"],
    }  # fmt: skip
    yield Line(at + 0.12, f"{PHYSICS}/http.log", _json(said))


def institute_physics(dice: Dice) -> Iterator[Line]:
    yield from spread(dice, 420, lambda at: _visit(dice, at))
    for at in dice.moments(40):  # names mistyped and search domains tried in vain
        name = dice.choice(("wpad", "printer2", "nas", "intranet"))
        yield from dns(dice, at, dice.choice(_PHYSICS), f"{name}.institute-physics.example", "A", [], "NXDOMAIN")
    for at in dice.moments(25):  # names that machines give to machines
        name = f"{dice.token(32, '0123456789abcdef')}.edge.cdn.example.net"
        yield from dns(dice, at, dice.choice(_PHYSICS), name, "A", [dice.stranger()])
    for at in dice.moments(30):  # what mail servers ask
        name = dice.choice(("_dmarc.", "k1._domainkey.", "")) + dice.choice(("example.com", "example.org"))
        yield from dns(dice, at, "203.0.113.12", name, "TXT", ["TXT 11 v=spf1 -all"])


def uni_north(dice: Dice) -> Iterator[Line]:
    """conn.log as a table, with its header and its end."""
    stamp = "2026-10-14-{}"
    header = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tconn",
        "#open\t" + stamp.format("00-00-00"),
    ]
    header += ["#fields\t" + "\t".join(name for name, _ in _TSV), "#types\t" + "\t".join(kind for _, kind in _TSV)]
    for place, text in enumerate(header):
        yield Line(place / 1000, NORTH, text)
    for at in dice.moments(900):
        proto, service, port = dice.choices(
            (("tcp", "ssl", 443), ("udp", "dns", 53), ("tcp", "http", 80), ("udp", "ntp", 123)), (55, 30, 8, 7)
        )[0]
        modern = dice.random() < 0.2
        source, target = (f"2001:db8:1::{dice.randrange(16, 64):x}", dice.stranger6()) if modern else (dice.choice(_NORTH), dice.stranger())
        ends = _ends(source, dice.port(), target, port)
        sent, received = (dice.randrange(400, 3000), int(dice.lognormvariate(9, 1.5))) if proto == "tcp" else (48, 120)
        said = conn(dice, at, f"C{dice.token(17)}", ends, proto, service, sent, received)
        values = [f"{said[name]:.6f}" if kind in ("time", "interval") else str(said[name]) for name, kind in _TSV]
        yield Line(max(at, 1), NORTH, "\t".join(values))
    yield Line(86_399.9, NORTH, "#close\t" + stamp.format("23-59-59"))


def eve(at: float, kind: str, source: str, port: int, target: str, service: int, proto: str, tied: int, **more: Any) -> Line:
    """A record of eve.json."""
    when = f"{moment(at):%Y-%m-%dT%H:%M:%S.%f}+0000"
    said = {"timestamp": when, "flow_id": tied, "in_iface": "ens5", "event_type": kind, "src_ip": source, "src_port": port,
            "dest_ip": target, "dest_port": service, "proto": proto, **more}  # fmt: skip
    return Line(at, LIBRARY, _json(said))


def flow(dice: Dice, at: float, ends: tuple[str, int, str, int], proto: str, number: int, app: str, lasted: float) -> Line:
    """The end of a flow."""
    out, back = dice.randrange(4, 40), dice.randrange(4, 60)
    said = {
        "pkts_toserver": out, "pkts_toclient": back, "bytes_toserver": out * 90, "bytes_toclient": back * 700,
        "start": f"{moment(at - lasted):%Y-%m-%dT%H:%M:%S.%f}+0000", "end": f"{moment(at):%Y-%m-%dT%H:%M:%S.%f}+0000",
        "age": int(lasted), "state": "closed", "reason": "timeout", "alerted": False,
    }  # fmt: skip
    return eve(at, "flow", *ends, proto, number, app_proto=app, flow=said)


def _reading(dice: Dice, at: float) -> Iterator[Line]:
    """A reader uses the catalogue, or somebody at the library the internet."""
    number, inbound = dice.randrange(10**14, 10**15), dice.random() < 0.4
    source, target = (dice.stranger(), "203.0.113.40") if inbound else (dice.choice(_LIBRARY), dice.stranger())
    site = "catalogue.library-national.example" if inbound else dice.choice(SITES)
    if dice.random() < 0.35:
        ends = (source, dice.port(), target, 80)
        said = {
            "hostname": site, "url": dice.choice(_PATHS), "http_user_agent": dice.choice(AGENTS), "http_content_type": "text/html",
            "http_method": "GET", "protocol": "HTTP/1.1", "status": dice.choice((200, 200, 200, 304, 404)),
            "length": dice.randrange(300, 30_000),
        }  # fmt: skip
        yield eve(at + 0.1, "http", *ends, "TCP", number, tx_id=0, http=said)
    else:
        ends = (source, dice.port(), target, 443)
        said = {"sni": site, "version": "TLS 1.3", "subject": f"CN={site}", "issuerdn": "C=ZZ, O=Example CA, CN=Example CA R3"}
        yield eve(at + 0.1, "tls", *ends, "TCP", number, tls=said)
    lasted = dice.uniform(1, 90)
    yield flow(dice, at + lasted, ends, "TCP", number, "http" if ends[3] == 80 else "tls", lasted)


def _oddity(dice: Dice, at: float) -> Iterator[Line]:
    """What an IDS says all day and nobody needs to read."""
    said = {
        "action": "allowed", "gid": 1, "signature_id": 2210054, "rev": 1, "signature": "SURICATA STREAM excessive retransmissions",
        "category": "Generic Protocol Command Decode", "severity": 3,
    }  # fmt: skip
    ends = (dice.choice(_LIBRARY), dice.port(), dice.stranger(), 443)
    yield eve(at, "alert", *ends, "TCP", dice.randrange(10**14, 10**15), alert=said, app_proto="tls")


def _turned_away(dice: Dice, at: float) -> Iterator[Line]:
    """A scanner of the internet meets a sensor that blocks."""
    said = {
        "action": "blocked", "gid": 1, "signature_id": 1000201, "rev": 2, "signature": "SCAN request for a login page that is not there",
        "category": "Attempted Information Leak", "severity": 2,
    }  # fmt: skip
    ends = (dice.stranger(), dice.port(), "203.0.113.40", 80)
    yield eve(at, "alert", *ends, "TCP", dice.randrange(10**14, 10**15), alert=said, app_proto="http")


def library_national(dice: Dice) -> Iterator[Line]:
    yield from spread(dice, 480, lambda at: _reading(dice, at))
    yield from spread(dice, 12, lambda at: _oddity(dice, at))
    yield from spread(dice, 8, lambda at: _turned_away(dice, at))
