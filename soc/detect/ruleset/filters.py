"""Sigma filters joined to the rules that they are for. A rule whose filter cannot be applied is refused, never run unfiltered.

A filter is for rules whose logsource its own contains, of its root and of all others; one among others' rules for those alone.
It is joined with `and`: what it is to leave out stands behind `not` in its condition. `rules: any` means every such rule, also
one whose events never have a field that the filter reads; a filter that names its rules wants the field supplied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from soc.condition import codec
from soc.condition.tree import And, Node, can_be, fields
from soc.detect.compiling.compiled import EVERY, Compiled, CompiledFile
from soc.detect.ruleset.names import name_fault
from soc.detect.ruleset.placed import Placed
from soc.detect.ruleset.supply import Supply
from soc.errors import ContentError, RuleRefused
from soc.fields import Catalogue
from soc.model import Logsource
from soc.text import json_digest

Compiling = Callable[[Compiled, Sequence[str | None]], CompiledFile]


class Filters:
    """The filters among what is placed; a later root's replaces one of its id. `refused`: those that can be applied to nothing."""

    def __init__(self, placed: Sequence[Placed], compiled: Compiling, supply: Supply, catalogue: Catalogue) -> None:
        self._compiled, self._supply, self._catalogue = compiled, supply, catalogue
        self._filters = {one.id: one for one in placed if one.rule.filter is not None}
        twice = {(one.id, one.root): one for one in placed if one.rule.filter is not None and self._again(one)}
        self._wrong = {one.id: wrong for one in self._filters.values() if (wrong := self._fault(one))}
        self._wrong |= {id_: one.refused(f"id {id_} stands twice", repair="give one of them another id") for (id_, _), one in twice.items()}
        self.refused = tuple(self._wrong.values())

    def joined(self, one: Placed) -> Placed:
        """The rule with its filters. Raises RuleRefused where one cannot be applied."""
        for filter_ in self._of(one):
            if wrong := self._wrong.get(filter_.id):
                raise _unfiltered(one, filter_, wrong)
            if one.rule.correlation is not None:
                what = f"the filter {filter_.rule.title!r} names a correlation"
                raise one.refused(what, repair=f"name the rules that it counts, in {filter_.path}")
            one = self._with(one, filter_)
        return one

    def unmet(self, rules: Mapping[str, Placed]) -> list[ContentError]:
        """An error for each rule that a filter names in vain."""
        errors: list[ContentError] = []
        for filter_ in self._filters.values():
            for name in _named(filter_):
                met = [one for one in rules.values() if _is(one, name)]
                if not met:
                    errors.append(_error(filter_, f"no rule has the id or name {name}", "see: soc rule list"))
                elif not any(_contains(filter_, one) or one.rule.correlation for one in met):
                    what = f"its logsource, {Logsource(*filter_.rule.logsource)}, does not contain that of {met[0].rule.title!r}"
                    errors.append(_error(filter_, what, f"the rule has: {Logsource(*met[0].rule.logsource)}"))
        return errors

    def _again(self, one: Placed) -> bool:
        other = self._filters[one.id]
        return other is not one and other.root == one.root and not (one.imported and other.rule == one.rule)

    def _fault(self, one: Placed) -> RuleRefused | None:
        """Why the filter can be applied to nothing."""
        assert one.rule.filter is not None
        wrong = one.rule.filter["wrong"] or (None if one.imported else one.rule.fault)
        if wrong is None:
            found = self._compiled(one.rule, one.rule.logsource)
            wrong = next(((refusal.what, refusal.line, refusal.repair) for refusal in found.refused), None)
        return None if wrong is None else RuleRefused(wrong[0], path=one.path, line=wrong[1], repair=wrong[2])

    def _of(self, one: Placed) -> list[Placed]:
        """The filters of a rule."""
        found = []
        for filter_ in self._filters.values():
            named = any(_is(one, name) for name in _named(filter_))
            concerns = named and (one.rule.correlation is not None or not any(filter_.rule.logsource) or _contains(filter_, one))
            if (concerns or _for_every(filter_, one)) and (one.imported or not filter_.imported):
                found.append(filter_)
        return found

    def _with(self, one: Placed, filter_: Placed) -> Placed:
        compiled = self._compiled(filter_.rule, one.rule.logsource)
        if compiled.refused:
            wrong = compiled.refused[0]
            raise _unfiltered(one, filter_, RuleRefused(wrong.what, path=filter_.path, line=wrong.line, repair=wrong.repair))
        [asked] = compiled.rules
        logsource = Logsource(*one.rule.logsource)
        missing = set(self._supply.missing(asked.fields, logsource)) if self._supply.seen(logsource) else set()
        for name in sorted(missing):
            fault = name_fault(name, self._catalogue)
            if fault is None and not one.imported and _named(filter_):
                fault = ContentError(f"nothing supplies {name} for {logsource}")
            if fault is not None:
                raise _unfiltered(one, filter_, _error(filter_, fault.what, fault.repair))
        tree = codec.load(asked.tree)
        if missing and not can_be(tree, lambda leaf, wanted: not wanted or not fields(leaf) & missing):
            raise _unfiltered(
                one, filter_, _error(filter_, f"it wants {', '.join(sorted(missing))}, which nothing supplies for {logsource}")
            )
        read = set(asked.fields) - (missing if not _named(filter_) else set())
        joined = codec.dump(_and(codec.load(one.rule.tree), tree))
        fields_ = tuple(sorted(read.union(one.rule.fields)))
        return replace(one, rule=replace(one.rule, tree=joined, tree_hash=json_digest(joined), fields=fields_))


def _is(one: Placed, name: str) -> bool:
    return name in (one.id, one.rule.name) or name.lower() == one.id


def _named(filter_: Placed) -> list[str]:
    """The rules that a filter names; none of one for every rule."""
    assert filter_.rule.filter is not None
    return [] if filter_.rule.filter["rules"] == EVERY else list(filter_.rule.filter["rules"])


def _for_every(filter_: Placed, one: Placed) -> bool:
    assert filter_.rule.filter is not None
    return filter_.rule.filter["rules"] == EVERY and one.rule.correlation is None and _contains(filter_, one)


def _contains(filter_: Placed, one: Placed) -> bool:
    """Whether the rule states all that the filter's logsource states, which is something."""
    stated = dict(zip(("product", "category", "service"), one.rule.logsource, strict=True))
    declared = {key: value for key, value in stated.items() if value is not None}
    return any(filter_.rule.logsource) and Logsource(*filter_.rule.logsource).sees(declared)


def _and(rule: Node, more: Node) -> Node:
    """Both, without a needless level."""
    return And(tuple(arg for node in (rule, more) for arg in (node.args if isinstance(node, And) else (node,))))


def _unfiltered(one: Placed, filter_: Placed, why: ContentError) -> RuleRefused:
    where = f"{filter_.path}:{why.line or filter_.rule.line}"
    return one.refused(
        f"its filter {filter_.rule.title!r} cannot be applied: {why.what}",
        repair=f"mend {where}" + (f": {why.repair}" if why.repair else ""),
    )


def _error(filter_: Placed, what: str, repair: str = "") -> ContentError:
    return ContentError(f"the filter {filter_.rule.title!r}: {what}", path=filter_.path, line=filter_.rule.line, repair=repair)
