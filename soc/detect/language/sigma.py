"""Sigma detections become conditions.

pySigma parses rules, modifiers and pipelines; the tree is built here, because pySigma's own query generators do not keep
Sigma's meaning. Format: Sigma rules specification 2.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma.conditions import ConditionItem, ConditionOR
from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaNull

from soc.condition.bind import bind
from soc.condition.tree import FALSE, And, Node, Not, Or
from soc.detect.language.conditions import ConditionText, Kind, join
from soc.detect.language.encoded import values_of
from soc.detect.language.spelling import renamed
from soc.detect.language.values import Values
from soc.errors import ConditionError, ContentError, RuleRefused
from soc.fields import Catalogue

PYSIGMA_ERRORS = (SigmaError, NotImplementedError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What pySigma raises for wrong rules: its own errors, and whatever a value of a wrong type makes it trip over."""


class Misplaced(RuleRefused):
    """A refusal that knows in which detection, and at which field, but not yet in which line."""

    def __init__(self, error: ContentError, detection: str, field: str | None) -> None:
        super().__init__(error.what, repair=error.repair)
        self.detection, self.field = detection, field


def condition_of(detections: SigmaDetections, values: Values) -> Node:
    """The rule's condition; several conditions are alternatives. Raises RuleRefused and pySigma's errors."""
    builder = _Builder(detections, values)
    tree = join(Or, [builder.condition(one.condition) for one in detections.parsed_condition])
    if tree is None:
        raise RuleRefused("the condition is empty", repair="name a detection that says something")
    return tree


def selection_of(definition: Any, catalogue: Catalogue, lists: Mapping[str, tuple[str, ...]] | None = None) -> Node:
    """The condition of one Sigma selection: a mapping of fields, or a list of them. Raises RuleRefused and pySigma's errors."""
    detections = SigmaDetections.from_dict({"selection": renamed(definition), "condition": "selection"})
    return condition_of(detections, Values(catalogue, lists or {}))


class _Builder:
    def __init__(self, detections: SigmaDetections, values: Values) -> None:
        self.detections, self.values = detections, values
        self.built: dict[str, Node | None] = {}

    def condition(self, text: Any) -> Node | None:
        """The tree of a condition; None where a pipeline dropped everything that it names."""
        if not isinstance(text, str):
            raise RuleRefused(f"the condition is {text!r}", repair="write a text such as: selection and not filter")
        return ConditionText(text, list(self.detections.detections), self._named).tree()

    def _named(self, name: str) -> Node | None:
        if name not in self.built:
            self.built[name] = self._detection(name, self.detections[name])
        return self.built[name]

    def _detection(self, name: str, detection: SigmaDetection) -> Node | None:
        nodes = [
            self._item(name, item) if isinstance(item, SigmaDetectionItem) else self._detection(name, item)
            for item in detection.detection_items
        ]
        return join(_kind(detection.item_linking), nodes)

    def _item(self, name: str, item: SigmaDetectionItem) -> Node:
        try:
            found = values_of(item) or [SigmaNull()]  # `field: []` says what `field: null` says
            nodes = [self.values.node(item.field, value, item.modifiers) for value in found]
            for node in nodes:
                bind(node, self.values.catalogue)
        except (RuleRefused, ConditionError) as error:
            raise Misplaced(error, name, item.field) from error
        joined = join(_kind(item.value_linking), nodes) or FALSE
        return Not(joined) if item.negated else joined


def _kind(linking: type[ConditionItem] | None) -> Kind:
    return Or if linking is ConditionOR else And
