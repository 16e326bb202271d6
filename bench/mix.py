"""The mix of events of the run, match and hunts sections, the public rules that it concerns, and a home with both.

Generator and rules are no part of this repository: they are read where `../shared` is, and the rules are unpacked into a
temporary folder. Generated lines are kept in `.bench/`, since making a million takes longer than most sections.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import yaml

from bench.homes import fresh
from bench.kept import KEPT, ROOT
from bench.measure import BenchError, cost
from soc.content import load_content
from soc.event import Event
from soc.parsing import Clock, Record

SHARED = ROOT.parent / "shared"
GENERATOR = SHARED / "research" / "engine" / "gen.py"
RULES = SHARED / "sigma_rules.tar.gz"
CONTENT = Path(__file__).parent / "content"
PYTHON = (sys.executable, "-m")
FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")
_SYSMON = ("process_creation", "registry_set", "registry_event", "file_event", "network_connection", "image_load")
_ANYBODYS = ("firewall", "dns", "proxy", "webserver", "ids")
_SERVICES = (("linux", "auth"), ("linux", "sshd"), ("zeek", "dns"), ("zeek", "http"), ("windows", "sysmon"))


def lines(count: int) -> list[Path]:
    """Files with so many raw lines in all. Raises BenchError where there is no generator."""
    if not GENERATOR.is_file():
        raise BenchError("the generator of the mix, research/engine/gen.py, is not beside this checkout (../shared)")
    folder = KEPT / f"mix-{count}"
    if not folder.is_dir():
        making = folder.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        subprocess.run([sys.executable, str(GENERATOR), str(making), str(count)], check=True)
        making.rename(folder)
    return sorted(folder.glob("*.ndjson"))


def site(work: Path) -> tuple[Path, int]:
    """A content root: the mix's parser, the names of Windows, the public rules that it concerns; and how many those are."""
    root, unpacked = parser_alone(work), public(work)
    rules = root / "detections" / "rules"
    rules.mkdir(parents=True)
    chosen = [path for folder in FOLDERS for path in sorted((unpacked / folder).rglob("*.yml")) if _concerned(path)]
    for number, path in enumerate(chosen):
        shutil.copy(path, rules / f"{number:04d}_{path.name}")
    return root, len(chosen)


def public(work: Path) -> Path:
    """A folder with the public rules. Raises BenchError where there are none."""
    if not RULES.is_file():
        raise BenchError("the public rules, sigma_rules.tar.gz, are not beside this checkout (../shared)")
    unpacked = work / "public"
    with tarfile.open(RULES) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # new in Python 3.11.4
        archive.extractall(unpacked)
    return unpacked


def parser_alone(work: Path) -> Path:
    """A content root with the mix's parser and no rules."""
    root = work / "site"
    shutil.copytree(CONTENT, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def hush(root: Path, files: Sequence[Path]) -> int:
    """Excepts the rules that the mix's random processes hit all the time (`bench.noise`); returns how many."""
    out = root.parent / "noise"
    cost([*PYTHON, "bench.noise", str(root), *map(str, files)], stdout=out, cwd=ROOT)
    return int(out.read_text())


def _concerned(path: Path) -> bool:
    """Whether the rule's logsource is one that the mix carries."""
    rule: Any = next(iter(yaml.load_all(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))))
    where = rule.get("logsource", {})
    product, category, service = where.get("product"), where.get("category"), where.get("service")
    if category in _SYSMON:
        return product in (None, "windows") and service in (None, "sysmon")
    if category in _ANYBODYS:
        return product is None and service is None
    return category is None and (product, service) in _SERVICES


def parsed(files: Sequence[Path], root: Path) -> Iterator[Event]:
    """The events of raw lines as the mix's parser reads them, with the original text and the id that the generator gave."""
    parse, clock = load_content((root,), parser="mix").parsers["mix"].parse, Clock(0, UTC)
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            event = parse(Record(line, {}, "", line, clock))
            assert event is not None
            yield event


def home(folder: Path, root: Path) -> list[str]:
    """A fresh state folder over the content root, whose rules are compiled; how soc is called for it."""
    soc = fresh(folder, "--content", str(root))
    cost([*soc, "detect"], codes=(0, 4))  # 4: some rules name a field that the mix does not carry
    return soc


def filled(folder: Path, root: Path, count: int) -> list[str]:
    """As `home`, with so many events of the mix in the store."""
    soc = home(folder, root)
    files = lines(count)
    cost([*PYTHON, "bench.fill", str(folder), str(root), *map(str, files)], cwd=ROOT)
    return soc
