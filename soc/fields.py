"""The field catalogue: each field an event may carry, with its type. ECS 9, soc's own fields, and what parsers add.

From it come the Parquet columns, the checks of parsers and rules, and the reference page.
Types: `keyword` and `ip` are text (addresses in canonical form, RFC 5952), `long` a 64-bit integer, `double`, `bool`,
`date` an int (`soc.times`), `map` text by text: only `labels`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Any

from soc.errors import ContentError
from soc.shipped import DATA

TIME, ID, DATASET, LABELS = "@timestamp", "event.id", "event.dataset", "labels"
INGESTED, BATCH, FEED, READING = "event.ingested", "soc.batch", "soc.feed", "soc.reading"
REPEATED = "soc.repeated"
INSTITUTION = "organization.id"

TYPES = ("keyword", "ip", "long", "double", "bool", "date", "map")
ECS_VERSION = "9.5.0"
MAX_LABELS = 200
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}").fullmatch
_LONG = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `array`: it holds a list of its type, never a single value."""

    name: str
    type: str
    array: bool = False
    nonnegative: bool = False
    meaning: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ContentError(f"field {self.name!r}: type {self.type!r} is not one of {', '.join(TYPES)}")


@dataclass(frozen=True, slots=True)
class Catalogue(Mapping[str, Field]):
    """Fields by name. `labels.KEY` is not in it; ask `type_of`."""

    fields: dict[str, Field] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Field:
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def type_of(self, name: str) -> str:
        """The field's type; `keyword` for a label and for a name the catalogue does not hold."""
        known = self.fields.get(name)
        return known.type if known else "keyword"

    def extended(self, more: Iterable[Field]) -> Catalogue:
        """A catalogue with `more` in it. Raises ContentError when a name is known with another type."""
        fields = dict(self.fields)
        for new in more:
            known = fields.get(new.name)
            if known and (known.type, known.array) != (new.type, new.array):
                raise ContentError(
                    f"field {new.name!r} is declared as {_kind(new)}, but is known as {_kind(known)}",
                    repair="use the known type or another name",
                )
            fields.setdefault(new.name, new)
        return Catalogue(fields)

    def check(self, event: Mapping[str, Any]) -> list[str]:
        """What is wrong with the fields of an event, each as one sentence; empty when nothing is."""
        return [fault for name, value in event.items() if (fault := self._fault(name, value))]

    def _fault(self, name: str, value: Any) -> str | None:
        known = self.fields.get(name)
        if known is None:
            return f"field {name!r} is not in the catalogue; put it into labels or declare it in its parser"
        values = value if known.array else [value]
        if known.array and not isinstance(value, list):
            return f"field {name!r} holds {value!r} where a list of {known.type} is expected"
        for item in values:
            if not _fits(known, item):
                return f"field {name!r} holds {item!r} where {_kind(known)} is expected"
        return None


def _kind(known: Field) -> str:
    return f"a list of {known.type}" if known.array else known.type


def _fits(known: Field, value: Any) -> bool:
    if known.type in ("long", "date"):
        return type(value) is int and value in _LONG and (value >= 0 or not known.nonnegative)
    if known.type == "double":
        return type(value) in (int, float) and (value >= 0 or not known.nonnegative)
    if known.type == "bool":
        return type(value) is bool
    if known.type == "map":
        return type(value) is dict and all(type(k) is str and type(v) is str for k, v in value.items())
    return type(value) is str and (known.type != "ip" or canonical_ip(value) == value)


def canonical_ip(text: str) -> str | None:
    """The address in canonical form, or None when it is none: RFC 5952, without a zone, `::ffff:192.0.2.1` as `192.0.2.1`.

    An IPv4-mapped address is the IPv4 address that a dual-stack socket saw; Python versions differ in how they write it.
    """
    if _IPV4(text):  # canonical as it stands, and five times as fast
        return text
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


@cache
def base_catalogue() -> Catalogue:
    """ECS and soc's own fields; `soc.content` extends it by what the parsers declare."""
    return Catalogue({f.name: f for name in ("ecs.csv", "soc.csv") for f in _read(name)})


def _read(name: str) -> Iterator[Field]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for name, kind, flags, *meaning in rows:
            yield Field(name, kind, "array" in flags, "nonnegative" in flags, *meaning)
