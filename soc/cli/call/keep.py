"""`[[retention.keep]]` of soc.toml: what is kept for another time than `[retention] days`.

[retention]
days = 30                                # everything that no entry below fits
[[retention.keep]]                       # the first entry that fits an event counts; it fits when all that it states fits
datasets = ["suricata.flow", "zeek.*"]   # * is any text, ? one character
days = 7
[[retention.keep]]
institutions = ["hospital-east"]         # ids in ingest/institutions.yml; "unknown": what lies in nobody's networks
days = 90
[[retention.keep]]
classes = ["university"]                 # of institutions, as that file has them today
datasets = ["openssh.*"]
days = 60
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soc.errors import ContentError

CONDITIONS = ("datasets", "institutions", "classes")
KEYS = (*CONDITIONS, "days")
PLACE = "retention.keep, entry {}"


@dataclass(frozen=True, slots=True)
class Keep:
    """One entry. A condition that is empty is not stated; one of them is."""

    days: int
    datasets: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __str__(self) -> str:
        stated = ((name, getattr(self, name)) for name in CONDITIONS)
        return "; ".join(f"{name} {', '.join(values)}" for name, values in stated if values)


def read_keeps(stated: list[Any], path: Path) -> tuple[Keep, ...]:
    """The entries in their order. Raises ContentError that names the file, the entry, the key and the repair."""
    return tuple(_keep(value, PLACE.format(number), path) for number, value in enumerate(stated, 1))


def _keep(value: Any, place: str, path: Path) -> Keep:
    if not isinstance(value, dict):
        raise ContentError(f"{place} is {value!r}", path=path, repair="write [[retention.keep]] on a line of its own")
    for key in value:
        if key not in KEYS:
            raise ContentError(f"{place}: unknown key {key!r}", path=path, repair=f"known in [[retention.keep]]: {', '.join(KEYS)}")
    days = value.get("days")
    if type(days) is not int or days < 1:
        what = f"days is {days!r}" if "days" in value else "days is not stated"
        raise ContentError(f"{place}: {what}", path=path, repair="write a whole number of days, at least 1")
    stated = {key: _names(value[key], f"{place}: {key}", path) for key in CONDITIONS if key in value}
    if not stated:
        repair = f"state {', '.join(CONDITIONS[:-1])} or {CONDITIONS[-1]}; what holds for all else is days under [retention]"
        raise ContentError(f"{place} has no condition", path=path, repair=repair)
    return Keep(days, **stated)


def _names(value: Any, place: str, path: Path) -> tuple[str, ...]:
    if type(value) is not list or not value or not all(type(name) is str and name for name in value):
        raise ContentError(f"{place} is {value!r}", path=path, repair='write a list of names: ["openssh.*"]; leave the key out to mean all')
    return tuple(value)
