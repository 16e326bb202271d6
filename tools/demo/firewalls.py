"""Three firewalls: netfilter at the Ministry of Science, a Cisco ASA at a hospital, pfSense at the Ministry of Health.

netfilter: iptables-extensions(8), LOG; ASA: Cisco Secure Firewall ASA Series Syslog Messages; pfSense: "Raw Filter Log Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from .world import SECONDS, Dice, Line, bsd, clients, moment, spread

NETFILTER, ASA, PFSENSE = "ministry-science/kern.log", "hospital-east/asa.log", "ministry-health/filterlog.log"
_MAC = "00:00:5e:00:53:23:00:00:5e:00:53:42:08:00"
_NOISE = (23, 445, 5060, 8080, 3389, 2323, 1433, 6379, 8443, 81)  # what strangers knock at everywhere
_SCIENCE = clients("198.51.100.", 17, 14)
_HEALTH = clients("198.51.100.", 48, 14)
_EAST = clients("192.0.2.", 81, 14)


def _destination(dice: Dice) -> tuple[str, str, int]:
    """Protocol, address and port of what people at work call up."""
    protocol, port = dice.choices((("TCP", 443), ("TCP", 80), ("UDP", 53), ("UDP", 123), ("TCP", 993)), (60, 8, 22, 5, 5))[0]
    return protocol, dice.stranger(), port


def netfilter(dice: Dice, at: float, verdict: str, way: str, source: str, target: str, protocol: str, port: int) -> Line:
    tail = (
        f"PROTO=TCP SPT={dice.port()} DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0"
        if protocol == "TCP"
        else f"PROTO=UDP SPT={dice.port()} DPT={port} LEN=56"
    )
    text = (
        f"{bsd(at)} fw1 kernel: [{812_000 + at:.6f}] {verdict}: {way} MAC={_MAC} SRC={source} DST={target} LEN=60 TOS=0x00 PREC=0x00 "
        f"TTL={dice.randrange(44, 64)} ID={dice.randrange(65536)} DF {tail} "
    )
    return Line(at, NETFILTER, text)


def ministry_science(dice: Dice) -> Iterator[Line]:
    def browsing(at: float) -> Iterator[Line]:
        protocol, target, port = _destination(dice)
        yield netfilter(dice, at, "FWD-ACCEPT", "IN=eth1 OUT=eth0", dice.choice(_SCIENCE), target, protocol, port)

    yield from spread(dice, 800, browsing)
    for _ in range(240):
        target, port = f"198.51.100.{dice.randrange(1, 31)}", dice.choice(_NOISE)
        yield netfilter(dice, dice.random() * SECONDS, "IN-DROP", "IN=eth0 OUT=", dice.stranger(), target, "TCP", port)


def _asa(at: float, severity: int, number: int, said: str) -> Line:
    when = moment(at)
    return Line(at, ASA, f"<{160 + severity}>{when:%b %d %Y %H:%M:%S} asa1 : %ASA-{severity}-{number}: {said}")


def _asa_flow(dice: Dice, numbers: Iterator[int], at: float) -> Iterator[Line]:
    protocol, target, port = _destination(dice)
    inside, own, number = f"10.20.1.{dice.randrange(20, 90)}", dice.choice(_EAST), next(numbers)
    mine, theirs = dice.port(), dice.port()
    built, teardown = (302013, 302014) if protocol == "TCP" else (302015, 302016)
    outside = f"outside:{target}/{port}"
    yield _asa(
        at,
        6,
        built,
        f"Built outbound {protocol} connection {number} for {outside} ({target}/{port}) to inside:{inside}/{mine} ({own}/{theirs})",
    )
    lasted = int(dice.expovariate(1 / 40)) if protocol == "TCP" else 0
    clock = f"{lasted // 3600}:{lasted // 60 % 60:02}:{lasted % 60:02}"
    size, end = (dice.randrange(900, 90_000), " TCP FINs from inside") if protocol == "TCP" else (dice.randrange(90, 400), "")
    said = f"Teardown {protocol} connection {number} for {outside} to inside:{inside}/{mine} duration {clock} bytes {size}{end}"
    yield _asa(at + lasted, 6, teardown, said)


def _asa_vpn(dice: Dice, at: float) -> Iterator[Line]:
    user, home, pool = dice.choice(("n.eder", "o.pichler", "v.auer", "w.koch")), dice.stranger(), f"10.20.9.{dice.randrange(10, 60)}"
    if dice.random() < 0.2:
        yield _asa(
            at - 9,
            6,
            113005,
            f"AAA user authentication Rejected : reason = AAA failure : server = 10.20.0.5 : user = {user} : user IP = {home}",
        )
    yield _asa(at, 6, 113004, f"AAA user authentication Successful : server = 10.20.0.5 : user = {user}")
    yield _asa(at + 0.4, 6, 113039, f"Group <staff> User <{user}> IP <{home}> AnyConnect parent session started.")
    yield _asa(at + 0.9, 4, 722051, f"Group <staff> User <{user}> IP <{home}> IPv4 Address <{pool}> IPv6 address <::> assigned to session")
    lasted = dice.randrange(900, 20_000)
    clock = f"{lasted // 3600}h:{lasted // 60 % 60:02}m:{lasted % 60:02}s"
    traffic = f"Bytes xmt: {dice.randrange(10**5, 10**7)}, Bytes rcv: {dice.randrange(10**5, 10**7)}, Reason: User Requested"
    said = f"Group = staff, Username = {user}, IP = {home}, Session disconnected. Session Type: SSL, Duration: {clock}, {traffic}"
    yield _asa(at + lasted, 4, 113019, said)


def hospital_east(dice: Dice) -> Iterator[Line]:
    numbers = count(48_001)
    yield from spread(dice, 560, lambda at: _asa_flow(dice, numbers, at))
    yield from spread(dice, 26, lambda at: _asa_vpn(dice, at))
    for _ in range(170):
        target, port = f"192.0.2.{dice.randrange(65, 95)}", dice.choice(_NOISE)
        ends = f"src outside:{dice.stranger()}/{dice.port()} dst inside:{target}/{port}"
        said = f'Deny tcp {ends} by access-group "outside_in" [0x8ed66b60, 0x0]'
        yield _asa(dice.random() * SECONDS, 4, 106023, said)


def pfsense(dice: Dice, at: float, action: str, way: str, source: str, target: str, protocol: str, port: int) -> Line:
    rule = "7,,,1000000103,igb0" if action == "block" else "82,,,1770000001,igb1"
    number, lifetime = dice.randrange(65536), dice.randrange(44, 64)
    if protocol == "TCP":
        tail = f"6,tcp,60,{source},{target},{dice.port()},{port},0,S,{dice.randrange(2**32)},,64240,,mss;sackOK;TS;nop;wscale"
    else:
        tail = f"17,udp,76,{source},{target},{dice.port()},{port},56"
    text = f"<134>{bsd(at)} fw-health filterlog[92653]: {rule},match,{action},{way},4,0x0,,{lifetime},{number},0,DF,{tail}"
    return Line(at, PFSENSE, text)


def ministry_health(dice: Dice) -> Iterator[Line]:
    def browsing(at: float) -> Iterator[Line]:
        protocol, target, port = _destination(dice)
        yield pfsense(dice, at, "pass", "in", dice.choice(_HEALTH), target, protocol, port)

    yield from spread(dice, 800, browsing)
    for _ in range(240):
        target, port = f"198.51.100.{dice.randrange(33, 63)}", dice.choice(_NOISE)
        yield pfsense(dice, dice.random() * SECONDS, "block", "in", dice.stranger(), target, "TCP", port)
