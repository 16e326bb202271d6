"""Loads Sigma rules: files, compiled ones from the cache where their text is known, linked into a rule set.

pySigma is imported only when something has to be compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from soc.detect.compiling.cache import load_cache, save_cache
from soc.detect.compiling.compiled import CompiledFile
from soc.detect.rules.rule import RuleSet
from soc.detect.ruleset.exception import rule_faults
from soc.detect.ruleset.link import link
from soc.detect.ruleset.placed import Placed
from soc.detect.ruleset.sources import SUFFIXES, Source, by_path, rule_files
from soc.detect.ruleset.supply import Supply
from soc.detect.ruleset.tuning import load_tunings, unmet
from soc.errors import ContentError, RuleRefused
from soc.fields import Catalogue
from soc.parsing.parser import Dataset
from soc.text import canonical_json, system_text

_LANGUAGE = "bounds conditions correlation_rule encoded metadata numbers sigma spelling thresholds values"
_COMPILING = "blame compile compiled environment lists"
_CONDITION = "bind codec numbers patterns tree values"
COMPILER = (
    *(f"detect/language/{name}" for name in _LANGUAGE.split()),
    *(f"detect/compiling/{name}" for name in _COMPILING.split()),
    *(f"condition/{name}" for name in _CONDITION.split()),
    *("document", "plain"),
)
"""The modules whose own text is part of the cache's key: when one changes, rules may compile to something else."""


def load_rules(
    roots: Sequence[Path],
    *,
    catalogue: Catalogue,
    datasets: Sequence[Dataset],
    imported: Sequence[Path] = (),
    cache_dir: Path | None = None,
) -> RuleSet:
    """All rules of the `detections` folders in `roots` and of the folders (or files) of others' rules in `imported`.

    A later root replaces a rule by its id, and lists, pipelines and tuning files by their name. Nothing is raised: what
    is wrong stands in `refused` (rules) and `errors` (other files). An imported rule is dormant where one of our own
    would be refused for a field that nothing supplies; it still runs when it can fire whatever that field may hold.
    """
    sources, errors = rule_files(roots, imported)
    entries, faults = _compiled(sources, catalogue, roots, cache_dir)
    tunings, more = load_tunings(list(by_path(roots, "tuning", SUFFIXES).values()))
    placed = [
        Placed(rule, source.path, source.relative, source.root, source.imported)
        for source, compiled in zip(sources, entries, strict=True)
        for rule in compiled.rules
    ]
    found = link(placed, Supply(datasets), catalogue, tunings)
    refused = [
        RuleRefused(refusal.what, path=source.path, line=refusal.line, repair=refusal.repair)
        for source, compiled in zip(sources, entries, strict=True)
        for refusal in compiled.refused
    ]
    ids = [*(one.id for one in placed), *(refusal.id for compiled in entries for refusal in compiled.refused)]
    lost = unmet(tunings, ids, [source.relative for source in sources])
    void = rule_faults([root / "exceptions" for root in roots], found, ids)
    wrong = (*errors, *faults, *more, *lost, *found.errors, *void)
    return RuleSet(found.rules, (*refused, *found.refused), found.hash, wrong, found.shadowed)


def _compiled(
    sources: Sequence[Source], catalogue: Catalogue, roots: Sequence[Path], cache_dir: Path | None
) -> tuple[list[CompiledFile], list[ContentError]]:
    """The sources compiled, in their order, and what is wrong with lists and pipelines."""
    lists, pipelines = by_path(roots, "lists", (".txt",)), by_path(roots, "pipelines", SUFFIXES)
    key = _environment_key(catalogue, lists, pipelines)
    names = [blake2b(source.blob, digest_size=16).hexdigest() for source in sources]
    known = load_cache(cache_dir, key)
    entries, errors = known or ({}, [])
    lacking = {name: source for name, source in zip(names, sources, strict=True) if name not in entries}
    if lacking or known is None:
        from soc.detect.compiling.compile import compile_file
        from soc.detect.compiling.environment import make_environment

        environment, errors = make_environment(catalogue, lists, pipelines)
        for name, source in lacking.items():
            entries[name] = compile_file(source.blob.decode("utf-8", errors="backslashreplace"), environment)
        save_cache(cache_dir, key, _recent(entries, names), errors)
    return [entries[name] for name in names], errors


def _recent(entries: Mapping[str, CompiledFile], names: Sequence[str]) -> dict[str, CompiledFile]:
    """The entries in use, and others up to as many again: another folder of rules may want them next."""
    used = {name: entries[name] for name in names}
    spare = [name for name in entries if name not in used][-max(len(used), 5_000) :]
    return used | {name: entries[name] for name in spare}


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
