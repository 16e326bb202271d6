"""The parsers of this content root: what their samples mean, and that they are what they declare."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from soc.parsing.envelope import read_header
from soc.parsing.load import load_parsers
from soc.parsing.parser import Parser, Stream
from soc.parsing.routes import RAW, Routes
from soc.parsing.samples import Sample, check_samples, load_samples, sample_faults
from tests.mutate import PARSERS, all_parsers, catalogue

KIT = ("soc.parsing", "soc.event", "soc.fields", "soc.times", "soc.text", "soc.errors")
NAMES = [path.stem for path in sorted(PARSERS.glob("[!_]*.py"))]
SAMPLES = [(name, sample) for name in NAMES for sample in load_samples(PARSERS / f"{name}.yml")[0]]


def named(name: str) -> Parser:
    return next(parser for parser in all_parsers() if parser.name == name)


def everyones() -> Routes:
    return Routes(all_parsers())


def test_every_parser_loads():
    parsers, errors = load_parsers(PARSERS, "tests_again")

    assert [str(error) for error in errors] == []
    assert [parser.name for parser in parsers] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_of_a_parser_are_well_formed_and_hold(name: str):
    assert [str(fault) for fault in check_samples(named(name), PARSERS / f"{name}.yml", catalogue())] == []


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=lambda value: value.name if isinstance(value, Sample) else value)
def test_a_sample_means_what_it_says(name: str, sample: Sample):
    parser = named(name)

    event = sample.event(Routes([parser], name))

    assert [what for what, _ in sample_faults(sample, event, parser, catalogue())] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_line_is_read_the_same_whether_its_format_is_stated_or_recognised(name: str):
    stated, everyone = Routes([named(name)], name), everyones()
    for sample in load_samples(PARSERS / f"{name}.yml")[0]:
        wanted, got = sample.event(stated), sample.event(everyone)
        if got["event.dataset"] != RAW and "unrecognised" not in wanted.get("tags", ()) and "error" not in sample.expected:
            assert got == wanted, sample.name


@pytest.mark.parametrize("name", NAMES)
def test_a_format_without_a_header_is_recognised_behind_one(name: str):
    parser, everyone = named(name), everyones()
    if parser.recognises is None:
        return
    for sample in load_samples(PARSERS / f"{name}.yml")[0]:
        line = sample.lines[-1]
        alone = sample.event(everyone)
        if parser.recognises(line) and "event" in sample.expected and alone["event.kind"] not in ("state", "pipeline_error"):
            headed = everyone.event(f"<13>Oct 11 22:14:15 sensor1 ids[77]: {line}".encode(), Stream(sample.clock, sample.preamble))
            header = {"event.original": headed["event.original"], "host.name": headed["host.name"]}
            assert {**headed, **alone, **header} == headed, sample.name


@pytest.mark.parametrize("name", NAMES)
def test_no_two_formats_claim_the_same_line(name: str):
    others = [parser for parser in all_parsers() if parser.recognises and parser.name != name]
    for sample in load_samples(PARSERS / f"{name}.yml")[0]:
        line = sample.lines[-1]
        claims = [other.name for other in others if other.recognises and other.recognises(line)]
        assert claims == [], sample.name


def test_what_recognises_whole_lines_passes_syslog_headers_by():
    for name, sample in SAMPLES:
        line = sample.lines[-1]
        if "error" not in sample.expected and read_header(line, sample.clock) is not None:
            claims = [parser.name for parser in all_parsers() if parser.recognises and parser.recognises(line)]
            assert claims == [], (name, sample.name)


@pytest.mark.parametrize("path", sorted(PARSERS.glob("*.py")), ids=lambda path: path.name)
def test_parsers_import_the_kit_and_the_standard_library_alone(path: Path):
    tree = ast.parse(path.read_text("utf-8"))

    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    modules = [node.module or "" for node in nodes] + [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    ]

    assert [name for name in modules if name.startswith("soc") and not name.startswith(KIT)] == []
    assert [
        name for name in modules if name.split(".")[0] in {"click", "duckdb", "numpy", "pyarrow", "sigma", "sqlalchemy", "dateutil"}
    ] == []


def test_no_dataset_is_supplied_by_two_parsers():
    names = [dataset.name for parser in all_parsers() for dataset in parser.supplies]

    assert sorted(set(names)) == sorted(names)


def test_every_declared_field_is_in_the_catalogue():
    strays = {
        (parser.name, name)
        for parser in all_parsers()
        for dataset in parser.supplies
        for name in dataset.fields
        if name not in catalogue() and not name.startswith("labels")
    }

    assert strays == set()
