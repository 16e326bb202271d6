"""Loads Sigma rules: files, compiled, linked into a rule set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from soc.detect.rules.rule import RuleSet
from soc.detect.ruleset.compiler import Compiler
from soc.detect.ruleset.exception import rule_faults
from soc.detect.ruleset.link import link
from soc.detect.ruleset.placed import Placed
from soc.detect.ruleset.sources import SUFFIXES, by_path, rule_files
from soc.detect.ruleset.supply import Supply
from soc.detect.ruleset.tuning import load_tunings, unmet
from soc.errors import RuleRefused
from soc.fields import Catalogue
from soc.parsing.parser import Dataset


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
    compiler = Compiler(catalogue, roots, cache_dir)
    entries = [compiler.file(source.blob) for source in sources]
    tunings, more = load_tunings(list(by_path(roots, "tuning", SUFFIXES).values()))
    placed = [
        Placed(rule, source.path, source.relative, source.root, source.imported)
        for source, compiled in zip(sources, entries, strict=True)
        for rule in compiled.rules
    ]
    found = link(placed, Supply(datasets), catalogue, tunings, compiler)
    compiler.save()
    refused = [
        RuleRefused(refusal.what, path=source.path, line=refusal.line, repair=refusal.repair)
        for source, compiled in zip(sources, entries, strict=True)
        for refusal in compiled.refused
    ]
    ids = [*(one.id for one in placed if one.rule.filter is None), *(refusal.id for compiled in entries for refusal in compiled.refused)]
    lost = unmet(tunings, ids, [source.relative for source in sources], {tag for one in placed for tag in one.rule.tags})
    void = rule_faults([root / "exceptions" for root in roots], found, ids)
    wrong = (*errors, *compiler.errors, *more, *lost, *found.errors, *void)
    return RuleSet(found.rules, (*refused, *found.refused), found.hash, wrong, found.shadowed)
