"""IP protocols by the names and numbers that firewalls print.

IANA, "Assigned Internet Protocol Numbers": the keyword in lower case is `network.transport`, the number `network.iana_number`.
"""

from __future__ import annotations

from soc.parsing.values import count

_KEYWORDS = {
    0: "hopopt",
    1: "icmp",
    2: "igmp",
    4: "ipv4",
    6: "tcp",
    8: "egp",
    9: "igp",
    17: "udp",
    33: "dccp",
    41: "ipv6",
    43: "ipv6-route",
    44: "ipv6-frag",
    46: "rsvp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    59: "ipv6-nonxt",
    60: "ipv6-opts",
    88: "eigrp",
    89: "ospf",
    94: "ipip",
    97: "etherip",
    103: "pim",
    108: "ipcomp",
    112: "vrrp",
    115: "l2tp",
    132: "sctp",
    136: "udplite",
    137: "mpls-in-ip",
}
_OTHER_NAMES = {
    "icmp6": 58,
    "icmpv6": 58,
    "icmp-ipv6": 58,
    "ospfigp": 89,
    "carp": 112,
    "ipinip": 4,
    "nos": 94,
    "snp": 109,
    "pcp": 108,
    "ahp": 51,
}
_NUMBERS = {keyword: str(number) for number, keyword in _KEYWORDS.items()} | {name: str(number) for name, number in _OTHER_NAMES.items()}


def _protocol(text: str) -> tuple[str | None, str | None]:
    name = text.lower()
    if name in _NUMBERS:
        number = _NUMBERS[name]
        return _KEYWORDS.get(int(number), name), number
    numeric = count(name)
    if numeric is None:
        return name or None, None
    return (_KEYWORDS.get(numeric), str(numeric)) if numeric < 256 else (None, None)


_known = {name: _protocol(name) for word in (*_NUMBERS, "ICMPv6", "IPv6-ICMP") for name in (word, word.upper())}


def protocol(text: str) -> tuple[str | None, str | None]:
    """Keyword and number of a protocol given by either; None for the one that nobody assigned or that cannot be known."""
    return _known.get(text) or _protocol(text)
