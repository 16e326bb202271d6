"""Which datasets a rule sees, and which fields their events can carry. Dormancy and refusal of rules rest on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from soc.condition.fold import fold
from soc.condition.tree import Keyword, Node, can_be, fields
from soc.model import Logsource
from soc.parsing.declared import EVERYWHERE
from soc.parsing.parser import Any_, Dataset


class Supply:
    """What the datasets supply to rules of a logsource."""

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        self.datasets = datasets
        self._seen: dict[Logsource, tuple[Dataset, ...]] = {}
        self._fields: dict[Logsource, frozenset[str]] = {}

    def seen(self, logsource: Logsource) -> tuple[Dataset, ...]:
        """The datasets that rules of this logsource see, in the order declared."""
        if logsource not in self._seen:
            self._seen[logsource] = tuple(d for d in self.datasets if any(logsource.sees(one) for one in d.logsources))
        return self._seen[logsource]

    def fields(self, logsource: Logsource) -> frozenset[str]:
        """The fields that events of some dataset seen can carry, those that envelope and pump set included."""
        if logsource not in self._fields:
            self._fields[logsource] = EVERYWHERE.union(*(d.fields for d in self.seen(logsource)))
        return self._fields[logsource]

    def missing(self, names: Collection[str], logsource: Logsource) -> list[str]:
        """Those of the names that no dataset seen supplies, sorted. A label can always be there."""
        supplied = self.fields(logsource)
        return sorted(name for name in names if name not in supplied and not name.startswith("labels."))

    def closed(self, name: str, logsource: Logsource) -> frozenset[str] | None:
        """The only values that the field can have, when every dataset seen that supplies it says so; folded. Else None."""
        declared = [dataset.fields[name] for dataset in self.seen(logsource) if name in dataset.fields]
        if name in EVERYWHERE or not declared or any(isinstance(values, Any_) for values in declared):
            return None
        return frozenset(fold(str(value)) for values in declared if not isinstance(values, Any_) for value in values)

    def nearest(self, name: str, logsource: Logsource) -> str | None:
        """The supplied field whose name is most like this one."""
        return next(iter(get_close_matches(name, sorted(self.fields(logsource)), 1, 0.5)), None)


def can_fire(node: Node, missing: Collection[str]) -> bool:
    """Whether there is a way for the condition to be met that does not depend on these fields, be it on their absence.

    A rule of which a filter reads a field that nothing supplies would fire on what the filter is there to leave out.
    """
    return can_be(node, lambda leaf, _wanted: isinstance(leaf, Keyword) or not fields(leaf) & set(missing))
