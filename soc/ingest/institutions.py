"""`ingest/institutions.yml`: the desk's customers, their networks and what of these matters most.

- id: uni-north
  name: University of the North
  class: university                     # shifts priorities (detections/priority.yml)
  networks: [192.0.2.0/27, "2001:db8:1::/48"]
  contact: abuse@uni-north.example
  assets: {192.0.2.5/32: critical}      # classes as in detections/priority.yml
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from socket import AF_INET, inet_pton
from typing import Any

from soc.document import Document, load_document
from soc.model import UNKNOWN

Network = IPv4Network | IPv6Network
PRIVATE = "private-addresses"
PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_KEYS = ("id", "name", "class", "networks", "contact", "assets")
_MOST = 1 << 17  # remembered addresses


@dataclass(frozen=True, slots=True)
class Institution:
    """`assets`: network -> class of what lies there."""

    id: str
    name: str
    networks: tuple[Network, ...]
    kind: str = UNKNOWN
    contact: str = ""
    assets: Mapping[Network, str] = field(default_factory=dict)


class Prefixes(dict[str, str | None]):
    """Address (canonical text) -> the value of the longest prefix that holds it, None when none does. Remembers answers.

    Text that is no address lies in no prefix; an IPv4 address written as IPv6 (::ffff:192.0.2.1) lies where the IPv4 address does.
    """

    def __init__(self, entries: Iterable[tuple[Network, str]]) -> None:
        super().__init__()
        self._by_length: dict[int, list[tuple[int, dict[int, str]]]] = {4: [], 6: []}  # version -> (bits behind, prefix -> value)
        for network, value in sorted(entries, key=lambda entry: -entry[0].prefixlen):
            shift, tables = network.max_prefixlen - network.prefixlen, self._by_length[network.version]
            if not tables or tables[-1][0] != shift:
                tables.append((shift, {}))
            tables[-1][1][int(network.network_address) >> shift] = value

    def __missing__(self, text: str) -> str | None:
        if len(self) >= _MOST:
            self.clear()
        self[text] = found = self._look_up(text)
        return found

    def _look_up(self, text: str) -> str | None:
        found = _number(text)
        if found is None:
            return None
        version, number = found
        return next((table[prefix] for shift, table in self._by_length[version] if (prefix := number >> shift) in table), None)


def _number(text: str) -> tuple[int, int] | None:
    """Version and value of an address; None for other text."""
    try:
        if ":" not in text:  # four times as fast as ip_address
            return 4, int.from_bytes(inet_pton(AF_INET, text), "big")
        address = ip_address(text)
    except (ValueError, OSError):
        return None
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.version, int(address)


class Institutions:
    """All institutions; `of[address]` is the id of the one that an address belongs to, or None."""

    def __init__(self, institutions: Sequence[Institution] = ()) -> None:
        self.by_id = {institution.id: institution for institution in institutions}
        self.of = Prefixes((network, institution.id) for institution in institutions for network in institution.networks)
        self._assets = {one.id: Prefixes(one.assets.items()) for one in institutions}

    def with_private(self) -> Institutions:
        """These, and one more that has all private addresses (RFC 1918, RFC 4193) that nobody here has.

        For logs of one place whose institutions nobody has described. Not for a feed of many: private addresses are
        used by all of them, and would put their alerts into one group.
        """
        if PRIVATE in self.by_id:
            return self
        return Institutions((*self.by_id.values(), Institution(PRIVATE, "Private addresses", tuple(map(ip_network, PRIVATE_NETWORKS)))))

    @property
    def classes(self) -> dict[str, str]:
        """Id -> class."""
        return {institution.id: institution.kind for institution in self.by_id.values()}

    def asset_class(self, institution: str, address: str) -> str | None:
        """The class of an address as an asset of an institution; None when it was not described."""
        return self._assets[institution][address] if institution in self._assets else None


def load_institutions(path: Path | None) -> Institutions:
    """Reads `institutions.yml`; without a file there are none. Raises ContentError with place and repair."""
    if path is None:
        return Institutions()
    document = load_document(path)
    if not isinstance(document.value, list):
        raise document.error("is no list of institutions", repair="begin each with '- id: …'")
    institutions = [_institution(document, place, value) for place, value in enumerate(document.value)]
    _check_ids(document, institutions)
    return Institutions(institutions)


def _institution(document: Document, place: int, value: Any) -> Institution:
    if not isinstance(value, dict):
        raise document.error("an institution is a mapping", place, repair=f"keys: {', '.join(_KEYS)}")
    for key in value:
        if key not in _KEYS:
            raise document.error(f"unknown key {key!r}", place, key, repair=f"known: {', '.join(_KEYS)}")
    for key in ("id", "networks"):
        if not value.get(key):
            raise document.error(f"an institution without {key}", place, repair=f"add '{key}: …'")
    name = value["id"]
    if not isinstance(name, str) or name == UNKNOWN:
        raise document.error(f"{name!r} cannot be an id", place, "id", repair="write a short text, other than 'unknown'")
    if not isinstance(value["networks"], list) or not isinstance(value.get("assets", {}), dict):
        raise document.error("networks are a list, assets a mapping of network to class", place)
    return Institution(
        id=name,
        name=str(value.get("name", name)),
        networks=tuple(_network(document, text, place, "networks", at) for at, text in enumerate(value["networks"])),
        kind=str(value.get("class", UNKNOWN)),
        contact=str(value.get("contact", "")),
        assets={_network(document, text, place, "assets", text): str(kind) for text, kind in value.get("assets", {}).items()},
    )


def _network(document: Document, text: Any, *steps: str | int) -> Network:
    try:
        return ip_network(str(text))
    except ValueError as error:
        raise document.error(
            f"{text!r} is no network: {error}", *steps, repair="write for example 192.0.2.0/27 or 2001:db8:1::/48"
        ) from error


def _check_ids(document: Document, institutions: Sequence[Institution]) -> None:
    ids: dict[str, int] = {}
    owners: dict[Network, str] = {}
    for place, institution in enumerate(institutions):
        if institution.id in ids:
            raise document.error(f"the id {institution.id!r} stands twice", place, "id", repair="join the two entries")
        ids[institution.id] = place
        for at, network in enumerate(institution.networks):
            owner = owners.setdefault(network, institution.id)
            if owner != institution.id:
                what = f"{network} belongs to {owner!r} and to {institution.id!r}"
                raise document.error(what, place, "networks", at, repair="give it to one; a longer prefix inside it may belong to another")
