"""What holds of every file of the house: one clock, no mocks, no blind `except`, no machine's names, documentation addresses."""

from __future__ import annotations

import ast
import gzip
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest

from soc.fields import base_catalogue

ROOT = Path(__file__).parents[1]
ENGINE, TESTS, CONTENT = ("soc/", "parsers/", "sigma/"), ("tests/",), ("parsers/", "ingest/", "detections/", "playbooks/")
EXAMPLES = ("README.md", "CONTRIBUTING.md", "docs/", "changelog.d/", "soc/data/", "tools/demo/", *CONTENT)
LINES = (*EXAMPLES[2:], "tests/")  # log lines in here hold the paths of the machines they tell of

CLOCK = "soc/cli/call/context.py"
CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "localtime", "gmtime", "ctime"}
SQL_CLOCK = re.compile(r"(?i)\bcurrent_(timestamp|date|time)\b|'now'|\bnow\(\)|\bget_current_time")
BROAD = (
    "soc/parsing/routes.py",  # a parser is a plug-in: whatever it raises is its own fault
    "soc/parsing/load.py",  # so is loading one
    "soc/respond/actions/notify.py",  # raised again in the thread that asked
)

V4 = re.compile(r"(?<![\w.])(?<![A-Za-z]/)\d{1,3}(?:\.\d{1,3}){3}(?![\w.]|-\w)")  # not the version in "Chrome/129.0.0.0"
V6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:.])")
REGISTRIES = re.compile(r"pypi\.(?:org|python)|pythonhosted|crates\.io|npmjs|proxy\.golang|rubygems|index-url|trusted-host")


@cache
def tracked() -> tuple[str, ...]:
    """The files under version control; outside of a checkout, those of the source tree."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return tuple(str(path) for path in found if not any(part.startswith(".") or part == "__pycache__" for part in path.parts[:-1]))


@cache
def text_of(name: str) -> str:
    whole = (ROOT / name).read_bytes()
    return (gzip.decompress(whole) if name.endswith(".gz") else whole).decode("utf-8", "replace")


def nodes(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of every module in these folders, with its file."""
    for name in tracked():
        if name.startswith(folders) and name.endswith(".py"):
            yield from ((name, node) for node in nodes_of(name))


@cache
def nodes_of(name: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(text_of(name))))


def at(name: str, node: ast.AST) -> str:
    return f"{name}:{getattr(node, 'lineno', '?')}"


def matches(pattern: re.Pattern[str], names: Iterator[str]) -> list[str]:
    return [
        f"{name}:{number}: {match[0]}"
        for name in names
        for number, line in enumerate(text_of(name).splitlines(), 1)
        if (match := pattern.search(line))
    ]


# --- rooms -----------------------------------------------------------------------------------------------------------

ROOMS = ("soc/cli", "soc/desk", "soc/detect", "soc/respond", "soc/store/elasticsearch", "soc/store/segments")


@pytest.mark.parametrize("door", [name for name in tracked() if name.startswith(ROOMS) and name.endswith("/__init__.py")])
def test_the_text_at_the_door_lists_what_is_in_the_room(door: str):
    text = ast.get_docstring(ast.parse(text_of(door)))
    room = door.removesuffix("__init__.py")
    inside = {name.removeprefix(room).partition("/")[0].removesuffix(".py") for name in tracked() if name.startswith(room)}

    assert set(re.findall(r"^ *(\w+)  +\S", text, re.MULTILINE)) == inside - {"__init__"}


def named_fields() -> Iterator[tuple[str, str]]:
    """Fields that a module of soc's gives a name of its own, with the module."""
    for name in tracked():
        for node in ast.parse(text_of(name)).body if name.startswith("soc/") and name.endswith(".py") else ():
            if isinstance(node, ast.Assign):
                yield from ((value, name) for value in texts_named(node) if value in base_catalogue())


def texts_named(node: ast.Assign) -> list[str]:
    """The texts that get a name: `A = "x"`, `A, B = "x", "y"`."""
    values = node.value.elts if isinstance(node.value, ast.Tuple) and isinstance(node.targets[0], ast.Tuple) else [node.value]
    return [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]


