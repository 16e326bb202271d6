"""Raw log lines for the parse and ingest sections, from a fixed seed: documentation addresses (RFC 5737), names of RFC 2606.

Formats as the vendors document them: sshd of OpenSSH, Cisco ASA syslog messages 302013 to 302016 and 106023, the LOG
target of netfilter, Suricata's EVE JSON (flow, alert with HTTP, DNS answers of version 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

import orjson

SEED = 20261011
START = datetime(2026, 10, 1, tzinfo=UTC)
NETS = ("192.0.2", "198.51.100", "203.0.113")
USERS = "root admin test oracle ubuntu jdoe postgres git backup m.keller pi guest deploy".split()
HOSTS = [f"{kind}{number:02d}" for kind in ("web", "db", "mail", "login", "hpc", "dns", "gw") for number in range(1, 20)]
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


BRUTE_STEP = timedelta(milliseconds=10)
BRUTE_SOURCES = [f"{net}.{number}" for net in NETS for number in range(1, 255)][:250]


class Writer:
    """Writes lines of one format, later ones later."""

    def __init__(self, since: datetime = START, step: timedelta | None = None) -> None:
        self.random = Random(SEED)
        self._now, self._step = since, step

    def lines(self, one: Callable[[Writer, datetime], str]) -> Iterator[str]:
        step = self._step or STEPS.get(one)
        while True:
            self._now += step or timedelta(milliseconds=self.random.randrange(1, 120))
            yield one(self, self._now)

    def ip(self) -> str:
        return f"{self.random.choice(NETS)}.{self.random.randrange(1, 255)}"

    def port(self) -> int:
        return self.random.randrange(1024, 65536)

    def hex(self, digits: int) -> str:
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def one(self, *words: str) -> str:
        return self.random.choice(words)


def _bsd(now: datetime) -> str:
    return f"{MONTHS[now.month - 1]} {now.day:2d} {now:%H:%M:%S}"


def sshd(w: Writer, now: datetime) -> str:
    user, ip, port, share = w.random.choice(USERS), w.ip(), w.port(), w.random.random()
    if share < 0.40:
        said = f"Failed password for {user} from {ip} port {port} ssh2"
    elif share < 0.60:
        said = f"Failed password for invalid user {user}{w.random.randrange(99)} from {ip} port {port} ssh2"
    elif share < 0.72:
        said = f"Accepted publickey for {user} from {ip} port {port} ssh2: ED25519 SHA256:{w.hex(43)}"
    elif share < 0.76:
        said = f"Accepted password for {user} from {ip} port {port} ssh2"
    elif share < 0.86:
        said = f"Invalid user {user}{w.random.randrange(99)} from {ip} port {port}"
    elif share < 0.93:
        said = f"Connection closed by authenticating user {user} {ip} port {port} [preauth]"
    else:
        said = f"pam_unix(sshd:session): session opened for user {user}(uid={w.random.randrange(1000, 3000)}) by (uid=0)"
    return f"<{w.one('38', '86', '84')}>{_bsd(now)} {w.random.choice(HOSTS)} sshd[{w.random.randrange(300, 99999)}]: {said}"


def brute(w: Writer, now: datetime) -> str:
    """sshd under brute force: 100 lines a second, of which 30 % are failures, from 250 sources that also log in, on four hosts."""
    user, ip, port, share = w.random.choice(USERS), w.random.choice(BRUTE_SOURCES), w.port(), w.random.random()
    if share < 0.30:
        said = f"Failed password for {w.one('invalid user ', '', '')}{user} from {ip} port {port} ssh2"
    elif share < 0.75:
        said = f"Accepted publickey for {user} from {ip} port {port} ssh2: ED25519 SHA256:{w.hex(43)}"
    else:
        said = f"pam_unix(sshd:session): session opened for user {user}(uid={w.random.randrange(1000, 3000)}) by (uid=0)"
    return f"<{w.one('38', '86', '84')}>{_bsd(now)} {w.one(*HOSTS[:4])} sshd[{w.random.randrange(300, 99999)}]: {said}"


def asa(w: Writer, now: datetime) -> str:
    inside, outside = f"{w.ip()}/{w.one('443', '53', '80', '22', '25')}", f"{w.ip()}/{w.port()}"
    number, share, transport = w.random.randrange(10**6, 10**9), w.random.random(), w.one("TCP", "UDP")
    if share < 0.40:
        code, way = "302013" if transport == "TCP" else "302015", w.one("inbound", "outbound")
        said = f"%ASA-6-{code}: Built {way} {transport} connection {number} for outside:{outside} ({outside}) to inside:{inside} ({inside})"
    elif share < 0.80:
        code, took = "302014" if transport == "TCP" else "302016", f"{w.random.randrange(3)}:{now:%M:%S}"
        said = f"%ASA-6-{code}: Teardown {transport} connection {number} for outside:{outside} to inside:{inside} duration {took}"
        said += f" bytes {w.random.randrange(10**6)}" + (
            f" {w.one('TCP FINs', 'TCP Reset-I', 'SYN Timeout')}" if transport == "TCP" else ""
        )
    else:
        said = f"%ASA-4-106023: Deny {transport.lower()} src outside:{outside} dst inside:{inside}"
        said += f' by access-group "outside_access_in" [0x{w.hex(8)}, 0x0]'
    month = MONTHS[now.month - 1]
    return f"<{w.one('166', '164')}>{month} {now.day:02d} {now:%Y %H:%M:%S} asa{w.random.randrange(1, 9)} : {said}"


def iptables(w: Writer, now: datetime) -> str:
    transport, uptime = w.one("TCP", "UDP"), f"{w.random.randrange(10**6)}.{w.random.randrange(10**6):06d}"
    mac = ":".join(w.hex(2) for _ in range(14))
    said = f"IN=eth0 OUT= MAC={mac} SRC={w.ip()} DST={w.ip()} LEN={w.random.randrange(40, 1500)} TOS=0x00 PREC=0x00"
    said += f" TTL={w.random.randrange(30, 128)} ID={w.random.randrange(65536)} {w.one('DF ', 'DF ', '')}PROTO={transport}"
    said += f" SPT={w.port()} DPT={w.one('22', '23', '80', '443', '445', '3389', '53')} "
    said += f"WINDOW={w.random.randrange(65536)} RES=0x00 SYN URGP=0" if transport == "TCP" else f"LEN={w.random.randrange(20, 500)}"
    return f"<4>{_bsd(now)} {w.random.choice(HOSTS)} kernel: [{uptime}] {w.one('[UFW BLOCK]', 'FW-DROP:', '[UFW ALLOW]')} {said}"


def eve(w: Writer, now: datetime) -> str:
    number, stamp, share = w.random.randrange, f"{now:%Y-%m-%dT%H:%M:%S.%f}+0000", w.random.random()
    record: dict[str, object] = {
        "timestamp": stamp, "flow_id": w.random.getrandbits(50), "in_iface": "ens192", "event_type": "flow",
        "src_ip": w.ip(), "src_port": w.port(), "dest_ip": w.ip(), "dest_port": w.random.choice((443, 80, 53, 22, 445)),
        "proto": w.one("TCP", "UDP"), "community_id": f"1:{w.hex(27)}=",
    }  # fmt: skip
    flow = {
        "pkts_toserver": number(999), "pkts_toclient": number(999), "bytes_toserver": number(10**6), "bytes_toclient": number(10**7),
        "start": stamp, "end": stamp, "age": number(300), "state": "closed", "reason": "timeout", "alerted": False,
    }  # fmt: skip
    if share < 0.25:
        signature = number(2_000_000, 2_060_000)
        metadata = {"affected_product": ["Any"], "attack_target": ["Client_Endpoint"], "created_at": ["2024_05_01"],
                    "deployment": ["Perimeter"], "signature_severity": ["Major"], "updated_at": ["2025_02_11"]}  # fmt: skip
        record |= {
            "event_type": "alert", "app_proto": "http", "flow": flow,
            "alert": {"action": "allowed", "gid": 1, "signature_id": signature, "rev": number(1, 9),
                      "signature": f"EXAMPLE {w.one('SCAN', 'MALWARE', 'POLICY')} Suspicious activity variant {signature} observed",
                      "category": w.one("Attempted Information Leak", "A Network Trojan was detected", "Potentially Bad Traffic"),
                      "severity": number(1, 4), "metadata": metadata},
            "http": {"hostname": f"h{number(9999)}.example.org", "url": f"/{w.hex(20)}/index.php?id={number(9999)}",
                     "http_user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", "http_method": "GET",
                     "protocol": "HTTP/1.1", "status": 200, "length": number(99999)},
        }  # fmt: skip
    elif share < 0.65:
        record |= {"app_proto": w.one("tls", "http", "failed", "ssh"), "flow": flow}
        if record["proto"] == "TCP":
            record["tcp"] = {"tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "1b", "syn": True, "fin": True, "psh": True,
                             "ack": True, "state": "closed"}  # fmt: skip
    else:
        name = f"{w.one('www', 'cdn', 'api', 'mx')}.{w.hex(8)}.example.net"
        answers = [{"rrname": name, "rrtype": "A", "ttl": number(3600), "rdata": w.ip()} for _ in range(number(1, 4))]
        record |= {
            "event_type": "dns",
            "dns": {"version": 2, "type": "answer", "id": number(65536), "flags": "8180", "qr": True, "rd": True, "ra": True,
                    "rrname": name, "rrtype": "A", "rcode": "NOERROR", "answers": answers, "grouped": {"A": [w.ip()]}},
        }  # fmt: skip
    return orjson.dumps(record).decode()


def drops(w: Writer, now: datetime) -> str:
    """Packets that a firewall dropped, from 121 sources."""
    source = w.random.choice(BRUTE_SOURCES[:121])
    said = f"IN=eth0 OUT= MAC={':'.join(w.hex(2) for _ in range(14))} SRC={source} DST={w.ip()} LEN=60 TOS=0x00 PREC=0x00 TTL=52"
    said += (
        f" ID={w.random.randrange(65536)} DF PROTO=TCP SPT={w.port()} DPT={w.random.randrange(1, 2000)} WINDOW=29200 RES=0x00 SYN URGP=0"
    )
    return f"<4>{_bsd(now)} gw01 kernel: FW-DROP: {said}"


STEPS = {brute: BRUTE_STEP}
FORMATS = {"sshd": sshd, "asa": asa, "iptables": iptables, "eve": eve, "brute": brute, "drops": drops}


def write(path: Path, name: str, count: int, *, over: timedelta | None = None, since: datetime = START) -> Path:
    """A file of so many lines of the format; they are spread over so much time, else at the format's own pace."""
    writer = Writer(since, over / count if over else None)
    with path.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in islice(writer.lines(FORMATS[name]), count))
    return path
