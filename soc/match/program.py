"""Bound trees as functions over sets of rows, and what a batch must hold for a tree to be worth trying."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from soc.condition.bind import kind_of
from soc.condition.tree import (
    And,
    Cidr,
    Compare,
    Contains,
    Ends,
    Equals,
    Exists,
    FieldRef,
    Keyword,
    Leaf,
    Node,
    Not,
    Or,
    Starts,
    TimePart,
    Wildcard,
)
from soc.fields import Catalogue
from soc.match.batch import Batch
from soc.match.lines import LINE

Evaluate = Callable[[Batch, int], int]
"""Of the candidate rows (the second argument, as bits) those that meet the condition."""

MANY = 8  # atoms of one Or from which on looking at what was met is cheaper than looking each up


class Atoms:
    """The leaves that scanners find, numbered. `texts`: field -> leaf -> atom; `numbers`: (field, kind) -> value -> atom."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.texts: dict[str, dict[Leaf, int]] = defaultdict(dict)
        self.numbers: dict[tuple[str, str], dict[Any, int]] = defaultdict(dict)
        self.rarity: list[float] = []  # by atom: the smaller, the fewer rows it is expected to meet
        self._catalogue = catalogue

    def of(self, leaf: Leaf) -> int | None:
        """The atom of a bound leaf; None when it is not found by scanning."""
        if isinstance(leaf, Keyword):
            return self._atom(self.texts[LINE], leaf.leaf, leaf.leaf)
        if isinstance(leaf, (Exists, Cidr, Compare, FieldRef, TimePart)):
            return None
        if isinstance(leaf, Equals) and not isinstance(leaf.value, str):
            kind = "bool" if kind_of(leaf.field, self._catalogue) == "bool" else "number"
            return self._atom(self.numbers[leaf.field, kind], leaf.value, leaf)
        return self._atom(self.texts[leaf.field], leaf, leaf)

    def _atom(self, known: dict[Any, int], key: Any, leaf: Leaf) -> int:
        atom = known.get(key)
        if atom is None:
            atom = known[key] = len(self.rarity)
            self.rarity.append(_rarity(leaf))
        return atom


def _rarity(leaf: Leaf) -> float:
    """A guess: long texts are rare, equality with a number is not."""
    if isinstance(leaf, Wildcard):
        length = sum(len(part) for part in leaf.parts if isinstance(part, str))
    elif isinstance(leaf, Equals):
        length = len(leaf.value) + 4 if isinstance(leaf.value, str) else 4
    else:
        length = len(leaf.text) if isinstance(leaf, (Contains, Starts, Ends)) else 6
    return 1 / (1 + length) ** 2


class Compiler:
    """Makes functions of bound trees; the atoms they read are collected in `atoms`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.atoms = Atoms(catalogue)
        self._catalogue = catalogue

    def guard(self, node: Node) -> frozenset[int] | None:
        """Atoms of which a row meets at least one if it meets the tree; None when nothing like that is known."""
        if isinstance(node, And):
            guards = [guard for arg in node.args if (guard := self.guard(arg)) is not None]
            return min(guards, key=self._expected) if guards else None
        if isinstance(node, Or):
            parts = [self.guard(arg) for arg in node.args]
            return None if None in parts else frozenset(atom for part in parts if part is not None for atom in part)
        if isinstance(node, Not):
            return None
        atom = self.atoms.of(node)
        return None if atom is None else frozenset((atom,))

    def _expected(self, guard: frozenset[int]) -> float:
        return sum(self.atoms.rarity[atom] for atom in guard)

    def evaluate(self, node: Node) -> Evaluate:
        if isinstance(node, And):
            return _every([self.evaluate(arg) for arg in sorted(node.args, key=self._cost)])
        if isinstance(node, Or):
            return self._some(node.args)
        if isinstance(node, Not):
            inner = self.evaluate(node.arg)
            return lambda batch, rows: rows & ~inner(batch, rows)
        if isinstance(node, FieldRef):
            return lambda batch, rows: batch.pairs(node, self._catalogue, rows)
        if isinstance(node, (Exists, Cidr, Compare, TimePart)):
            return lambda batch, rows: rows & batch.single(node)
        atom = self.atoms.of(node)
        assert atom is not None
        return lambda batch, rows: rows & batch.met.get(atom, 0)

    def _some(self, args: Sequence[Node]) -> Evaluate:
        found: dict[Node, int | None] = {arg: self.atoms.of(arg) for arg in args if not isinstance(arg, (And, Or, Not))}
        atoms = frozenset(atom for atom in found.values() if atom is not None)
        others = [self.evaluate(arg) for arg in sorted(args, key=self._cost) if found.get(arg) is None]
        return _either([_any_atom(atoms), *others] if atoms else others)

    def _cost(self, node: Node) -> tuple[int, float]:
        """What to try first in an And: what scanning found already, rarest first; then columns; pairs of fields last."""
        if isinstance(node, FieldRef):
            return 4, 0
        if isinstance(node, Not):
            return 3, 0
        guard = self.guard(node)
        if guard is None:
            return 2, 0
        return (0 if not isinstance(node, (And, Or)) else 1), self._expected(guard)


def _every(parts: Sequence[Evaluate]) -> Evaluate:
    def evaluate(batch: Batch, rows: int) -> int:
        for part in parts:
            if not rows:
                return 0
            rows = part(batch, rows)
        return rows

    return evaluate


def _either(parts: Sequence[Evaluate]) -> Evaluate:
    if len(parts) == 1:
        return parts[0]

    def evaluate(batch: Batch, rows: int) -> int:
        out, rest = 0, rows
        for part in parts:
            if not rest:
                break
            found = part(batch, rest)
            out, rest = out | found, rest & ~found
        return out

    return evaluate


def _any_atom(atoms: frozenset[int]) -> Evaluate:
    few = tuple(atoms)

    def evaluate(batch: Batch, rows: int) -> int:
        met, out = batch.met, 0
        for atom in few if len(few) < MANY else met.keys() & atoms:
            out |= met.get(atom, 0)
        return rows & out

    return evaluate
