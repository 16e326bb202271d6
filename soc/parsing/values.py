"""Text of a line as values that fit the field catalogue. None where the text means no such value: then the field is left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv6Address

from soc.fields import canonical_ip
from soc.parsing.remembered import Remembered

_LONGEST_IP = 64  # 45 characters and a zone such as %eth0
_LONGEST_MAC = 32
_MANY_PORTS = 1024
_LONG_DIGITS = 18  # any number of so many digits fits 64 bits
_SEPARATORS = re.compile("[:.-]")
_OCTETS = re.compile("[0-9A-F]{12}(?:[0-9A-F]{4})?")


def _read_ip(text: str) -> str | None:
    canonical = canonical_ip(text) if len(text) <= _LONGEST_IP else None
    if canonical is not None and canonical.startswith("::ffff:"):
        mapped = IPv6Address(canonical).ipv4_mapped
        return str(mapped) if mapped else canonical
    return canonical


class _Ports(dict[str, int | None]):
    """Who has asked for many asks for most: then all are laid in at once, at a tenth of the cost of one after the other."""

    def __missing__(self, text: str) -> int | None:
        if len(text) > 5 or not (text.isdecimal() and text.isascii()):
            return None
        if len(self) == _MANY_PORTS:
            self.update(zip(map(str, range(65536)), range(65536), strict=True))
        number = self[text] = int(text) if int(text) <= 65535 else None
        return number


ip: Callable[[str], str | None] = Remembered(_read_ip, most=1 << 16, longest=_LONGEST_IP).__getitem__
"""The address in the catalogue's canonical form, without a zone. An IPv4 address mapped into IPv6 is the IPv4 address."""

port: Callable[[str], int | None] = _Ports().__getitem__
"""0 to 65535."""


def integer(text: str) -> int | None:
    """A decimal integer of 64 bits, with an optional sign."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isdecimal() and digits.isascii()):
        return None
    if len(digits) > _LONG_DIGITS and len(digits.lstrip("0")) > _LONG_DIGITS:
        return None
    return int(text)


def count(text: str) -> int | None:
    """A decimal integer of 64 bits that is not negative: sizes, packets, seconds, process numbers."""
    if text.isdecimal() and text.isascii() and (len(text) <= _LONG_DIGITS or len(text.lstrip("0")) <= _LONG_DIGITS):
        return int(text)
    return None


def _read_mac(text: str) -> str | None:
    digits = _SEPARATORS.sub("", text.upper()) if len(text) <= _LONGEST_MAC else ""
    return "-".join(digits[i : i + 2] for i in range(0, len(digits), 2)) if _OCTETS.fullmatch(digits) else None


mac: Callable[[str], str | None] = Remembered(_read_mac, most=1 << 14, longest=_LONGEST_MAC).__getitem__
"""A hardware address of 6 or 8 octets as ECS writes it: `00-00-5E-00-53-23`; read with `:`, `-`, `.` or no separators."""


def related(*values: str | None) -> list[str]:
    """The values that there are, each once, in this order: for related.ip, related.user, related.hosts."""
    if len(values) == 2 and values[0] and values[1]:
        return list(values) if values[0] != values[1] else [values[0]]  # type: ignore[arg-type]
    return list(dict.fromkeys(value for value in values if value))
