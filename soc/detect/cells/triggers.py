"""What a rule asks of its hits: the table from correlation types to moments."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor
from typing import Any

import numpy as np

from soc.detect.cells.moments import Axis
from soc.detect.cells.ordered import Hit, closing
from soc.detect.cells.series import Series
from soc.detect.rules.rule import Correlation, Expression, Rule


def timespan_of(rule: Rule) -> int:
    """Microseconds; a single-event rule has none."""
    return rule.correlation.timespan if rule.correlation else 0


def least(correlation: Correlation) -> int:
    """The smallest count that fulfils a monotone condition."""
    return floor(correlation.bound) + 1 if correlation.op == "gt" else -floor(-correlation.bound)


def triggering(correlation: Correlation, series: Series, chained: Mapping[str, int] | None = None) -> Any:
    """The rows at which the windows behind them fulfil the correlation, as a mask. `chained`: timespans of parts that are correlations."""
    masks = [_triggering(correlation, piece, chained or {}) for piece in series.fitting(correlation.timespan)]
    return np.concatenate(masks) if masks else np.zeros(0, bool)


def _triggering(correlation: Correlation, series: Series, chained: Mapping[str, int]) -> Any:
    axis = Axis(series.axis(correlation.timespan), correlation.timespan)
    if correlation.type == "temporal_ordered":
        return _in_order(correlation, series, axis)
    if correlation.type == "temporal":
        return _together(correlation, series, axis)[axis.at]
    counted = axis.distinct(series.value) if correlation.type == "value_count" else _messages(series, axis, chained)
    return (counted >= least(correlation))[axis.at]


def _messages(series: Series, axis: Axis, chained: Mapping[str, int]) -> Any:
    """What the distinct events in each window stand for; of a correlation's triggers as many as lie further apart than its timespan."""
    gaps = {code: chained[part] for code, part in enumerate(series.parts) if part in chained}
    plain = np.where(np.isin(series.part, list(gaps)), -1, series.event) if gaps else series.event
    times = series.times if (series.times != 1).any() else None
    return sum((axis.apart(series.part == code, gap) for code, gap in gaps.items()), axis.distinct(plain, times))


def _together(correlation: Correlation, series: Series, axis: Axis) -> Any:
    """The moments at which the parts in the window fulfil the expression; else as many parts as the condition says."""
    present = {part: axis.present(series.part == code) for code, part in enumerate(series.parts)}
    if correlation.expression is None:
        return sum(present.values(), np.zeros(len(axis.moments), np.int64)) >= least(correlation)
    return _true(correlation.expression, present, np.zeros(len(axis.moments), bool))


def _true(expression: Expression, present: dict[str, Any], never: Any) -> Any:
    if isinstance(expression, str):
        return present.get(expression, never)
    word, arguments = expression
    found = [_true(argument, present, never) for argument in arguments]
    if word == "not":
        return ~found[0]
    return np.logical_and.reduce(found) if word == "and" else np.logical_or.reduce(found)


def _in_order(correlation: Correlation, series: Series, axis: Axis) -> Any:
    codes = {part: code for code, part in enumerate(series.parts)}
    if any(part not in codes for part in correlation.rules):
        return np.zeros(len(series), bool)
    parts = [codes[part] for part in correlation.rules]
    found = axis.ordered([series.part == part for part in parts])
    for start, end in _of_several_parts(series):
        rows = zip(series.time[start:end].tolist(), series.event[start:end].tolist(), series.part[start:end].tolist(), strict=True)
        found[start:end] = False
        found[[start + place for place in closing([Hit(*row) for row in rows], correlation.timespan, parts)]] = True
    return found


def _of_several_parts(series: Series) -> list[tuple[int, int]]:
    """The groups in which some event has more parts than one: first row, and the row behind the last."""
    same = (series.group[1:] == series.group[:-1]) & (series.event[1:] == series.event[:-1]) & (series.part[1:] != series.part[:-1])
    groups = np.unique(series.group[1:][same])
    return list(zip(*(np.searchsorted(series.group, groups, side=side).tolist() for side in ("left", "right")), strict=True))
