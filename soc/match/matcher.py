"""All conditions over a table in one pass.

Each text column is reduced to its distinct values; each value is looked at once by all leaves of its field
(`soc.match.scanner`), which gives the rows of every leaf as a set of bits. Conditions are then and, or and not of such
sets, and only those are tried that can be met by what was found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from soc.condition.bind import bind
from soc.condition.tree import Node, fields
from soc.condition.values import LABEL
from soc.errors import ConditionError
from soc.fields import Catalogue
from soc.match.batch import Batch
from soc.match.bits import row_numbers
from soc.match.program import Compiler, Evaluate
from soc.match.scanner import Scanner

ROWS = 1 << 15  # matched at a time


class Matcher:
    """Conditions by name, compiled once for the tables of one dataset. Keeps what it learnt of values from table to table.

    `columns`: the columns that the conditions read. `failed`: conditions that cannot be bound or compiled, with the reason;
    the others are matched.
    """

    def __init__(self, conditions: Mapping[str, Node], catalogue: Catalogue) -> None:
        self.failed: dict[str, str] = {}
        bound = {name: tree for name, node in conditions.items() if (tree := self._bound(name, node, catalogue)) is not None}
        self.columns = frozenset("labels" if name.startswith(LABEL) else name for tree in bound.values() for name in fields(tree))
        compiler = Compiler(catalogue)
        self._programs: dict[str, Evaluate] = {}
        self._unguarded: list[str] = []
        self._guarded: dict[int, list[str]] = defaultdict(list)
        for name, tree in bound.items():
            self._programs[name] = compiler.evaluate(tree)
            guard = compiler.guard(tree)
            if guard is None:
                self._unguarded.append(name)
            else:
                for atom in guard:
                    self._guarded[atom].append(name)
        self._scanners = {field: Scanner(leaves) for field, leaves in compiler.atoms.texts.items()}
        self._numbers = dict(compiler.atoms.numbers)

    def match(self, table: Any) -> dict[str, Any]:
        """The numbers of the rows that meet each condition, ascending, as an array; conditions without rows are left out."""
        found: dict[str, Any] = {}
        for start in range(0, table.num_rows, ROWS):
            for name, numbers in self._match(table.slice(start, ROWS)).items():
                found.setdefault(name, []).append(numbers + start)
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _match(self, table: Any) -> dict[str, Any]:
        batch = Batch(table)
        for field, scanner in self._scanners.items():
            batch.scan(field, scanner)
            scanner.trim()
        for (field, kind), wanted in self._numbers.items():
            batch.scan_numbers(field, kind, wanted)
        worth = set(self._unguarded)
        for atom in batch.met:
            worth.update(self._guarded.get(atom, ()))
        found = {name: self._programs[name](batch, batch.every) for name in sorted(worth)}
        return {name: row_numbers(bits, batch.height) for name, bits in found.items() if bits}

    def _bound(self, name: str, node: Node, catalogue: Catalogue) -> Node | None:
        try:
            return bind(node, catalogue)
        except ConditionError as error:
            self.failed[name] = str(error)
            return None
