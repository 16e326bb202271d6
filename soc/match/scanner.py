"""All text leaves of one field in one pass over each distinct value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from soc.condition.fold import fold
from soc.condition.line import searched
from soc.condition.patterns import re2_text
from soc.condition.tree import ANY, Contains, Ends, Equals, Leaf, Regex, Starts, Wildcard
from soc.match.literals import Literals, contains, ends, starts
from soc.match.regexes import Regexes
from soc.match.wildcards import wildcard_test

TextLeaf = Equals | Contains | Starts | Ends | Wildcard | Regex
REMEMBERED = 1 << 15  # values whose hits are kept from one batch to the next
Wild = tuple[int, Callable[[bytes], bool]]
COMBINATIONS = 1 << 12  # of literals, whose atoms are kept
LONGEST = 1 << 10  # characters of a value that is remembered


class Scanner:
    """Which of a field's bound text leaves a value meets. `leaves`: each with its atom, a number.

    `signatures` are the sets of atoms met by values so far; number 0 is the empty one.
    """

    def __init__(self, leaves: Mapping[Leaf, int]) -> None:
        text = {leaf: atom for leaf, atom in leaves.items() if isinstance(leaf, TextLeaf)}
        self._folded = _Texts({leaf: atom for leaf, atom in text.items() if not isinstance(leaf, Regex) and not leaf.cased})
        self._cased = _Texts({leaf: atom for leaf, atom in text.items() if not isinstance(leaf, Regex) and leaf.cased})
        regexes = {leaf: atom for leaf, atom in text.items() if isinstance(leaf, Regex)}
        self._regexes, self._regex_atoms = Regexes([re2_text(leaf.pattern, leaf.flags) for leaf in regexes]), list(regexes.values())
        self._anywhere = all(map(_is_anywhere, text))
        self.signatures: list[tuple[int, ...]] = [()]
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self._recent: dict[str, int] = {}
        self._older: dict[str, int] = {}

    def numbers(self, values: Sequence[str]) -> list[int]:
        """Of each value the number of its signature."""
        numbers = list(map(self._recent.get, values))
        if None not in numbers:
            return numbers  # type: ignore[return-value]
        return [self._learnt(value) if number is None else number for number, value in zip(numbers, values, strict=True)]

    def number_of_line(self, line: str, message: str | None, number: int) -> int:
        """The number of the signature of a line that may be JSON, whose text has this number."""
        if not number and self._anywhere and "\\" not in line and (message is None or not self.numbers([message])[0]):
            return 0  # without escapes each value stands in the text as it is
        values = searched(line, message)
        if values == [line]:
            return number
        atoms = {atom for found in set(self.numbers(values)) for atom in self.signatures[found]}
        return self._numbered(tuple(sorted(atoms)))

    def trim(self) -> None:
        """Forgets values not met of late, so that memory stays bounded. To be called between batches."""
        if len(self._recent) > REMEMBERED:
            self._older, self._recent = self._recent, {}
        if len(self.signatures) > REMEMBERED:
            self.signatures, self._numbers, self._recent, self._older = [()], {(): 0}, {}, {}

    def _learnt(self, value: str) -> int:
        number = self._older.get(value)
        if number is None:
            number = self._numbered(self._atoms(value))
        if len(value) <= LONGEST:
            self._recent[value] = number
        return number

    def _numbered(self, atoms: tuple[int, ...]) -> int:
        number = self._numbers.get(atoms)
        if number is None:
            number = self._numbers[atoms] = len(self.signatures)
            self.signatures.append(atoms)
        return number

    def _atoms(self, value: str) -> tuple[int, ...]:
        raw = value.encode()
        atoms = self._folded.met(raw.lower() if value.isascii() else fold(value).encode())
        if self._cased:
            atoms += self._cased.met(raw)
        return atoms + tuple([self._regex_atoms[number] for number in self._regexes.found(raw)]) if self._regexes else atoms


def _is_anywhere(leaf: TextLeaf) -> bool:
    """Whether a text that holds one that meets the leaf meets it, too."""
    if isinstance(leaf, Wildcard):
        return leaf.parts[:1] == leaf.parts[-1:] == (ANY,)
    return isinstance(leaf, Contains)


class _Texts:
    """Leaves other than regexes, which see all the same spelling of a value: folded, or as it is."""

    def __init__(self, leaves: Mapping[Any, int]) -> None:
        self._equal = {str(leaf.value).encode(): atom for leaf, atom in leaves.items() if isinstance(leaf, Equals)}
        atoms: dict[bytes, list[int]] = defaultdict(list)  # by pattern
        led: dict[bytes, list[Wild]] = defaultdict(list)  # wildcards that hold the pattern's text
        self._loose: list[Wild] = []  # wildcards without any text
        for leaf, atom in leaves.items():
            if isinstance(leaf, Wildcard):
                texts = [part for part in leaf.parts if isinstance(part, str)]
                to = led[contains(max(texts, key=len).encode())] if texts else self._loose
                to.append((atom, wildcard_test(leaf.parts)))
            elif not isinstance(leaf, Equals):
                atoms[_LITERAL[type(leaf)](leaf.text.encode())].append(atom)
        patterns = list(dict.fromkeys((*atoms, *led)))
        self._by_place = [(tuple(atoms.get(pattern, ())), led.get(pattern, [])) for pattern in patterns]
        self._literals = Literals(patterns)
        self._combined: dict[tuple[int, ...], tuple[tuple[int, ...], list[Wild]]] = {(): ((), self._loose)}
        self._any = bool(leaves)

    def __bool__(self) -> bool:
        return self._any

    def met(self, raw: bytes) -> tuple[int, ...]:
        """The atoms that the bytes of a text meet, each once."""
        places = tuple(self._literals.found(raw))
        known = self._combined.get(places)
        if known is None:
            known = self._combine(places)
        atoms, wilds = known
        if raw in self._equal:
            atoms += (self._equal[raw],)
        return atoms + tuple([atom for atom, test in wilds if test(raw)]) if wilds else atoms

    def _combine(self, places: tuple[int, ...]) -> tuple[tuple[int, ...], list[Wild]]:
        atoms = tuple(atom for place in places for atom in self._by_place[place][0])
        wilds = [*self._loose, *(wild for place in places for wild in self._by_place[place][1])]
        if len(self._combined) < COMBINATIONS:
            self._combined[places] = atoms, wilds
        return atoms, wilds


_LITERAL = {Contains: contains, Starts: starts, Ends: ends}
