"""What a rule asks of its hits: the table from correlation types to windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor

from soc.detect.rule import Correlation, Expression, Rule
from soc.detect.windows import Distinct, Present, Span, in_order, slide
from soc.match.hits import Hit

RUNS = ("event_count", "value_count", "temporal", "temporal_ordered")


def timespan_of(rule: Rule) -> int:
    """Microseconds; a single-event rule has none."""
    return rule.correlation.timespan if rule.correlation else 0


def spans_of(rule: Rule, series: Sequence[Hit]) -> list[Span]:
    """The moments at which a group's hits, sorted by time, fulfil the rule; of a single-event rule each hit does."""
    correlation = rule.correlation
    if correlation is None:
        return [Span(hit.time, (i,), i, i + 1) for i, hit in enumerate(series)]
    if correlation.type == "temporal_ordered":
        return in_order(series, correlation.timespan, correlation.rules)
    if correlation.type == "temporal":
        return slide(series, correlation.timespan, Present(_holds(correlation)))
    counted: Callable[[Hit], str | None] = (lambda hit: hit.value) if correlation.type == "value_count" else (lambda hit: hit.event)
    return slide(series, correlation.timespan, Distinct(least(correlation), counted))


def least(correlation: Correlation) -> int:
    """The smallest count that fulfils a monotone condition."""
    return floor(correlation.bound) + 1 if correlation.op == "gt" else -floor(-correlation.bound)


def _holds(correlation: Correlation) -> Callable[[frozenset[str]], bool]:
    """What the set of parts present must fulfil: the expression; else as many parts as the condition says."""
    expression = correlation.expression
    if expression is not None:
        return lambda present: _true(expression, present)
    return lambda present: len(present) >= least(correlation)


def _true(expression: Expression, present: frozenset[str]) -> bool:
    if isinstance(expression, str):
        return expression in present
    word, arguments = expression
    if word == "not":
        return not _true(arguments[0], present)
    return (all if word == "and" else any)(_true(argument, present) for argument in arguments)
