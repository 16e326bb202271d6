"""YAML files that know their lines, so that an error can name the place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from soc.errors import ContentError
from soc.plain import tag_of
from soc.text import system_text

_Plain: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 4 << 20
REPEATED = 1 << 20  # nodes and characters that aliases may repeat in a document: a few of them nested could make gigabytes
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
    """One YAML document: its plain value, where it lies, and the line of each node by its path of keys and indices.

    `words`: the words that were taken for text, though YAML 1.1 takes them for something else, with their lines.
    """

    path: Path
    value: Any
    lines: dict[tuple[Step, ...], int]
    words: tuple[tuple[int, str], ...] = ()

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


def load_documents(path: Path, *, verbatim: Collection[str] = ()) -> list[Document]:
    """The YAML documents of a file, in order. Raises ContentError with the line: unreadable, empty, no YAML, duplicate keys, too many
    aliases.

    Below the keys `verbatim` a plain word that is no value of YAML 1.2, or a number not written as numbers are, is its text.
    """
    check_name(path)
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise ContentError(f"cannot be read: {error.strerror}", path=path, repair="check the file's owner and mode") from error
    if len(blob) > MAX_BYTES:
        raise ContentError(f"larger than {MAX_BYTES >> 20} MiB", path=path, repair="split the file")
    return parse_documents(blob.decode("utf-8", errors="backslashreplace"), path, verbatim=verbatim)


def parse_documents(text: str, path: Path, *, verbatim: Collection[str] = ()) -> list[Document]:
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
            walk = _Walk(path, verbatim)
            walk.node(node, ())
            documents.append(Document(path, loader.construct_document(node), walk.lines, tuple(walk.words)))
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


class _Walk:
    """One walk through a document: where its nodes stand, what stands twice, what aliases repeat, and which words are text."""

    def __init__(self, path: Path, verbatim: Collection[str]) -> None:
        self.lines: dict[tuple[Step, ...], int] = {}
        self.words: list[tuple[int, str]] = []
        self._path, self._verbatim = path, verbatim
        self._met: set[int] = set()
        self._above: set[int] = set()
        self._left = REPEATED

    def node(self, node: yaml.Node, steps: tuple[Step, ...], *, verbatim: bool = False, again: bool = False) -> None:
        """Everything from this node on. `again`: within an alias."""
        line = node.start_mark.line + 1
        self.lines.setdefault(steps, line)
        again = again or id(node) in self._met
        if again:
            self._repeated(node, line)
        if isinstance(node, yaml.ScalarNode):
            if verbatim and not again and (tag := tag_of(node)) != node.tag:
                node.tag = tag
                self.words.append((line, node.value))
        else:
            self._inside(node, steps, verbatim, again)
        self._met.add(id(node))

    def _inside(self, node: yaml.Node, steps: tuple[Step, ...], verbatim: bool, again: bool) -> None:
        if id(node) in self._above:
            raise self._error("an alias stands within what it names", node.start_mark.line + 1, "write the value out")
        self._above.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    raise self._error(f"the key {name!r} stands twice", key.start_mark.line + 1, "keep one of them")
                seen.add(name)
                self.lines[(*steps, name)] = key.start_mark.line + 1
                self.node(value, (*steps, name), verbatim=verbatim or name in self._verbatim, again=again)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self.node(value, (*steps, index), verbatim=verbatim, again=again)
        self._above.discard(id(node))

    def _repeated(self, node: yaml.Node, line: int) -> None:
        self._left -= 1 + len(node.value)
        if self._left < 0:
            raise self._error("YAML aliases repeat too much here", line, "write the values out")

    def _error(self, what: str, line: int, repair: str) -> ContentError:
        return ContentError(what, path=self._path, line=line, repair=repair)
