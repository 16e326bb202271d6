"""Writes the logs of the day: see the package."""

from __future__ import annotations

import argparse
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from . import firewalls, incidents, sensors, unix
from .world import Dice, Line, within_the_day

SHIPPED = Path(__file__).parents[2] / "soc" / "data" / "demo" / "logs"
Story = Mapping[str, Callable[[Dice], Iterable[Line]]]
ORDINARY: Story = {
    "uni-harbour": lambda dice: unix.ordinary(dice, unix.LOGIN, logins=120, commands=60, knocks=70),
    "hospital-lake": lambda dice: unix.ordinary(dice, unix.WARD, logins=90, commands=60, knocks=20),
    "ministry-science": firewalls.ministry_science,
    "hospital-east": firewalls.hospital_east,
    "ministry-health": firewalls.ministry_health,
    "institute-physics": sensors.institute_physics,
    "uni-north": sensors.uni_north,
    "library-national": sensors.library_national,
}
INCIDENTS: Story = {
    "brute-force": incidents.brute_force,
    "port-scan": incidents.port_scan,
    "web-exploit": incidents.web_exploit,
    "dns-tunnel": incidents.dns_tunnel,
    "sudo-abuse": incidents.sudo_abuse,
}


def told(*stories: Story) -> Iterator[Line]:
    """All lines of the stories; each part has dice of its own, so that a change of one leaves the others as they are."""
    for story in stories:
        for name, part in story.items():
            yield from part(Dice(name))


def contents(lines: Iterable[Line]) -> dict[str, bytes]:
    """What each file holds, by its name."""
    files: dict[str, list[str]] = defaultdict(list)
    for line in within_the_day(lines):
        files[line.file].append(line.text + "\n")
    return {name: "".join(texts).encode() for name, texts in sorted(files.items())}


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tools.demo", description="Writes the raw logs of soc demo.")
    asked.add_argument("--ordinary", type=Path, metavar="FOLDER", help="write the day without its incidents there, unpacked")
    asked.add_argument("--whole", type=Path, metavar="FOLDER", help="write the whole day there, unpacked")
    stated = asked.parse_args()
    stories = (ORDINARY,) if stated.ordinary else (ORDINARY, INCIDENTS)
    folder = stated.ordinary or stated.whole
    for name, content in contents(told(*stories)).items():
        path = folder / name if folder else SHIPPED / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if folder else gzip.compress(content, 9, mtime=0))


main()
