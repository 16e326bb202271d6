"""RSigma 0.23 over the same events and rules, when it is installed (crate `rsigma`).

Its figure holds reading NDJSON from a file, matching with `--logsource-routing` on one thread, and writing the matches; its
loading of the rules is measured apart, on one event. Ours holds reading columns from the store, matching, and making hits;
what each leaves out: RSigma has no store and no alerts, we parsed the lines when they were stored.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from bench.kept import ROOT
from bench.measure import Cost, cost
from bench.mix import parsed

ADVICE = "RSigma is not installed; cargo install rsigma --version 0.23.0 --locked"
PLACES = {  # dataset -> what its events carry for the routing
    "mix.fw.traffic": {"category": "firewall"},
    "mix.zeek.dns": {"category": "dns", "product": "zeek", "service": "dns"},
    "mix.zeek.http": {"category": "proxy", "product": "zeek", "service": "http"},
    "mix.suricata.alert": {"category": "ids"},
    "mix.linux.auth": {"product": "linux", "service": "sshd"},
    **{f"mix.windows.{name}": {"product": "windows", "category": name} for name in ("process_creation", "registry_set", "file_event")},
    **{f"mix.windows.{name}": {"product": "windows", "category": name} for name in ("network_connection", "image_load")},
}


@dataclass(frozen=True, slots=True)
class Peer:
    """RSigma with the rules and events laid out for it. `load`: CPU seconds that its loading of the rules takes."""

    command: tuple[str, ...]
    events: Path
    out: Path
    load: float

    def run(self) -> Cost:
        """What reading, matching and printing takes, the loading of the rules included."""
        return cost([*self.command, "-e", f"@{self.events}"], stdout=self.out)

    def matches(self) -> int:
        """How many the last run printed."""
        with self.out.open("rb") as lines:
            return sum(1 for _ in lines)


def peer(work: Path, root: Path, files: list[Path]) -> Peer | None:
    """None where it is not installed."""
    found = shutil.which("rsigma")
    if not found:
        return None
    many, one = work / "rsigma.ndjson", work / "one.ndjson"
    names = _names(root)
    with many.open("wb") as out:
        out.writelines(orjson.dumps(event) + b"\n" for event in _flat(files, root, names))
    with many.open("rb") as lines:
        one.write_bytes(lines.readline())
    rules = ("-r", str(root / "detections" / "rules"))
    command = ("env", "RAYON_NUM_THREADS=1", found, "engine", "eval", "-q", "--output-format", "ndjson", "--logsource-routing", *rules)
    return Peer(command, many, work / "rsigma.out", cost([*command, "-e", f"@{one}"]).cpu)


def _names(root: Path) -> dict[str, list[str]]:
    """Our fields -> the names that Sigma rules have for them, of the pipelines in force."""
    names: dict[str, list[str]] = {}
    for path in sorted([*(ROOT / "detections" / "pipelines").glob("*.yml"), *(root / "detections" / "pipelines").glob("*.yml")]):
        for step in yaml.safe_load(path.read_text(encoding="utf-8"))["transformations"]:
            for name, field in step["mapping"].items() if step["type"] == "field_name_mapping" else ():
                for one in field if isinstance(field, list) else [field]:
                    names.setdefault(one, []).append(name)
    return {field: sorted(set(found)) for field, found in names.items()}


def _flat(files: list[Path], root: Path, names: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    """The events under Sigma's names; fields that no rule names as they are."""
    for event in parsed(files, root):
        flat = dict(PLACES[event["event.dataset"]])
        for field, value in event.items():
            for name in names.get(field, (field,)):
                flat.setdefault(name, value)
        yield flat
