"""Sigma's values become leaves of the condition tree.

The meaning of modifiers: Sigma specification 2.1.0, appendix "Sigma Modifiers"; parsed by pySigma.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import ip_network

from sigma.modifiers import SigmaModifier
from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from soc.condition.patterns import Part, simplest, tidy
from soc.condition.tree import (
    ANY,
    ONE,
    Any_,
    Cidr,
    Compare,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Node,
    Not,
    One,
    Or,
    Regex,
    TimePart,
    Wildcard,
)
from soc.detect.language.bounds import check_lists
from soc.errors import RuleRefused
from soc.fields import Catalogue

Modifiers = Collection[type[SigmaModifier]]  # type: ignore[type-arg]

_SPECIAL: dict[SpecialChars, Any_ | One] = {SpecialChars.WILDCARD_MULTI: ANY, SpecialChars.WILDCARD_SINGLE: ONE}
_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_LEADING_FLAGS = re.compile(r"\(\?([ims]+)\)")
_LONGEST_REGEX = 10_000
_PARTS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "week": (1, 53), "month": (1, 12), "year": (1, 9999)}
_SIGNS = {"eq": "", "lt": "< ", "lte": "<= ", "gt": "> ", "gte": ">= "}


class Values:
    """Turns the values of one rule's items into conditions. `lists`: the entries of each placeholder by its name."""

    def __init__(self, catalogue: Catalogue, lists: Mapping[str, tuple[str, ...]]) -> None:
        self.catalogue, self.lists = catalogue, lists

    def node(self, field: str | None, value: SigmaType, modifiers: Modifiers) -> Node:
        """The condition "this field has this value"; without a field, "the line has this value".

        Raises RuleRefused for a value that cannot mean anything.
        """
        if isinstance(value, SigmaExpansion):  # one value in several spellings: any of them, also under `all`
            return _any_of(self.node(field, one, modifiers) for one in value.values)
        if isinstance(value, (SigmaString, SigmaRegularExpression)) and value.contains_placeholder():
            return self._expanded(field, value, modifiers)
        if field is None:
            return _keyword(value, modifiers)
        reader = next((read for kind, read in self._readers.items() if isinstance(value, kind)), None)
        if reader is None:
            raise RuleRefused(f"a value of type {type(value).__name__} is not supported", repair="write a Sigma value")
        return reader(self, field, value, modifiers)

    def _expanded(self, field: str | None, value: SigmaString | SigmaRegularExpression, modifiers: Modifiers) -> Node:
        known = self.lists
        check_lists(value, {name: len(entries) for name, entries in known.items()})

        def entries(placeholder: Placeholder) -> list[SigmaString]:
            if placeholder.name not in known:
                raise RuleRefused(
                    f"placeholder %{placeholder.name}% has no list",
                    repair=f"write its values, one a line, to detections/lists/{placeholder.name}.txt",
                )
            return [SigmaString(entry) for entry in known[placeholder.name]]

        if isinstance(value, SigmaString) and field and self._is_address(field) and len(value.s) == 1:
            return _any_of(self._address(field, entry, modifiers) for entry in entries(value.s[0]))  # type: ignore[arg-type]
        return _any_of(self.node(field, one, modifiers) for one in value.replace_placeholders(entries))  # type: ignore[arg-type]

    def _address(self, field: str, entry: SigmaString, modifiers: Modifiers) -> Node:
        """An entry of a list of addresses may be a network."""
        try:
            return Cidr(field, str(ip_network(entry.original, strict=False)))
        except ValueError:
            return self.node(field, entry, modifiers)

    def _is_address(self, field: str) -> bool:
        return self.catalogue.type_of(field) == "ip"

    def _text(self, field: str, value: SigmaString, modifiers: Modifiers) -> Node:
        return simplest(Wildcard(field, parts_of(value), isinstance(value, SigmaCasedString)))

    def _number(self, field: str, value: SigmaNumber, modifiers: Modifiers) -> Node:
        return Equals(field, value.number)

    def _bool(self, field: str, value: SigmaBool, modifiers: Modifiers) -> Node:
        return Equals(field, value.boolean)

    def _null(self, field: str, value: SigmaNull, modifiers: Modifiers) -> Node:
        return Not(Exists(field))

    def _exists(self, field: str, value: SigmaExists, modifiers: Modifiers) -> Node:
        return Exists(field) if value else Not(Exists(field))

    def _time(self, field: str, value: SigmaTimestampPart, modifiers: Modifiers) -> Node:
        return _part(field, value, "eq")

    def _compare(self, field: str, value: SigmaCompareExpression, modifiers: Modifiers) -> Node:
        op, number = value.op.name.lower(), value.number
        if op == "neq":
            return Not(self.node(field, number, modifiers))
        if isinstance(number, SigmaTimestampPart):
            return _part(field, number, op)
        return Compare(field, op, number.number)

    def _regex(self, field: str, value: SigmaRegularExpression, modifiers: Modifiers) -> Node:
        return regex_leaf(field, value, modifiers)

    def _cidr(self, field: str, value: SigmaCIDRExpression, modifiers: Modifiers) -> Node:
        return Cidr(field, str(ip_network(value.cidr, strict=False)))

    def _reference(self, field: str, value: SigmaFieldReference, modifiers: Modifiers) -> Node:
        op = {(True, True): "contains", (True, False): "starts", (False, True): "ends"}.get((value.starts_with, value.ends_with), "equals")
        return FieldRef(field, value.field, op, cased=_has(modifiers, "CaseSensitive"))

    _readers: Mapping[type, Callable[..., Node]] = {  # a subclass before its base
        SigmaString: _text,
        SigmaTimestampPart: _time,
        SigmaNumber: _number,
        SigmaBool: _bool,
        SigmaNull: _null,
        SigmaExists: _exists,
        SigmaCompareExpression: _compare,
        SigmaRegularExpression: _regex,
        SigmaCIDRExpression: _cidr,
        SigmaFieldReference: _reference,
    }


