"""Writes what lines mean now into the expectations of a sample file: everything else in the file stays as it is."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml

from soc.errors import ContentError
from soc.event import Event
from soc.fields import Catalogue
from soc.parsing.parser import Parser
from soc.parsing.printed import Printer
from soc.parsing.routes import Routes
from soc.parsing.samples import EXPECTATIONS, load_samples

_NOISE = ("event.original", "event.id", "ecs.version", "error.message", "tags")


def accepted(parser: Parser, path: Path, catalogue: Catalogue) -> tuple[str, str]:
    """The new text of a sample file and its unified difference from the old, "" when nothing changes. Writes nothing.

    All fields are written but those that every event has or the syslog header gives away. Raises the first ContentError
    of a file that cannot be read as samples.
    """
    samples, errors = load_samples(path)
    if errors:
        raise errors[0]
    old = path.read_text("utf-8")
    lines = old.splitlines(keepends=True)
    nodes = _items(old, path)
    routes, printer = Routes([parser], parser.name), Printer(catalogue, [parser])
    for sample in reversed(samples):  # from the end, so that the places before stay valid
        node = nodes[sample.index]
        block = _block(_expectation(sample.event(routes), printer), " " * node.start_mark.column)
        try:
            _replace(lines, node, block)
        except ValueError as error:
            repair = "write each key of the sample on lines of its own, its name first"
            raise ContentError(str(error), path=path, line=node.start_mark.line + 1, repair=repair) from error
    new = "".join(lines)
    return new, "".join(difflib.unified_diff(old.splitlines(True), lines, str(path), f"{path} (accepted)"))


def _expectation(event: Event, printer: Printer) -> dict[str, Any]:
    if event["event.kind"] == "pipeline_error":
        return {"error": event["error.message"]}
    unrecognised = {"unrecognised": True} if "unrecognised" in event.get("tags", ()) else {}
    fields = {name: value for name, value in printer.flat(event).items() if name not in _NOISE and not name.startswith("log.syslog.")}
    return {**unrecognised, "event": dict(sorted(fields.items()))}


def _items(text: str, path: Path) -> list[yaml.MappingNode]:
    root = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(root, yaml.SequenceNode) or root.flow_style:
        raise ContentError("holds no list written with dashes", path=path, repair="write '- name: …' for each sample")
    return [node for node in root.value if isinstance(node, yaml.MappingNode)]


class _Dumper(yaml.SafeDumper):
    """Fields on lines of their own, lists in brackets."""


_Dumper.add_representer(list, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True))


def _block(expectation: dict[str, Any], indent: str) -> list[str]:
    text = yaml.dump(expectation, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20)
    return [f"{indent}{line}" for line in text.splitlines(keepends=True)]


def _replace(lines: list[str], node: yaml.MappingNode, block: list[str]) -> None:
    """Puts the block where the sample's expectations stood, or at its end. Raises ValueError for a form without such a place."""
    stated = [(key.start_mark.line, _last_line(value) + 1) for key, value in node.value if key.value in EXPECTATIONS]
    if node.flow_style or (stated and stated[0][0] == node.start_mark.line):
        raise ValueError("a sample in this form cannot be rewritten")
    for start, end in reversed(stated[1:]):
        del lines[start:end]
    start, end = stated[0] if stated else (_last_line(node) + 1,) * 2
    if start and not lines[start - 1].endswith("\n"):
        lines[start - 1] += "\n"
    lines[start:end] = block


def _last_line(node: yaml.Node) -> int:
    """The last line that the node's own text stands on, comments and empty lines behind it not counted."""
    if isinstance(node, yaml.ScalarNode) or (isinstance(node, yaml.CollectionNode) and (node.flow_style or not node.value)):
        mark = node.end_mark
        return mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line
    parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
    return max(_last_line(part) for part in parts)
