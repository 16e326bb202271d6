"""One packet as netfilter prints it behind IN=, shared by the parsers of what logs it.

    IN=eth0 OUT= MAC=… SRC=203.0.113.7 DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=4711 DF PROTO=TCP SPT=44123 DPT=22 …

Keys and order: net/netfilter/nf_log_syslog.c (Linux 6.1); ulogd2's printpkt differs in spelling numbers alone. Proxmox leaves out an
interface that there is none of, RES= and URGP=.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import Field
from soc.parsing.keyvalue import words
from soc.parsing.values import count, ip, mac, port, related

from ._ip import protocol

_TCP_FLAGS = frozenset(["CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"])
_ETHER_TYPES = {"08:00": 2048, "86:dd": 34525}
_USUAL = re.compile(
    r"""
    IN=([^ ]*)\ OUT=([^ ]*)\                                                        # IN=eth0 OUT=
    (?:MAC=(?:([0-9a-f:]{35}):([0-9a-f]{2}:[0-9a-f]{2}))?\ )?                    # MAC=00:00:5e:00:53:23:00:00:5e:00:53:42:08:00
    SRC=([0-9.]+)\ DST=([0-9.]+)\ LEN=([0-9]{1,5})\ TOS=([^ ]+)\ PREC=([^ ]+)\ TTL=([0-9]{1,3})\ ID=([0-9]{1,5})\ (DF\ )?PROTO=(?:
    TCP\ SPT=([0-9]{1,5})\ DPT=([0-9]{1,5})\ WINDOW=([0-9]{1,5})\ RES=([^ ]+)\ ((?:(?:CWR|ECE|URG|ACK|PSH|RST|SYN|FIN)\ )*)URGP=[0-9]+
    |UDP\ SPT=([0-9]{1,5})\ DPT=([0-9]{1,5})\ LEN=([0-9]{1,5})
    )\ ?""",
    re.VERBOSE,
).fullmatch
_ETHERNET = re.compile("(?:[0-9a-fA-F]{2}:){13,63}[0-9a-fA-F]{2}").fullmatch
_TAGGED = frozenset({0x8100, 0x88A8})
_BEHIND_ETHERNET = frozenset({0x0800, 0x0806, 0x86DD, 0x8863, 0x8864, *_TAGGED})  # a tunnel's longer header is none of Ethernet
_REST = re.compile(
    r"(?:[^ ]* )?(?:(?:[A-Z]+=[^ ]*|DF|MF|CE|FRAG:[0-9]+) )*PROTO=[A-Za-z0-9]{1,16} ?(?:(?:SPT|TYPE|SPI)=.*)?", re.DOTALL
).fullmatch
_ETHER_TYPE = re.compile("[0-9a-fA-F]{4}").fullmatch
_INCOMPLETE = re.compile(r"INCOMPLETE \[(\d+) bytes\]")


def _hexadecimal(text: str) -> int | None:
    return int(text, 16) if _ETHER_TYPE(text) else None


_ICMP: dict[str, tuple[str, Callable[[str], Any]]] = {  # netfilter key behind PROTO=ICMP -> field, reader
    "TYPE": ("iptables.icmp.type", count),
    "CODE": ("iptables.icmp.code", count),
    "ID": ("iptables.icmp.id", count),
    "SEQ": ("iptables.icmp.seq", count),
    "PARAMETER": ("iptables.icmp.parameter", count),
    "MTU": ("iptables.icmp.mtu", count),
    "GATEWAY": ("iptables.icmp.redirect", ip),
}
_RARE: dict[str, tuple[str, Callable[[str], Any]]] = {  # netfilter key -> field, reader
    "PHYSIN": ("iptables.physical_input_device", str),
    "PHYSOUT": ("iptables.physical_output_device", str),
    "MACSRC": ("source.mac", mac),
    "MACDST": ("destination.mac", mac),
    "MACPROTO": ("iptables.ether_type", _hexadecimal),
    "VID": ("network.vlan.id", str),
    "FLOWLBL": ("iptables.flow_label", count),
    "SPI": ("iptables.spi", str),
    "UID": ("user.id", str),
    "GID": ("user.group.id", str),
    "MARK": ("iptables.mark", str),
    "HTYPE": ("iptables.arp.hardware_type", count),
    "OPCODE": ("iptables.arp.opcode", count),
}


def packet(text: str) -> Event:
    """The fields of a packet's text, which begins with IN= or OUT=. Raises ParseError when it names no two addresses."""
    return usual(text) or any_packet(text)


