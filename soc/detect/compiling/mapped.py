"""What the pipelines make of names: the fields that a correlation groups by and counts are mapped as those of its rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule

from soc.detect.compiling.compiled import CompiledFile
from soc.detect.compiling.environment import Environment
from soc.detect.compiling.filters import Logsource
from soc.detect.language.sigma import PYSIGMA_ERRORS


def mapped(names: Collection[str], logsource: Logsource, environment: Environment) -> CompiledFile:
    """The fields that each name means in rules of this logsource: itself where no pipeline knows it."""
    stated = {key: item for key, item in zip(("product", "category", "service"), logsource, strict=True) if item}
    return CompiledFile(names={name: _fields(name, stated, environment) for name in names})


def _fields(name: str, logsource: dict[str, str], environment: Environment) -> list[str]:
    try:
        rule = SigmaRule.from_dict({"title": "name", "logsource": logsource, "detection": {"name": {name: "a"}, "condition": "name"}})
        environment.pipeline.apply(rule)
    except PYSIGMA_ERRORS:  # no name that a rule may have: whoever looks for the field says so
        return [name]
    found = (item.field for detection in rule.detection.detections.values() for item in _items(detection))
    return sorted({field for field in found if field is not None}) or [name]


def _items(detection: SigmaDetection) -> Iterator[SigmaDetectionItem]:
    for item in detection.detection_items:
        yield from (item,) if isinstance(item, SigmaDetectionItem) else _items(item)
