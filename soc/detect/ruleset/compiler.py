"""Rule files compiled: from the cache where their text is known. pySigma is imported only when something has to be compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from soc.detect.compiling.cache import load_cache, save_cache
from soc.detect.compiling.compiled import Compiled, CompiledFile
from soc.detect.ruleset.sources import SUFFIXES, by_path
from soc.errors import ContentError
from soc.fields import Catalogue
from soc.text import canonical_json, json_digest, system_text

if TYPE_CHECKING:  # it brings pySigma
    from soc.detect.compiling.environment import Environment

_LANGUAGE = "bounds conditions correlation_rule encoded keys metadata sigma spelling values"
_COMPILING = "blame compile compiled environment filters lists mapped"
_CONDITION = "bind codec numbers patterns tree values"
COMPILER = (
    *(f"detect/language/{name}" for name in _LANGUAGE.split()),
    *(f"detect/compiling/{name}" for name in _COMPILING.split()),
    *(f"condition/{name}" for name in _CONDITION.split()),
)
"""The modules whose own text is part of the cache's key: when one changes, rules may compile to something else."""


class Compiler:
    """Compiles with the lists and pipelines of these `detections` folders. `errors`: what is wrong in them."""

    def __init__(self, catalogue: Catalogue, roots: Sequence[Path], cache_dir: Path | None) -> None:
        self._catalogue, self._cache_dir = catalogue, cache_dir
        self._lists, self._pipelines = by_path(roots, "lists", (".txt",)), by_path(roots, "pipelines", SUFFIXES)
        self._key = _environment_key(catalogue, self._lists, self._pipelines)
        known = load_cache(cache_dir, self._key)
        self._entries, self.errors = known or ({}, [])
        self._used: dict[str, CompiledFile] = {}
        self._changed = known is None
        if known is None:
            self.errors = self._environment[1]

    @cached_property
    def _environment(self) -> tuple[Environment, list[ContentError]]:
        from soc.detect.compiling.environment import make_environment

        return make_environment(self._catalogue, self._lists, self._pipelines)

    def file(self, blob: bytes) -> CompiledFile:
        """What a rule file of this text holds."""
        name = blake2b(blob, digest_size=16).hexdigest()
        if name not in self._entries:
            from soc.detect.compiling.compile import compile_file

            self._add(name, compile_file(blob.decode("utf-8", errors="backslashreplace"), self._environment[0]))
        return self._use(name)

    def filter(self, one: Compiled, logsource: Sequence[str | None]) -> CompiledFile:
        """A filter for rules of this logsource."""
        assert one.filter is not None
        name = json_digest(["filter", one.made_id, one.line, one.filter, logsource])
        if name not in self._entries:
            from soc.detect.compiling.filters import filter_for

            product, category, service = logsource
            self._add(name, filter_for(one, (product, category, service), self._environment[0]))
        return self._use(name)

    def mapped(self, names: Sequence[str], logsource: Sequence[str | None]) -> Mapping[str, Sequence[str]]:
        """The fields that names mean in rules of this logsource."""
        name = json_digest(["names", names, logsource])
        if name not in self._entries:
            from soc.detect.compiling.mapped import mapped

            product, category, service = logsource
            self._add(name, mapped(names, (product, category, service), self._environment[0]))
        return self._use(name).names

    def save(self) -> None:
        """Keeps what is in use, and others up to as many again: another folder of rules may want them next."""
        if self._changed:
            spare = [name for name in self._entries if name not in self._used][-max(len(self._used), 5_000) :]
            save_cache(self._cache_dir, self._key, self._used | {name: self._entries[name] for name in spare}, self.errors)

    def _add(self, name: str, entry: CompiledFile) -> None:
        self._entries[name] = entry
        self._changed = True

    def _use(self, name: str) -> CompiledFile:
        return self._used.setdefault(name, self._entries[name])


def _environment_key(catalogue: Catalogue, lists: Mapping[str, Path], pipelines: Mapping[str, Path]) -> str:
    kinds = sorted((name, known.type, known.array, known.nonnegative) for name, known in catalogue.items())
    package = Path(__file__).parents[2]
    seal = blake2b(canonical_json([version("pysigma"), version("google-re2"), kinds]), digest_size=16)
    compiler = {path: path.read_bytes() for path in (package / f"{name}.py" for name in COMPILER)}
    for path, blob in (*compiler.items(), *((path, _blob(path)) for path in (*lists.values(), *pipelines.values()))):
        seal.update(canonical_json([system_text(str(path)), len(blob)]) + blob)
    return seal.hexdigest()


def _blob(path: Path) -> bytes:
    """What a file of the site holds; nothing where it cannot be read, which is told by whoever reads it in earnest."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
