"""Rules that run and cannot see: nothing that is alive supplies what they look at. Their silence says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from soc.cli.call.context import Soc
from soc.cli.call.pipeline import alive

if TYPE_CHECKING:
    from soc.content import Content
    from soc.detect.rules.rule import Rule

MOST = 4  # datasets that are named


def blind_rules(soc: Soc, content: Content) -> dict[str, str]:
    """Id -> why, of the active rules whose events could not come now, and of correlations that count such rules alone.

    Raises StoreError.
    """
    living = alive(soc)
    supplying = [dataset for dataset in content.datasets if dataset.name in living]
    unseeing = content.rules.unseeing(rule for dataset in supplying for rule in content.rules.for_dataset(dataset.logsources))
    blind = {id: _why(content.rules.rules[id], content) for id in unseeing}
    for rule in content.rules.correlations():  # children first
        if rule.correlation and all(part in blind for part in rule.correlation.rules):
            blind[rule.id] = "all that it counts is blind"
    return blind


def listed(blind: Mapping[str, str], content: Content) -> list[dict[str, str]]:
    """As `soc status` says it in JSON."""
    rules = content.rules.rules
    return [{"id": id, "title": rules[id].title, "why": why} for id, why in sorted(blind.items())]


def _why(rule: Rule, content: Content) -> str:
    names = [dataset.name for dataset in content.datasets if any(rule.logsource.sees(declared) for declared in dataset.logsources)]
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"no feed alive supplies {', '.join(names[:MOST])}{more}"