def usual(text: str) -> Event | None:
    """What `any_packet` says of TCP or UDP over IPv4 without rarities, at a third of its cost; None of anything else."""
    match = _USUAL(text)
    if match is None:
        return None
    ingress, egress, addresses, kind, sender, receiver, length, tos, precedence, ttl, number, unfragmented, *transport = match.groups()
    from_port, to_port, window, reserved, flags, from_udp, to_udp, udp_length = transport
    source, destination, size = ip(sender), ip(receiver), port(length)
    source_port, destination_port = port(from_port or from_udp), port(to_port or to_udp)
    if source is None or destination is None or source_port is None or destination_port is None or size is None:
        return None
    event: Event = {
        "event.category": ["network"],
        "source.ip": source,
        "source.port": source_port,
        "destination.ip": destination,
        "destination.port": destination_port,
        "network.type": "ipv4",
        "network.bytes": size,
        "related.ip": [source, destination] if source != destination else [source],
        "iptables.length": size,
        "iptables.ttl": int(ttl),
        "iptables.id": int(number),
        "iptables.tos": tos,
        "iptables.precedence_bits": precedence,
    }
    if ingress:
        event["observer.ingress.interface.name"] = ingress
    if egress:
        event["observer.egress.interface.name"] = egress
    if kind:
        addresses = addresses.upper().replace(":", "-")
        event["destination.mac"], event["source.mac"] = addresses[:17], addresses[18:]
        event["iptables.ether_type"] = _ETHER_TYPES.get(kind) or int(kind.replace(":", ""), 16)
    if unfragmented:
        event["iptables.fragment_flags"] = ["DF"]
    if udp_length:
        event["network.transport"], event["network.iana_number"] = "udp", "17"
        event["iptables.udp.length"] = int(udp_length)
    else:
        event["network.transport"], event["network.iana_number"] = "tcp", "6"
        event["iptables.tcp.window"] = int(window)
        if flags:
            event["iptables.tcp.flags"] = flags.split()
        event["iptables.tcp.reserved_bits"] = reserved
    return event


def any_packet(text: str) -> Event:
    """As `packet`, by key and without regard to order."""
    original = ""
    if (nested := text.find("[SRC=")) >= 0:  # the packet that an ICMP error is about
        close = text.rfind("]")
        end = close if close > nested else len(text)
        original, text = text[nested + 1 : end], text[:nested] + text[end + 1 :]
    keys = words(text)  # of equal keys the first stands: the IP layer's
    source, destination = _address(keys, "SRC"), _address(keys, "DST")
    event: Event = {
        "event.category": ["network"],
        "source.ip": source,
        "destination.ip": destination,
        "network.type": "ipv6" if ":" in source else "ipv4",
        "related.ip": [source, destination] if source != destination else [source],
    }
    _link(event, keys)
    _internet(event, keys, text)
    _transport(event, keys, text)
    event.update({field: value for key, (field, read) in _RARE.items() if key in keys and (value := read(keys[key])) not in (None, "")})
    if original:
        _original(event, original)
    return event


def rest(text: str) -> Event | None:
    """The fields of what a cut in front left of a packet's text; None of another text. The first word may be a part of one."""
    if not _REST(text):
        return None
    if text.startswith(("IN=", "OUT=")):  # of PHYSIN=, PHYSOUT=
        text = text.partition(" ")[2]
    keys = words(text)
    event: Event = {"event.category": ["network"]}
    for side, key in (("source", "SRC"), ("destination", "DST")):
        if address := ip(keys.get(key, "")):
            event[f"{side}.ip"] = address
            event["related.ip"] = related(*event.get("related.ip", ()), address)
            event["network.type"] = "ipv6" if ":" in address else "ipv4"
    _link(event, keys)
    _internet(event, keys, text)
    _transport(event, keys, text)
    return event