def test_a_field_is_given_a_name_in_one_module():
    modules = {field: {name for known, name in named_fields() if known == field} for field, _ in named_fields()}

    assert {field: names for field, names in modules.items() if len(names) > 1} == {}


# --- time comes in by the front door ---------------------------------------------------------------------------------


def reads_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(alias.name in CLOCKS for alias in node.names)
    if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
        owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
        return (owner == "time" and node.attr in CLOCKS) or (owner in ("datetime", "date") and node.attr in ("now", "utcnow", "today"))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SQL_CLOCK.search(node.value))


def asks_the_machines_zone(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "astimezone" and not node.args


def test_the_clock_is_read_in_one_place():
    assert [at(name, node) for name, node in nodes(*ENGINE) if reads_clock(node) and name != CLOCK] == []


def test_the_zone_of_the_machine_matters_to_nothing():
    assert [at(name, node) for name, node in nodes(*ENGINE) if asks_the_machines_zone(node)] == []


@pytest.mark.parametrize(
    "code",
    ["time.time()", "datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "from time import monotonic", "'select now()'"],
)
def test_a_read_clock_is_recognised(code: str):
    assert any(reads_clock(node) for node in ast.walk(ast.parse(code)))


# --- errors and tests ------------------------------------------------------------------------------------------------


def is_broad(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or (isinstance(name, ast.Name) and name.id in ("Exception", "BaseException")) for name in names)


def test_who_catches_everything_raises_it_again():
    blind = [
        at(name, node)
        for name, node in nodes(*ENGINE)
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and not any(isinstance(part, ast.Raise) for part in ast.walk(node))
    ]

    assert [place for place in blind if not place.startswith(BROAD)] == []


def test_nothing_is_caught_and_passed_over():
    """What is meant to be ignored is named in a `suppress`, which is never broad."""
    silent = [
        at(name, node)
        for name, node in nodes(*ENGINE)
        if isinstance(node, ast.ExceptHandler) and all(isinstance(part, (ast.Pass, ast.Expr)) and not calls(part) for part in node.body)
    ]
    suppressed = [
        at(name, node)
        for name, node in nodes(*ENGINE)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "suppress" and any(map(is_broad, node.args))
    ]

    assert silent + suppressed == []


def calls(statement: ast.stmt) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(statement))


def test_nothing_is_mocked():
    modules = {
        (at(name, node), module)
        for name, node in nodes(*TESTS, *ENGINE)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for module in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }

    assert [place for place, module in modules if re.search(r"(^|\.)mock$|^(pytest_mock|freezegun|responses|time_machine)$", module)] == []


# --- what may be read by everybody -----------------------------------------------------------------------------------


def test_test_modules_have_names_of_their_own():
    """pytest imports them by their base names: of two with one name it collects none."""
    seen = Counter(Path(name).name for name in tracked() if Path(name).name.startswith("test_"))

    assert [name for name, times in seen.items() if times > 1] == []


def test_no_file_names_the_machine_that_it_was_written_on():
    others = [name for name in tracked() if name != "tests/test_house.py"]

    assert matches(re.compile(r"(?<![\w.$}])/work/"), iter(others)) == []
    assert matches(re.compile(r"(?<![\w.$}])/(?:root|home)/"), (name for name in others if not name.startswith(LINES))) == []


def test_no_file_names_a_package_registry():
    assert matches(REGISTRIES, (name for name in tracked() if name != "tests/test_house.py")) == []


@pytest.mark.parametrize("folder", EXAMPLES)
def test_addresses_in_examples_belong_to_nobody(folder: str):
    """RFC 5737, RFC 3849, private, loopback and other reserved ranges, and multicast."""
    strays = {
        (name, address)
        for name in tracked()
        if name.startswith(folder)
        for pattern in (V4, V6)
        for address in pattern.findall(text_of(name))
        if is_somebodys(address)
    }

    assert strays == set()


def is_somebodys(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast
