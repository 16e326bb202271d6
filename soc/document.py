"""YAML files that know their lines, so that an error can name the place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from soc.errors import ContentError
from soc.text import system_text

_Plain: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 4 << 20
Step = str | int


class _Loader(_Plain):  # type: ignore[misc, valid-type]
    """What a value cannot be made of has its line, also where PyYAML lets the error of Python through."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"{node.value!r} is no {kind}", node.start_mark) from error


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its plain value, where it lies, and the line of each node by its path of keys and indices."""

    path: Path
    value: Any
    lines: dict[tuple[Step, ...], int]

    def line(self, *steps: Step) -> int:
        """The line of the node at these keys, or of the nearest node above it that exists."""
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)

    def error(self, what: str, *steps: Step, repair: str = "") -> ContentError:
        """A ContentError at the node with these keys."""
        return ContentError(what, path=self.path, line=self.line(*steps), repair=repair)


def check_name(path: Path) -> None:
    """Raises ContentError for a file whose name is not UTF-8: what it is called goes into answers, stores and other files."""
    if (shown := system_text(str(path))) != str(path):
        raise ContentError("its name is not UTF-8", path=shown, repair="give it another name")


def load_documents(path: Path) -> list[Document]:
    """The YAML documents of a file, in order. Raises ContentError with the line: unreadable, empty, no YAML, duplicate keys, aliases."""
    check_name(path)
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise ContentError(f"cannot be read: {error.strerror}", path=path, repair="check the file's owner and mode") from error
    if len(blob) > MAX_BYTES:
        raise ContentError(f"larger than {MAX_BYTES >> 20} MiB", path=path, repair="split the file")
    return parse_documents(blob.decode("utf-8", errors="backslashreplace"), path)


def parse_documents(text: str, path: Path) -> list[Document]:
    """As `load_documents`, from text. `path` only names the place in errors."""
    documents = []
    if not text.replace("---", "").strip():
        raise ContentError("the file is empty", path=path, repair="write what it is for, or delete it")
    try:
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                break
            lines: dict[tuple[Step, ...], int] = {}
            _walk(node, (), lines, path, set())
            documents.append(Document(path, loader.construct_document(node), lines))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ContentError(f"no valid YAML: {what}", path=path, line=mark.line + 1 if mark else None) from error
    return documents


def load_document(path: Path) -> Document:
    """The only document of a file. Raises ContentError when there are none or several."""
    documents = load_documents(path)
    if len(documents) != 1:
        raise ContentError(f"holds {len(documents)} YAML documents where one is expected", path=path)
    return documents[0]


def _walk(node: yaml.Node, steps: tuple[Step, ...], lines: dict[tuple[Step, ...], int], path: Path, met: set[int]) -> None:
    line = node.start_mark.line + 1
    lines.setdefault(steps, line)
    if isinstance(node, yaml.ScalarNode):
        return
    if id(node) in met:  # an alias: a few of them nested make a file of bytes into a tree of gigabytes
        raise ContentError("YAML aliases are not used here", path=path, line=line, repair="write the value out")
    met.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise ContentError(f"the key {name!r} stands twice", path=path, line=key.start_mark.line + 1, repair="keep one of them")
            seen.add(name)
            lines[(*steps, name)] = key.start_mark.line + 1
            _walk(value, (*steps, name), lines, path, met)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*steps, index), lines, path, met)
