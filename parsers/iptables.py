"""Netfilter's LOG target and nftables' `log`: one packet that a Linux firewall logged.

    <4>Oct 11 22:14:15 fw1 kernel: [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.7 DST=192.0.2.10 … PROTO=TCP SPT=44123 DPT=22 …
    101 6 tap101i0-IN 11/Oct/2026:22:14:15 +0200 policy DROP: IN=fwbr101i0 SRC=203.0.113.7 DST=192.0.2.10 … DPT=22 …

Fields: iptables-extensions(8), LOG; order as printed by net/netfilter/nf_log_syslog.c (Linux 6.1); ulogd2's LOGEMU writes
the same. The prefix before IN= is the administrator's and says alone what became of the packet; UFW, Shorewall,
firewalld, SuSEfirewall2, EdgeOS and VyOS write it each in their way. BLOCK and DENY do not tell a silent drop from a
reject and are read as drop; a prefix with words for both passing and stopping claims neither. Proxmox (pve-firewall(8),
"Logging") writes guest, level, chain and time before it, without a syslog header: such a file's format has to be stated.
"""

from __future__ import annotations

import re
from datetime import UTC

from soc.event import Event
from soc.parsing import ANY, Clock, Dataset, Parser, Record
from soc.parsing.remembered import Remembered
from soc.parsing.timestamps import MONTHS, iso

from ._netfilter import FIELDS, packet

_ACTIONS = {
    **dict.fromkeys(
        ["DROP", "DROPS", "DROPPED", "DROPPING", "BLOCK", "BLOCKED", "BLOCKING", "DENY", "DENIED", "DENYING", "DISCARD"], "drop"
    ),
    **dict.fromkeys(["REJECT", "REJECTED", "REJECTING"], "reject"),
    **dict.fromkeys(["ACCEPT", "ACCEPTED", "ACC", "ALLOW", "ALLOWED", "PASS", "PASSED", "PERMIT", "PERMITTED"], "accept"),
}
_LETTERS = {"A": "accept", "D": "drop", "R": "reject"}
_STAMP = re.compile(r" *\[ *[0-9]+\.[0-9]+\] ?(?:\[ *[TC][0-9]+\] ?)?").match  # [12345.678901] [  T123]   <- printk's time and caller
_NUMBERED = re.compile(r"\[(.+)-(\d+|default)-([ADR])\]")  # [WAN_LOCAL-default-D]   <- EdgeOS, VyOS: rule set, rule, action
_PROXMOX = rf"([0-9]{{1,10}}) [0-7] (\S{{1,64}}) ([0-9]{{2}})/({'|'.join(MONTHS)})/([0-9]{{4}}):([0-9:]{{8}}) ([+-][0-9]{{2}})([0-9]{{2}}) "
_BY_PROXMOX = re.compile(_PROXMOX).match
_ONE_WAY = re.compile(_PROXMOX + "[^=]{0,64}(?=IN=|OUT=)").match  # 0 6 PVEFW-HOST-IN 11/Oct/2026:22:14:15 +0200 policy DROP: IN=vmbr0 SRC=
_ZONED = Clock(0, UTC)  # for a time that states its zone
_WORDS = re.compile(r"[A-Za-z]+")
_NEGATIONS = frozenset({"NOT", "NO", "NON"})  # NOT ALLOWED: such a word claims nothing


def parse(record: Record) -> Event | None:
    message = record.message
    end = message.rfind(" OUT=")  # the last one is the kernel's: a prefix may hold such text, nothing behind it can
    start = message.rfind("IN=", 0, end)
    if end < 0 or start < 0 or " " in message[start:end]:
        if (before := _ONE_WAY(message)) is None:
            return None
        start = before.end()
    event = packet(message[start:])
    stamp = _STAMP(message)
    claim = _claims[message[stamp.end() : start] if stamp else message[:start]]
    event.update(claim)
    event["event.type"] = [*claim["event.type"]]
    return event


def _claim(prefix: str) -> Event:
    """What the prefix says of the packet's fate and the rule. Shared between calls: not to be changed. Raises ParseError."""
    if proxmox := _BY_PROXMOX(prefix):
        return _said(prefix[proxmox.end() :]) | _logged_by_proxmox(*proxmox.groups())
    return _said(prefix)


_claims = Remembered(_claim, most=4096, longest=256)


def _said(prefix: str) -> Event:
    """The rule's name, and what its words claim."""
    name = prefix.strip(' "').rstrip(":").rstrip()  # "filter_IN_public_REJECT: "   <- firewalld's quotes
    if numbered := _NUMBERED.fullmatch(name):
        named: Event = {"rule.name": name[1:-1], "rule.ruleset": numbered[1], "rule.id": numbered[2]}
        return named | _fate(_LETTERS[numbered[3]])
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1].strip()
    words = [word.upper() for word in _WORDS.findall(name)]
    claims = {
        _ACTIONS[word]: None for before, word in zip(["", *words], words, strict=False) if word in _ACTIONS and before not in _NEGATIONS
    }
    sure = claims and ("accept" not in claims or len(claims) == 1)
    named = {"rule.name": name} if name else {}
    return named | _fate(list(claims)[-1] if sure else None)


def _logged_by_proxmox(guest: str, chain: str, day: str, month: str, year: str, time: str, hours: str, minutes: str) -> Event:
    said: Event = {
        "@timestamp": iso(f"{year}-{MONTHS[month]:02}-{day}T{time}{hours}:{minutes}", _ZONED),
        "rule.ruleset": chain,
    }
    return said if guest == "0" else said | {"iptables.guest_id": guest}  # 0 is the host itself


def _fate(action: str | None) -> Event:
    if action is None:
        return {"event.type": ["connection"]}
    return {"event.action": action, "event.type": ["connection", "allowed" if action == "accept" else "denied"]}


_SUPPLIED = """
    event.category event.type rule.name rule.ruleset rule.id source.ip source.port source.mac
    destination.ip destination.port destination.mac
    network.type network.transport network.iana_number network.bytes network.vlan.id related.ip user.id user.group.id
    observer.ingress.interface.name observer.egress.interface.name
"""

PARSER = Parser(
    name="iptables",
    title="Linux firewall: netfilter LOG, nftables log, UFW, Shorewall, firewalld",
    parse=parse,
    programs={"kernel", "ulogd"},
    marks=(" OUT=",),
    fields=FIELDS,
    supplies=[
        Dataset(
            "iptables.log",
            logsources=[
                {"category": "firewall"},
                {"product": "linux", "category": "firewall", "service": "iptables"},
                {"product": "iptables", "category": "firewall"},
            ],
            fields={
                **dict.fromkeys([*_SUPPLIED.split(), *(field.name for field in FIELDS)], ANY),
                "event.action": {"drop", "reject", "accept"},
            },
        )
    ],
)
