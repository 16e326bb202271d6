"""The names that a correlation groups by and counts, as fields of the events of each rule that it rests on.

Pipelines map them as the names of those rules. A name that means one field everywhere is renamed to it; else it stays, as an alias.
Of a correlation that is counted (a child) a name of its group-by is that of its key; any other is a field of the events
that made it trigger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from soc.detect.rules.rule import Correlation, Rule, leaves_of, path_of
from soc.detect.ruleset.placed import Placed

Mapped = Callable[[Sequence[str], Sequence[str | None]], Mapping[str, Sequence[str]]]
"""The fields that names mean in rules of a logsource (product, category, service)."""


class Meant(NamedTuple):
    """A rule with a condition that a correlation rests on: the part that it belongs to, and its name in `Correlation.field_of`."""

    part: str
    path: str
    leaf: Rule


def named(one: Placed, correlation: Correlation, rules: Mapping[str, Rule], mapped: Mapped) -> Correlation:
    """The correlation with its names mapped. Raises RuleRefused for a name that is mapped to several fields."""
    stated = tuple(dict.fromkeys((*correlation.group_by, *correlation.fields)))
    aliases: dict[str, dict[str, str]] = {}
    renamed: dict[str, str] = {}
    for name in stated:
        found = {meant.path: _field(one, correlation, name, meant, rules, mapped) for meant in meanings(correlation, rules)}
        only = set(found.values())
        new = only.pop() if len(only) == 1 and name not in correlation.aliases else name
        renamed[name] = name if new in (*stated, *renamed.values()) else new
        keys = {part: key for part in correlation.rules if (key := _key(correlation, name, rules[part])) is not None}
        own = {path: field for path, field in (found | keys).items() if field != renamed[name]}
        if own:
            aliases[renamed[name]] = own
    return replace(
        correlation,
        group_by=tuple(renamed[name] for name in correlation.group_by),
        fields=tuple(renamed[name] for name in correlation.fields),
        aliases=aliases,
        renamed=renamed,
        looked_up=frozenset(
            part
            for part in correlation.rules
            if rules[part].correlation is not None and any(_key(correlation, name, rules[part]) is None for name in stated)
        ),
    )


def meanings(correlation: Correlation, rules: Mapping[str, Rule]) -> Iterator[Meant]:
    """Every rule with a condition that the correlation rests on, part by part."""
    for part in correlation.rules:
        for leaf in leaves_of(rules, part):
            yield Meant(part, path_of(rules, part, leaf), rules[leaf])


def _key(correlation: Correlation, name: str, child: Rule) -> str | None:
    """The name in a child's key that the name means; None where it is none of its group-by, or the part is no correlation."""
    if child.correlation is None:
        return None
    meant = correlation.field_of(name, child.id)
    own = child.correlation.renamed.get(meant, meant)
    return own if own in child.correlation.group_by else None


def _field(one: Placed, correlation: Correlation, name: str, meant: Meant, rules: Mapping[str, Rule], mapped: Mapped) -> str:
    child = rules[meant.part]
    if (key := _key(correlation, name, child)) is not None and child.correlation is not None:
        return child.correlation.field_of(key, path_within(child.correlation, rules, meant.leaf.id))
    stated = correlation.field_of(name, meant.part)
    source = meant.leaf.logsource
    fields = mapped([stated], [source.product, source.category, source.service])[stated]
    if len(fields) != 1:
        what = f"{stated!r} is mapped to {' and '.join(fields)} for {source}"
        raise one.refused(what, repair="name one of these fields, or use aliases")
    return fields[0]


def path_within(correlation: Correlation, rules: Mapping[str, Rule], leaf: str) -> str:
    """What a leaf is called by the correlation above it."""
    return next(path_of(rules, part, leaf) for part in correlation.rules if leaf in leaves_of(rules, part))
