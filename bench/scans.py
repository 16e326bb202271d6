"""Denies of a packet filter on one day: noise of the Internet, each source of which tries one port of many hosts, and port scans among it.

Sources lie in 198.18.0.0/15, the network for benchmarks (RFC 2544). The same seed, the same events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import islice
from pathlib import Path
from random import Random

from soc.content import Content
from soc.event import Event
from soc.parsing import Clock, Stream
from soc.times import DAY, SECOND

LINE = Path(__file__).parents[1] / "detections/rules/firewall/port_scan.hit.log"
RULE = "firewall_port_scan"
SCANS = 20
PORTS = 100  # of a scan, one a second
SOURCES = 100_000
USUAL = (23, 22, 445, 3389, 80, 8080, 5060, 6379, 2323, 5555)


def denies(content: Content, number: int, now: int) -> Iterator[Event]:
    """So many, of the day before `now`."""
    line = LINE.read_bytes().splitlines()[0]
    event = content.routes().event(line, Stream(Clock(now, UTC))) | {"soc.feed": "firewall"}
    fields = islice(_fields(Random(20261011), number), number)
    return (event | one | {"@timestamp": now - DAY + one["@timestamp"], "event.id": f"deny-{place:09}"} for place, one in enumerate(fields))


def _fields(chance: Random, number: int) -> Iterator[Event]:
    for scan in range(SCANS):
        start = chance.randrange(DAY - PORTS * SECOND)
        host = _host(chance)
        for port in range(PORTS):
            yield _one(start + port * SECOND, f"198.51.100.{scan}", host, 1 + port * 7)
    while True:
        source = int(SOURCES * chance.random() ** 3)  # the busiest sends two of a hundred
        port = USUAL[source % len(USUAL)] if chance.random() < 0.97 else chance.randrange(1, 1 << 16)
        yield _one(chance.randrange(DAY), f"198.{18 + source // (1 << 16)}.{source // 256 % 256}.{source % 256}", _host(chance), port)


def _host(chance: Random) -> str:
    return f"192.0.2.{chance.randrange(128)}"


def _one(time: int, source: str, host: str, port: int) -> Event:
    return {"@timestamp": time, "source.ip": source, "destination.ip": host, "destination.port": port}
