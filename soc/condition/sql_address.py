r"""Networks in DuckDB's SQL without its inet extension, which is not at hand offline.

An IPv4 network is a regex over dotted quads: 198.51.100.0/30 is `198\.51\.100\.(0|1|2|3)`.
An IPv6 address, in whatever form, is written out to its 32 hexadecimal digits, and these are compared.
What is an address: the grammar of Python's ipaddress (RFC 4291, 2.2; a quad has no leading zeros), a zone is cut off.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import takewhile

_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_QUAD = rf"{_OCTET}(\.{_OCTET}){{3}}"
_GROUP = "[0-9a-fA-F]{1,4}"
_FULL = rf"({_GROUP}:){{7}}{_GROUP}|({_GROUP}:){{6}}{_QUAD}"
_SHORT = rf"({_GROUP}(:{_GROUP})*)?::(({_GROUP}:)*({_GROUP}|{_QUAD}))?"
_MAPPED = IPv6Network("::ffff:0:0/96")


def inside(value: str, network: str, *, canonical: bool) -> str:
    """Whether a text that is not NULL is an address of the network. `canonical`: addresses are in canonical form."""
    parsed = ip_network(network)
    bare = value if canonical else f"split_part({value}, '%', 1)"
    if isinstance(parsed, IPv6Network):
        return _canonical_six(bare, parsed) if canonical else _six(bare, parsed)
    quad = f"regexp_full_match({bare}, '{quad_pattern(parsed)}')"
    return quad if canonical else f"({quad} OR {_six(bare, _as_mapped(parsed))})"


def quad_pattern(network: IPv4Network) -> str:
    """RE2 for the dotted quads of a network."""
    whole, bits = divmod(network.prefixlen, 8)
    octets = network.network_address.packed
    pattern = [str(octet) for octet in octets[:whole]]
    if bits:
        pattern.append(f"({'|'.join(str(octets[whole] + i) for i in range(1 << (8 - bits)))})")
    return r"\.".join(pattern + [_OCTET] * (4 - len(pattern)))


def _as_mapped(network: IPv4Network) -> IPv6Network:
    return IPv6Network((int(_MAPPED.network_address) + int(network.network_address), 96 + network.prefixlen))


def _canonical_six(text: str, network: IPv6Network) -> str:
    """As `_six`, where the leading groups of the network, as long as none is zero, stand at the start of its addresses."""
    if network.prefixlen == 128:
        return f"{text} = '{network.network_address}'"
    whole, bits = divmod(network.prefixlen, 16)
    groups = [f"{int(group, 16):x}" for group in network.network_address.exploded.split(":")[:whole]]
    leading = list(takewhile(lambda group: group != "0", groups))
    begins = f"starts_with({text}, '{''.join(f'{group}:' for group in leading)}')"
    if leading and len(leading) == whole and not bits:
        return begins
    return f"CASE WHEN {begins} THEN {_six(text, network)} ELSE false END" if leading else _six(text, network)


def _six(text: str, network: IPv6Network) -> str:
    first, last = (f"{int(address):032x}" for address in (network.network_address, network.broadcast_address))
    met = f"d BETWEEN '{first}' AND '{last}'"
    if network.prefixlen < 96:  # a mapped address is an IPv4 address
        met += f" AND NOT starts_with(d, '{'0' * 20}ffff')"
    # one `::` stands for at least one group; a quad counts as two
    groups = f"len(regexp_extract_all({text}, '[0-9a-fA-F.]+')) + CASE WHEN contains({text}, '.') THEN 1 ELSE 0 END"
    is_six = f"(regexp_full_match({text}, '{_FULL}') OR (regexp_full_match({text}, '{_SHORT}') AND {groups} <= 7))"
    inside = f"CASE WHEN {is_six} THEN coalesce({_let('d', _digits(text), met)}, false) ELSE false END"
    return f"CASE WHEN contains({text}, ':') THEN {inside} ELSE false END"  # most addresses are IPv4: they are spared the rest


def _digits(address: str) -> str:
    """The 32 lower-case hexadecimal digits of an IPv6 address."""
    octet = "TRY_CAST(split_part(regexp_extract(a, '[0-9.]+$'), '.', {}) AS INTEGER)".format
    quad = " || ':' || ".join(f"printf('%x', {octet(i)} * 256 + {octet(i + 1)})" for i in (1, 3))
    grouped = f"CASE WHEN contains(a, '.') THEN regexp_replace(a, '[0-9.]+$', '') || {quad} ELSE a END"
    head, tail = (_padded(f"split_part(g, '::', {side})") for side in (1, 2))
    return _let("a", f"lower({address})", _let("g", grouped, f"({head}) || repeat('0', 32 - len({head}) - len({tail})) || ({tail})"))


def _padded(groups: str) -> str:
    joined = f"array_to_string(list_transform(string_split({groups}, ':'), lambda p: lpad(p, 4, '0')), '')"
    return f"CASE WHEN {groups} = '' THEN '' ELSE {joined} END"


def _let(variable: str, value: str, body: str) -> str:
    return f"list_transform([{value}], lambda {variable}: {body})[1]"