def _address(keys: dict[str, str], key: str) -> str:
    """Raises ParseError: a line cut off here is of no use as a packet."""
    text = keys.get(key) or keys.get(f"IP{key}")  # IPSRC in ARP
    if text is None:
        raise ParseError(f"a netfilter line without {key}=; it may have been cut off on its way")
    address = ip(text)
    if address is None:
        raise ParseError(f"a netfilter line with {key}={text[:64]!r}, which is no IP address; it may have been cut off on its way")
    return address


def _link(event: Event, keys: dict[str, str]) -> None:
    """Interfaces and hardware addresses: MAC= is destination, source, type of an Ethernet header, and whatever stands behind them."""
    if name := keys.get("IN"):
        event["observer.ingress.interface.name"] = name
    if name := keys.get("OUT"):
        event["observer.egress.interface.name"] = name
    header = keys.get("MAC")
    if not header or not _ETHERNET(header):
        return
    octets = bytes.fromhex(header.replace(":", ""))
    kind = int.from_bytes(octets[12:14])
    if len(octets) > 14 and kind not in _BEHIND_ETHERNET:
        return
    if kind in _TAGGED and len(octets) >= 18:
        event["network.vlan.id"] = str(int.from_bytes(octets[14:16]) & 0xFFF)
        kind = int.from_bytes(octets[16:18])
    addresses = header[:35].upper().replace(":", "-")
    event["destination.mac"], event["source.mac"], event["iptables.ether_type"] = addresses[:17], addresses[18:], kind


def _internet(event: Event, keys: dict[str, str], text: str) -> None:
    """The IPv4 or IPv6 header."""
    if (length := count(keys.get("LEN", ""))) is not None:
        event["network.bytes"] = event["iptables.length"] = length
    if (hops := count(keys.get("TTL") or keys.get("HOPLIMIT", ""))) is not None:
        event["iptables.ttl"] = hops
    if (number := count(keys.get("ID", ""))) is not None and "TTL" in keys:
        event["iptables.id"] = number
    if tos := keys.get("TOS") or keys.get("TC"):
        event["iptables.tos"] = tos
    if precedence := keys.get("PREC"):
        event["iptables.precedence_bits"] = precedence
    if " DF " in text or " MF " in text or " CE " in text:
        event["iptables.fragment_flags"] = [flag for flag in ("CE", "DF", "MF") if f" {flag} " in text]
    if (place := text.find("FRAG:")) >= 0 and (offset := count(text[place + 5 :].partition(" ")[0])) is not None:
        event["iptables.fragment_offset"] = offset
    if "INCOMPLETE" in text and (incomplete := _INCOMPLETE.search(text)) and (size := count(incomplete[1])) is not None:
        event["iptables.incomplete_bytes"] = size


def _transport(event: Event, keys: dict[str, str], text: str) -> None:
    name = keys.get("PROTO")
    if name is None:
        return
    keyword, number = protocol(name)
    if keyword:
        event["network.transport"] = keyword
    if number:
        event["network.iana_number"] = number
    if (sender := port(keys.get("SPT", ""))) is not None:
        event["source.port"] = sender
    if (receiver := port(keys.get("DPT", ""))) is not None:
        event["destination.port"] = receiver
    if keyword == "tcp":
        _tcp(event, keys, text)
    elif keyword in ("icmp", "ipv6-icmp"):
        tail = words(text.partition(" PROTO=")[2])
        event.update({field: value for key, (field, read) in _ICMP.items() if key in tail and (value := read(tail[key])) is not None})
    elif keyword in ("udp", "udplite") and (length := count(text.rpartition(" LEN=")[2].partition(" ")[0])) is not None:
        event["iptables.udp.length"] = length


def _tcp(event: Event, keys: dict[str, str], text: str) -> None:
    if (window := count(keys.get("WINDOW", ""))) is not None:
        event["iptables.tcp.window"] = window
        behind = text[text.find(" WINDOW=") :].partition(" URGP=")[0]
        if flags := [word for word in behind.split(" ") if word in _TCP_FLAGS]:
            event["iptables.tcp.flags"] = flags
    if (number := count(keys.get("SEQ", ""))) is not None:
        event["iptables.tcp.seq"] = number
    if (number := count(keys.get("ACK", ""))) is not None:
        event["iptables.tcp.ack"] = number
    if reserved := keys.get("RES"):
        event["iptables.tcp.reserved_bits"] = reserved