def _part(field: str, value: SigmaTimestampPart, op: str) -> TimePart:
    """The part of a time compared. Raises RuleRefused for a comparison that no time meets."""
    part, number = value.timestamp_part.name.lower(), int(value.number)
    first, last = _PARTS[part]
    reached = {"eq": first <= number <= last, "lt": first < number, "lte": first <= number, "gt": number < last, "gte": number <= last}
    if not reached[op]:
        raise RuleRefused(f"the {part} is never {_SIGNS[op]}{number}", repair=f"write a number from {first} to {last}")
    return TimePart(field, part, op, number)


def parts_of(value: SigmaString) -> tuple[Part, ...]:
    """The parts of a Sigma text, as a wildcard has them."""
    parts: list[Part] = []
    for item in value.s:
        if isinstance(item, Placeholder):
            raise RuleRefused(f"placeholder %{item.name}% is not resolved", repair="use the modifier `expand`")
        parts.append(_SPECIAL[item] if isinstance(item, SpecialChars) else item)
    return tidy(tuple(parts))


def regex_leaf(field: str, value: SigmaRegularExpression, modifiers: Modifiers) -> Regex:
    """A search for the pattern; `startswith` and `endswith` tie it to the ends."""
    pattern, flags = str(value.regexp), {_FLAGS[flag] for flag in value.flags}
    while found := _LEADING_FLAGS.match(pattern):
        flags |= set(found[1])
        pattern = pattern[found.end() :]
    if _has(modifiers, "Startswith"):
        pattern = rf"\A(?:{pattern})"
    if _has(modifiers, "Endswith"):
        pattern = rf"(?:{pattern})\z"
    if len(pattern) > _LONGEST_REGEX:
        raise RuleRefused(f"a regular expression of {len(pattern)} characters", repair=f"keep it under {_LONGEST_REGEX}")
    return Regex(field, pattern, "".join(sorted(flags)))


def _keyword(value: SigmaType, modifiers: Modifiers) -> Node:
    """A keyword is searched anywhere in the line, unless a modifier ties it to an end."""
    if isinstance(value, SigmaRegularExpression):
        return Keyword(regex_leaf("", value, modifiers))
    if isinstance(value, (SigmaNumber, SigmaBool)) and not isinstance(value, SigmaTimestampPart):
        value = SigmaString.from_str(str(value).lower())
    if not isinstance(value, SigmaString):
        raise RuleRefused("only texts, numbers and regular expressions can be searched without a field", repair="name a field")
    parts = parts_of(value)
    if not any(part is not ANY for part in parts):
        raise RuleRefused("an empty keyword is met by every line", repair="write a text")
    if not _has(modifiers, "Startswith", "Endswith"):
        parts = (*(() if parts[0] is ANY else (ANY,)), *parts, *(() if parts[-1] is ANY else (ANY,)))
    leaf = simplest(Wildcard("", parts, isinstance(value, SigmaCasedString)))
    assert not isinstance(leaf, Exists)  # refused above
    return Keyword(leaf)


def _has(modifiers: Modifiers, *names: str) -> bool:
    return any(modifier.__name__ == f"Sigma{name}Modifier" for modifier in modifiers for name in names)


def _any_of(nodes: Iterable[Node]) -> Node:
    args = tuple(nodes)
    return args[0] if len(args) == 1 else Or(args)
