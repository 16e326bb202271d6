"""Which cases a command means: ids, filters, or a query over their fields."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any, TypeVar

import click

from soc.cli.call.context import Soc
from soc.desk.cases.case import Head
from soc.desk.cases.words import OPEN, PRIORITIES, SEVERITIES, STATUSES
from soc.desk.desk import Tx
from soc.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
CASE = re.compile(r"\d{4}-\d{6}")
FIELDS = ("id", "institution", "title", "category", "severity", "priority", "status", "verdict", "owner", "tlp", "alerts")


@dataclass(frozen=True, slots=True)
class Filters:
    """What was asked for; None is not asked."""

    status: tuple[str, ...] = ()
    institution: str | None = None
    owner: str | None = None
    mine: bool = False
    priority: int | None = None
    severity: str | None = None
    category: str | None = None
    rule: str | None = None
    query: str | None = None

    def __bool__(self) -> bool:
        return self != Filters()


_OPTIONS = (
    click.option("--status", multiple=True, type=click.Choice([*STATUSES, "open", "all"]), help="Only these; repeatable.  [default: open]"),
    click.option("--institution", help="Only cases of this institution."),
    click.option("--owner", help="Only cases of this owner."),
    click.option("--mine", is_flag=True, help="Only cases that I own."),
    click.option("--priority", type=click.Choice([str(number) for number in PRIORITIES]), help="Only cases of this priority."),
    click.option("--severity", type=click.Choice(SEVERITIES), help="Only cases of this severity."),
    click.option("--category", help="Only cases of this category, e.g. 'intrusion-attempts/*'."),
    click.option("--rule", help="Only cases with an alert of this rule."),
    click.option("--query", help="Words of the title and field:value, all of which are met, e.g. 'priority:1 -owner:* ssh'."),
)
NAMES = ("status", "institution", "owner", "mine", "priority", "severity", "category", "rule", "query")


def filter_options(command: F) -> F:
    """Adds the filters; the command gets them as one keyword argument each, for `filters_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def filters_of(options: dict[str, Any]) -> Filters:
    """The filters among a command's options, which are taken out of them."""
    values = {name: options.pop(name) for name in NAMES}
    return Filters(**values | {"priority": int(values["priority"]) if values["priority"] else None})


def find(soc: Soc, tx: Tx, filters: Filters) -> list[Head]:
    """The cases that meet all filters, by priority, then the longest open first."""
    statuses = {word for status in filters.status or ("open",) for word in {"open": OPEN, "all": STATUSES}.get(status, (status,))}
    owner = soc.actor if filters.mine else filters.owner
    found = tx.heads(statuses=sorted(statuses), institution=filters.institution, owner=owner, rule=filters.rule)
    terms = [(name, str(value)) for name in ("priority", "severity", "category") if (value := getattr(filters, name)) is not None]
    tests = [_term(name, value) for name, value in terms] + parse_query(filters.query or "")
    return [head for head in found if all(test(head) for test in tests)]


def chosen_cases(soc: Soc, tx: Tx, ids: Sequence[str], filters: Filters) -> list[str]:
    """The ids stated, or those of the filters. Raises UsageError when neither names a case, or both are given."""
    if ids and filters:
        raise UsageError("give ids or filters, not both")
    if not ids and not filters:
        raise UsageError("which cases? Give ids, or filters such as --query 'priority:4 status:new'")
    picked = list(ids) or [head.id for head in find(soc, tx, filters)]
    if not picked:
        raise UsageError("no case meets the filters; nothing was changed")
    return picked


def split_words(words: Sequence[str], what: str, *, most: int = 1) -> tuple[list[str], str | None]:
    """The case ids among the words of a command, and the one that is none: the owner, the status, the text."""
    ids = [word for word in words if CASE.fullmatch(word)]
    rest = [word for word in words if not CASE.fullmatch(word)]
    if len(rest) > most:
        shown = " ".join(rest)
        raise UsageError(f"too many words that are no case id: {shown}\n  case ids look like 2026-000123; {what}")
    return ids, rest[0] if rest else None


def parse_query(text: str) -> list[Callable[[Head], bool]]:
    """One test per term: `field:value` with `*` and `?`, a word of the title, either negated by a leading `-`. Raises UsageError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"query {text!r}: {error}\n  close the quotation") from error
    return [_parsed(word) for word in words]


def _parsed(word: str) -> Callable[[Head], bool]:
    if len(word) > 1 and word[0] == "-":
        inner = _parsed(word[1:])
        return lambda head: not inner(head)
    name, colon, value = word.partition(":")
    if not colon:
        return _term("title", f"*{word}*")
    if name not in FIELDS:
        raise UsageError(f"cases have no field {name!r}\n  there are: {', '.join(FIELDS)}")
    return _term(name, value)


def _term(name: str, value: str) -> Callable[[Head], bool]:
    pattern = re.compile(translate(value.lower()), re.DOTALL)

    def met(head: Head) -> bool:
        held = getattr(head, name)
        return held is not None and pattern.match(str(held).lower()) is not None

    return met
