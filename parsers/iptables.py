"""Netfilter's LOG target and nftables' `log`: one packet that a Linux firewall logged.

    <4>Oct 11 22:14:15 fw1 kernel: [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.7 DST=192.0.2.10 … PROTO=TCP SPT=44123 DPT=22 …
    101 6 tap101i0-IN 11/Oct/2026:22:14:15 +0200 policy DROP: IN=fwbr101i0 SRC=203.0.113.7 DST=192.0.2.10 … DPT=22 …

Fields: iptables-extensions(8), LOG; order as printed by net/netfilter/nf_log_syslog.c (Linux 6.1); ulogd2's LOGEMU writes
the same. The prefix before IN= is the administrator's and says alone what became of the packet; UFW, Shorewall,
firewalld, SuSEfirewall2, EdgeOS and VyOS write it each in their way. BLOCK and DENY do not tell a silent drop from a
reject and are read as drop; a prefix with words for both passing and stopping claims neither. Where a firewall's own form has
a place for the verdict (a letter, the last word), names of chains and zones and descriptions beside it claim nothing.
Proxmox (pve-firewall(8), "Logging") writes guest, level, chain and time before it, without a syslog header: such a file's
format has to be stated.
"""

from __future__ import annotations

import re
from datetime import UTC

from soc.event import Event
from soc.parsing import ANY, Clock, Dataset, Parser, Record
from soc.parsing.remembered import Remembered
from soc.parsing.timestamps import MONTHS, iso

from ._netfilter import FIELDS, packet, rest

_ACTIONS = {
    **dict.fromkeys(
        ["DROP", "DROPS", "DROPPED", "DROPPING", "BLOCK", "BLOCKED", "BLOCKING", "DENY", "DENIED", "DENYING", "DISCARD"], "drop"
    ),
    **dict.fromkeys(["REJECT", "REJECTED", "REJECTING"], "reject"),
    **dict.fromkeys(["ACCEPT", "ACCEPTED", "ACC", "ALLOW", "ALLOWED", "PASS", "PASSED", "PERMIT", "PERMITTED"], "accept"),
}
_LETTERS = {"A": "accept", "D": "drop", "R": "reject"}
_STAMP = re.compile(r" *\[ *[0-9]+\.[0-9]+\] ?(?:\[ *[TC][0-9]+\] ?)?").match  # [12345.678901] [  T123]   <- printk's time and caller
_NUMBERED = re.compile(r"\[(.+)-(\d+|default)-([ADR])\]").fullmatch  # [WAN_LOCAL-default-D]   <- EdgeOS, VyOS: rule set, rule, action
_DESCRIBED = re.compile(  # [WAN_LAN-D-10001] DESCR="Guests"   <- UniFi OS
    r'(\[([^]]+)-([A-Z]{1,16})-(\d+|default)\])(?: DESCR="(.*)")?'
).fullmatch
_LAST_WORD = re.compile(  # Shorewall:net-fw:DROP, filter_IN_drop_REJECT   <- Shorewall: chain, verdict; firewalld: chain of a zone, verdict
    r"(?:Shorewall6?:[^:]*:|filter_(?:IN|OUT|FWD[IO]?)_.*_)([A-Z]+)"
).fullmatch
_FIRST_WORD = re.compile(  # reject wan in, DROP wan forward   <- OpenWrt: verdict, zone, chain
    "(accept|drop|reject) [^ ]+ (?:in|out|forward|invalid ct state)", re.IGNORECASE
).fullmatch
_PROXMOX = rf"([0-9]{{1,10}}) [0-7] (\S{{1,64}}) ([0-9]{{2}})/({'|'.join(MONTHS)})/([0-9]{{4}}):([0-9:]{{8}}) ([+-][0-9]{{2}})([0-9]{{2}}) "
_BY_PROXMOX = re.compile(_PROXMOX).match
_ONE_WAY = re.compile(_PROXMOX + "[^=]{0,64}(?=IN=|OUT=)").match  # 0 6 PVEFW-HOST-IN 11/Oct/2026:22:14:15 +0200 policy DROP: IN=vmbr0 SRC=
_ZONED = Clock(0, UTC)  # for a time that states its zone
_WORDS = re.compile(r"[A-Za-z]+")
_PROGRAMS = frozenset({"kernel", "ulogd"})
_TAG = ("process.name", "log.syslog.appname")
_HOST = ("host.name", "host.hostname", "log.syslog.hostname")
_NEGATIONS = frozenset({"NOT", "NO", "NON"})  # NOT ALLOWED: such a word claims nothing


