"""The keys and words of a rule that Sigma knows: what nothing reads is most often a slip of the pen, and then a rule means another thing.

Sigma rules, correlation rules and filters specification 2.1.0, and its tags appendix. A rule may have keys and tags of its
own, so only those that look like Sigma's are faults; in a correlation every key counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from soc.detect.rules.rule import LEVELS
from soc.errors import RuleRefused

STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
RULE = (
    *("title", "id", "name", "related", "taxonomy", "status", "description", "license", "author", "references", "date", "modified"),
    *("logsource", "detection", "correlation", "filter", "fields", "falsepositives", "level", "tags", "scope", "generate", "action"),
)
LOGSOURCE = ("category", "product", "service", "definition")
CORRELATION = ("type", "rules", "aliases", "group-by", "timespan", "condition", "generate")
TYPES = (
    *("event_count", "value_count", "temporal", "temporal_ordered"),
    *("value_sum", "value_avg", "value_percentile", "value_median"),  # pySigma's own
)
CONDITION = ("gt", "gte", "lt", "lte", "eq", "neq", "field", "percentile")
SECTIONS = ("detection", "correlation", "filter")
_INSIDE = {  # a key that belongs into a section of the rule
    **dict.fromkeys(("category", "product", "service"), "logsource"),
    **dict.fromkeys(("condition", "selection"), "detection"),
    **dict.fromkeys(("rules", "aliases", "group-by", "timespan"), "correlation"),
}
NAMESPACES = ("attack", "car", "cve", "d3fend", "detection", "stp", "tlp")
TACTICS = (
    *("reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion"),
    *("credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact"),
)
_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?")
_Steps = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong, what repairs it, and the keys that lead to it."""

    what: str
    repair: str
    steps: _Steps


def meaning_fault(value: dict[str, Any]) -> Fault | None:
    """The first key without which the rule would mean another thing than what is written."""
    sections = [key for key in SECTIONS if key in value]
    if len(sections) > 1:
        return Fault(f"{' and '.join(sections)} stand in one document", "write one document for each", (sections[1],))
    for key in value:
        if (near := _nearly(key, RULE)) in ("logsource", *SECTIONS) and near not in value:
            return Fault(f"unknown key {key!r}", f"did you mean {near!r}?", (str(key),))
    logsource, correlation = value.get("logsource"), value.get("correlation")
    for key in logsource if isinstance(logsource, dict) else ():
        if near := _nearly(key, LOGSOURCE):
            return Fault(f"unknown key {key!r}", f"did you mean {near!r}?", ("logsource", str(key)))
    return _correlation_fault(correlation) if isinstance(correlation, dict) else None


def _correlation_fault(stated: dict[str, Any]) -> Fault | None:
    for key in stated:
        if key not in CORRELATION:
            near = _nearly(key, CORRELATION) or ("timespan" if key == "timeframe" else "")
            repair = f"did you mean {near!r}?" if near else f"known: {', '.join(CORRELATION)}"
            return Fault(f"unknown key {key!r}", repair, ("correlation", str(key)))
    if str(stated.get("type")).lower() not in TYPES:
        return Fault(f"the type of the correlation is {stated.get('type')!r}", f"one of {', '.join(TYPES)}", ("correlation", "type"))
    condition = stated.get("condition")
    for key in condition if isinstance(condition, dict) else ():
        if key not in CONDITION:
            return Fault(f"unknown key {key!r}", f"known: {', '.join(CONDITION)}", ("correlation", "condition", str(key)))
    return _alias_fault(stated.get("aliases"))


def _alias_fault(aliases: Any) -> Fault | None:
    """What is wrong with a field that an alias means; another shape is told by pySigma."""
    for alias, fields in aliases.items() if isinstance(aliases, dict) else ():
        for rule, name in fields.items() if isinstance(fields, dict) else ():
            if not isinstance(name, str):
                what = f"the alias {alias!r} means {name!r} in {rule!r}"
                return Fault(what, "write one field", ("correlation", "aliases", str(alias), str(rule)))
    return None


def stated_fault(value: dict[str, Any]) -> Fault | None:
    """The first key or word that is wrong in what the rule says of itself."""
    return next((fault for fault in (*_keys(value), *_words(value), *_tags(value.get("tags")))), None)


def check_counted(type_: str, fields: Sequence[Any]) -> None:
    """Raises RuleRefused for a field that the type of correlation does not count, and for none where it does."""
    if not fields and type_.startswith("value_"):
        raise RuleRefused(f"the condition names no field, and {type_} counts values", repair="write for example field: user.name")
    for name in fields:
        if not isinstance(name, str):
            raise RuleRefused(f"the condition counts {name!r}, which is no field", repair="write for example field: user.name")
    if fields and not type_.startswith("value_"):
        raise RuleRefused(f"the condition names a field, but {type_} counts no values", repair="take field out, or write type: value_count")


def _keys(value: dict[str, Any]) -> Iterator[Fault]:
    for key in map(str, value):
        if key in RULE:
            continue
        section = _INSIDE.get(key.lower().replace("_", "-"))
        if section:
            yield Fault(f"the key {key!r} stands outside {section}", f"write it under {section}", (key,))
        elif near := _nearly(key, RULE):
            yield Fault(f"unknown key {key!r}", f"did you mean {near!r}?", (key,))


def _words(value: dict[str, Any]) -> Iterator[Fault]:
    for key, known in (("level", LEVELS), ("status", STATUSES)):
        stated = value.get(key)
        if stated is not None and str(stated).lower() not in known:
            yield Fault(f"{key} is {stated!r}", f"one of {', '.join(known)}", (key,))


def _tags(tags: Any) -> Iterator[Fault]:
    for place, tag in enumerate(tags if isinstance(tags, list) else ()):
        space, _, name = str(tag).lower().partition(".")
        if meant := _tag(space, name):
            yield Fault(f"tag {tag!r}", meant, ("tags", place))


def _tag(space: str, name: str) -> str:
    """What is meant by a tag that looks like one of Sigma's and is none; "" for any other."""
    if not name:
        return "a tag has a namespace, as attack.t1110"
    near = get_close_matches(space, NAMESPACES, 1, 0.8)
    if space not in NAMESPACES:
        return f"did you mean {near[0]}.{name}?" if near else ""
    if space != "attack" or name.replace("_", "-") in TACTICS or _TECHNIQUE.fullmatch(name):
        return ""
    if re.fullmatch(r"t[\d.]+", name):
        return "a technique is written as attack.t1110 or attack.t1110.003"
    near = get_close_matches(name.replace("_", "-"), TACTICS, 1, 0.8)
    return f"did you mean attack.{near[0]}?" if near else ""


def _nearly(key: Any, known: Sequence[str]) -> str:
    """The known key that this one is most likely meant for; "" where it is one, or is like none."""
    if key in known:
        return ""
    near = get_close_matches(str(key).lower().replace("_", "-"), known, 1, 0.75)
    return near[0] if near and abs(len(near[0]) - len(str(key))) < 2 else ""