def _original(event: Event, text: str) -> None:
    """The header of the packet that an ICMP error quotes."""
    keys = words(text)
    for side, address, number in (("source", "SRC", "SPT"), ("destination", "DST", "DPT")):
        if (quoted := ip(keys.get(address, ""))) is not None:
            event[f"iptables.original.{side}.ip"] = quoted
            event["related.ip"] = related(*event["related.ip"], quoted)
        if (value := port(keys.get(number, ""))) is not None:
            event[f"iptables.original.{side}.port"] = value
    if keyword := protocol(keys.get("PROTO", ""))[0]:
        event["iptables.original.transport"] = keyword


FIELDS = [
    Field("iptables.ether_type", "long", False, True, "EtherType of the frame: 2048 is IPv4, 34525 IPv6"),
    Field("iptables.physical_input_device", "keyword", False, False, "bridge port that the packet came in by"),
    Field("iptables.physical_output_device", "keyword", False, False, "bridge port that the packet leaves by"),
    Field("iptables.length", "long", False, True, "bytes of the IP packet (IPv6: of its payload and header, as netfilter counts)"),
    Field("iptables.tos", "keyword", False, False, "type of service without precedence (IPv4), traffic class (IPv6), as printed"),
    Field("iptables.precedence_bits", "keyword", False, False, "precedence bits of the type of service, as printed"),
    Field("iptables.ttl", "long", False, True, "time to live (IPv4) or hop limit (IPv6)"),
    Field("iptables.id", "long", False, True, "identification of the IPv4 packet"),
    Field("iptables.flow_label", "long", False, True, "flow label of the IPv6 packet"),
    Field("iptables.fragment_flags", "keyword", True, False, "CE, DF (do not fragment), MF (more fragments)"),
    Field("iptables.fragment_offset", "long", False, True, "fragment offset as printed after FRAG:"),
    Field("iptables.incomplete_bytes", "long", False, True, "bytes of a packet that was too short for its header"),
    Field("iptables.guest_id", "keyword", False, False, "number of the guest of a Proxmox host whose firewall logged the packet"),
    Field("iptables.mark", "keyword", False, False, "firewall mark of the packet, as printed"),
    Field("iptables.spi", "keyword", False, False, "security parameter index of an AH or ESP packet, as printed"),
    Field("iptables.tcp.flags", "keyword", True, False, "TCP flags that were set: CWR ECE URG ACK PSH RST SYN FIN"),
    Field("iptables.tcp.window", "long", False, True, "TCP window"),
    Field("iptables.tcp.reserved_bits", "keyword", False, False, "reserved bits of the TCP header, as printed"),
    Field("iptables.tcp.seq", "long", False, True, "TCP sequence number, when --log-tcp-sequence is on"),
    Field("iptables.tcp.ack", "long", False, True, "TCP acknowledgement number, when --log-tcp-sequence is on"),
    Field("iptables.udp.length", "long", False, True, "bytes of the UDP datagram with its header"),
    Field("iptables.icmp.type", "long", False, True, "ICMP type"),
    Field("iptables.icmp.code", "long", False, True, "ICMP code"),
    Field("iptables.icmp.id", "long", False, True, "identifier of an ICMP echo"),
    Field("iptables.icmp.seq", "long", False, True, "sequence number of an ICMP echo"),
    Field("iptables.icmp.parameter", "long", False, True, "octet that an ICMP parameter problem points at"),
    Field("iptables.icmp.mtu", "long", False, True, "MTU of the next hop, told by an ICMP error"),
    Field("iptables.icmp.redirect", "ip", False, False, "gateway that an ICMP redirect names"),
    Field("iptables.arp.hardware_type", "long", False, True, "hardware type of an ARP packet: 1 is Ethernet"),
    Field("iptables.arp.opcode", "long", False, True, "ARP operation: 1 request, 2 reply"),
    Field("iptables.original.source.ip", "ip", False, False, "source of the packet that an ICMP error quotes"),
    Field("iptables.original.source.port", "long", False, True, "source port of the packet that an ICMP error quotes"),
    Field("iptables.original.destination.ip", "ip", False, False, "destination of the packet that an ICMP error quotes"),
    Field("iptables.original.destination.port", "long", False, True, "destination port of the packet that an ICMP error quotes"),
    Field("iptables.original.transport", "keyword", False, False, "protocol of the packet that an ICMP error quotes"),
]