def parse(record: Record) -> Event | None:
    message = record.message
    end = message.rfind(" OUT=")  # the last one is the kernel's: a prefix may hold such text, nothing behind it can
    start = message.rfind("IN=", 0, end)
    if end < 0 or start < 0 or " " in message[start:end]:
        if (before := _ONE_WAY(message)) is None:
            return _rest(record)
        start = before.end()
    event = packet(message[start:])
    stamp = _STAMP(message)
    prefix = message[stamp.end() : start] if stamp else message[:start]
    if not prefix and record.program not in _PROGRAMS and (misplaced := _misplaced(record)):
        record.fields.update(event)
        prefix, event = misplaced, record.fields
    claim = _claims[prefix]
    event.update(claim)
    event["event.type"] = [*claim["event.type"]]
    return event


def _rest(record: Record) -> Event | None:
    """What is left of a packet whose line was cut in front; None when it is none."""
    if record.program not in _PROGRAMS or "PROTO=" not in record.message:
        return None
    stamp = _STAMP(record.message)
    event = rest(record.message[stamp.end() :] if stamp else record.message)
    return event | {"event.type": ["connection"]} if event else None


def _misplaced(record: Record) -> str:
    """The prefix where the header's reader had to take it for a tag, or for a host: "DENY: IN=eth0", "DENY IN=eth0". Then it is neither."""
    word = record.program or record.fields.get("host.name", "")
    meant = "event.action" in _said(word) if record.program else word.upper() in _ACTIONS
    if meant:
        for name in _TAG if record.program else _HOST:
            record.fields.pop(name, None)
    return word if meant else ""


def _claim(prefix: str) -> Event:
    """What the prefix says of the packet's fate and the rule. Shared between calls: not to be changed. Raises ParseError."""
    if proxmox := _BY_PROXMOX(prefix):
        return _said(prefix[proxmox.end() :]) | _logged_by_proxmox(*proxmox.groups())
    return _said(prefix)


_claims = Remembered(_claim, most=4096, longest=256)


def _said(prefix: str) -> Event:
    """The rule's name, and what its words claim."""
    name = prefix.strip(' "').rstrip(":").rstrip()  # "filter_IN_public_REJECT: "   <- firewalld's quotes
    if described := _DESCRIBED(prefix.strip(" ")):
        return _described(*described.groups())
    if numbered := _NUMBERED(name):
        named: Event = {"rule.name": name[1:-1], "rule.ruleset": numbered[1], "rule.id": numbered[2]}
        return named | _fate(_LETTERS[numbered[3]])
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1].strip()
    placed = _LAST_WORD(name) or _FIRST_WORD(name)
    words = [word.upper() for word in _WORDS.findall(placed[1] if placed else name)]
    claims = {
        _ACTIONS[word]: None for before, word in zip(["", *words], words, strict=False) if word in _ACTIONS and before not in _NEGATIONS
    }
    sure = claims and ("accept" not in claims or len(claims) == 1)
    named = {"rule.name": name} if name else {}
    return named | _fate(list(claims)[-1] if sure else None)


def _described(name: str, ruleset: str, letter: str, number: str, description: str | None) -> Event:
    """UniFi OS: the letter decides, or a word in its place; others (RET, DNAT) are no verdict, and the description never is."""
    named: Event = {"rule.name": name[1:-1], "rule.ruleset": ruleset, "rule.id": number}
    if description:
        named["rule.description"] = description
    return named | _fate(_LETTERS.get(letter) or _ACTIONS.get(letter))


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
    event.category event.type rule.description rule.name rule.ruleset rule.id source.ip source.port source.mac
    destination.ip destination.port destination.mac
    network.type network.transport network.iana_number network.bytes network.vlan.id related.ip user.id user.group.id
    observer.ingress.interface.name observer.egress.interface.name
"""

PARSER = Parser(
    name="iptables",
    title="Linux firewall: netfilter LOG, nftables log, UFW, Shorewall, firewalld",
    parse=parse,
    programs=_PROGRAMS,
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
