"""soc as a pySigma plug-in: `sigma convert -t soc_sql -p soc_ecs rule.yml` shows what soc makes of a rule.

The shims in `sigma/backends/soc` and `sigma/pipelines/soc` are found by pySigma in its namespace packages.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from sigma.conversion.base import Backend
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaBackendError, SigmaFeatureNotSupportedByBackendError
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

from soc.condition import codec
from soc.condition.sql import to_sql
from soc.condition.tree import Node, fields
from soc.detect.compiling.environment import make_environment
from soc.detect.language.sigma import condition_of
from soc.detect.language.values import Values
from soc.detect.ruleset.sources import SUFFIXES, by_path
from soc.errors import RuleRefused
from soc.fields import Catalogue


class TreeBackend(Backend):
    """The condition as soc runs it, as JSON (`soc.condition.codec`). A rule that soc refuses is an error with the reason."""

    name: ClassVar[str] = "soc condition tree"
    formats: ClassVar[dict[str, str]] = {"default": "JSON, one tree per rule"}
    catalogue: ClassVar[Callable[[], Catalogue]]
    lists: ClassVar[Callable[[], Path]]

    def convert_rule(self, rule: SigmaRule, output_format: str | None = None, callback: Any = None) -> list[str]:
        """One text per rule. Raises pySigma's errors, or collects them when it was asked to."""
        if not hasattr(self, "last_processing_pipeline"):
            self.init_processing_pipeline(output_format)
        self.last_processing_pipeline.apply(rule)
        catalogue = type(self).catalogue()
        environment, _ = make_environment(catalogue, by_path([type(self).lists()], "lists", (".txt",)), {})
        try:
            result = self.text(condition_of(rule.detection, Values(catalogue, environment.lists)), catalogue)
        except RuleRefused as refusal:
            error = SigmaBackendError(str(refusal), source=rule.source)
            if not self.collect_errors:
                raise error from refusal
            self.errors.append((rule, error))
            return []
        return [callback(rule, output_format, 0, None, result) if callback else result]

    def text(self, node: Node, catalogue: Catalogue) -> str:
        return json.dumps(codec.dump(node), ensure_ascii=False)

    def convert_correlation_rule(self, rule: SigmaCorrelationRule, *args: Any, **kwargs: Any) -> NoReturn:
        raise SigmaFeatureNotSupportedByBackendError("soc evaluates correlations over hits, not by a query; see: soc rule show")

    def finalize_output_default(self, queries: list[str]) -> list[str]:
        return queries


class SqlBackend(TreeBackend):
    """A DuckDB SELECT over the view `events`, as `soc hunt sql` takes it."""

    name: ClassVar[str] = "soc SQL (DuckDB)"
    formats: ClassVar[dict[str, str]] = {"default": "SELECT over the view events"}

    def text(self, node: Node, catalogue: Catalogue) -> str:
        return f"SELECT * FROM events WHERE {to_sql(node, catalogue, fields(node) | {'labels'})}"


for _kind in (TreeBackend, SqlBackend):  # pySigma's way through thirty methods, one per construct, is not taken: nothing calls them
    _kind.__abstractmethods__ = frozenset()


def shipped_pipeline(detections: Path) -> ProcessingPipeline:
    """All pipelines of a `detections` folder as one."""
    environment, errors = make_environment(Catalogue(), {}, by_path([detections], "pipelines", SUFFIXES))
    if errors:
        raise errors[0]
    environment.pipeline.name = "soc: generic Sigma names to ECS (firewall, DNS, web, Zeek, Linux)"  # sigma list pipelines needs one
    return environment.pipeline
