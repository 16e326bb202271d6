"""State folders to measure in: fresh ones, ones filled once and put back for each run, and what soc says about them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.measure import BenchError, Cost, cost, program


def fresh(folder: Path, *options: str, soc: str = "") -> list[str]:
    """A state folder with nothing in it; how soc, of this environment unless stated, is called for it.

    Retention is long: lines have the days of their seed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "soc.toml").write_text("[retention]\ndays = 36500\n")
    command = [soc or program("soc"), "--home", str(folder), *options]
    cost([*command, "init"])
    return command


class Untouched:
    """A state folder whose events no rule has been run over: put back before each run of `detect`."""

    def __init__(self, folder: Path, soc: Sequence[str]) -> None:
        """Events are stored in the folder, which `soc` is the command for."""
        self._folder, self._soc = folder, soc
        self._kept = shutil.copytree(folder, folder.with_name(f"{folder.name}-untouched"))

    def detect(self) -> Cost:
        """The command over all events. Raises BenchError where it left some out."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder)
        used = cost([*self._soc, "detect", "--output", "json"], stdout=self._said, codes=(0, 4))
        searched(self._soc, self._folder.with_name("status.json"))
        return used

    def said(self) -> str:
        """What the last run found."""
        found = json.loads(self._said.read_text())
        return f"{found['hits']:,} hits, {found['new']:,} alerts"

    def drop(self) -> None:
        """Gives the disk back."""
        shutil.rmtree(self._folder)
        shutil.rmtree(self._kept)

    @property
    def _said(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}-said.json")


def searched(soc: Sequence[str], out: Path) -> int:
    """How many events of the store the rules have been run over. Raises BenchError where they have not been run over all."""
    found = _status(soc, out)
    events: int = found["batches"]["events"]
    if found["coverage"]["uncovered"]:
        raise BenchError(f"{found['coverage']['uncovered']} batches were not searched")
    return events


def stored(soc: Sequence[str], out: Path) -> int:
    """How many events are in the store."""
    events: int = _status(soc, out)["batches"]["events"]
    return events


def bytes_on_disk(soc: Sequence[str], out: Path) -> int:
    """What soc counts as its own."""
    size: int = _status(soc, out)["batches"]["bytes"]
    return size


def _status(soc: Sequence[str], out: Path) -> dict[str, Any]:
    cost([*soc, "status", "--output", "json"], stdout=out, codes=(0, 4))
    found: dict[str, Any] = json.loads(out.read_text())
    return found
