"""Coverage: which batches of which store a rule set has seen, and the rules for which that is not the whole truth.

Ranges are closed, `first..last`, and never touch each other: two that do are one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select

from soc.desk.database.among import among
from soc.desk.database.damage import read_json, sound, whole
from soc.desk.database.schema import coverage, gaps, meta, rulesets
from soc.desk.database.session import chunks
from soc.desk.database.sums import Summed
from soc.errors import Conflict, UsageError
from soc.text import canonical_json

Range = tuple[int, int]
STATES = ("failed", "blind", "new", "expired")
_HITS = "hits of {}"  # a row of `meta`: what holds the hits of a store, and of which batches they are lost


class Gap(NamedTuple):
    """A rule that has not seen the batches `first..last`, although its rule set covers them, and why."""

    store: str
    ruleset: str
    rule: str
    first: int
    last: int
    state: str  # failed blind new expired
    reason: str
    at: int
    filled_at: int | None = None


class Coverage(Summed):
    def covered(self, store: str, ruleset: str) -> list[Range]:
        """The covered ranges of batch numbers, in order."""
        query = select(coverage.c.first, coverage.c.last).where(coverage.c.store == store, coverage.c.ruleset == ruleset)
        rows = self.connection.execute(query.order_by(coverage.c.first))
        return [(row.first, row.last) for row in rows if sound(row, coverage, store, ruleset, row.first)]

    def coverage_known(self, store: str) -> bool:
        """Whether any rule set has covered a batch of the store."""
        return self.connection.execute(select(coverage.c.store).where(coverage.c.store == store).limit(1)).first() is not None

    def searched(self, store: str) -> list[Range]:
        """The ranges of batches that some rule set has covered, in order."""
        rows = self.connection.execute(select(coverage).where(coverage.c.store == store))
        return merged((row.first, row.last) for row in rows if sound(row, coverage, store, row.ruleset, row.first))

    def cover(self, store: str, ruleset: str, numbers: Collection[int]) -> None:
        """Marks batches as covered. Raises Conflict when one already is: then another run did this work."""
        before = self.covered(store, ruleset)
        new = merged((number, number) for number in set(numbers))
        twice = [span for span in new if any(span[0] <= last and first <= span[1] for first, last in before)]
        if twice:
            shown = ", ".join(f"{first}..{last}" for first, last in twice[:5])
            raise Conflict(f"batches {shown} of store {store} are covered already: another run did this work\n  nothing is to be done")
        after = merged([*before, *new])
        gone, came = set(before) - set(after), set(after) - set(before)
        here = (coverage.c.store == store, coverage.c.ruleset == ruleset)
        sound = self.take(coverage, *here, coverage.c.first.in_([first for first, _ in gone]))
        self._put_ranges(store, ruleset, sorted(came), sound)

    def uncover(self, store: str, numbers: Collection[int], *, but: str = "") -> None:
        """Marks batches as not seen by any rule set, save one: what was found in them is lost and has to be found again."""
        for ruleset in self.rulesets().keys() - {but}:
            kept = merged(
                (number, number)
                for first, last in self.covered(store, ruleset)
                for number in range(first, last + 1)
                if number not in numbers
            )
            sound = self.take(coverage, coverage.c.store == store, coverage.c.ruleset == ruleset)
            self._put_ranges(store, ruleset, kept, sound)

    def _put_ranges(self, store: str, ruleset: str, ranges: Iterable[Range], sound: bool) -> None:
        """`sound`: whether the ranges that these are made of are soc's own."""
        rows = [{"store": store, "ruleset": ruleset, "first": first, "last": last} for first, last in ranges]
        self.put_summed(coverage, rows, unsound=not sound)

    def hits_home(self, store: str) -> tuple[str | None, list[Range]]:
        """What held the hits of a store when they were looked for last, and the batches whose hits were lost and are not there yet.

        None: they were never looked for; "": nothing held them.
        """
        name = _HITS.format(store)
        found = self.connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
        if found is None:
            return None, []
        with whole("meta", name):
            home, lost = read_json(found.encode(), list)
            return str(home), [(int(first), int(last)) for first, last in lost]

    def keep_hits_home(self, store: str, home: str, lost: Iterable[Range] = ()) -> None:
        """Remembers both."""
        name = _HITS.format(store)
        self.connection.execute(delete(meta).where(meta.c.name == name))
        self.connection.execute(insert(meta).values(name=name, value=canonical_json([home, merged(lost)]).decode()))

    def found_hits(self, store: str, number: int) -> None:
        """The hits of a batch are there again."""
        home, lost = self.hits_home(store)
        parts = [span for first, last in lost for span in ((first, min(last, number - 1)), (max(first, number + 1), last))]
        self.keep_hits_home(store, home or "", {(first, last) for first, last in parts if first <= last})

    def note_gap(self, store: str, ruleset: str, rule: str, first: int, last: int, state: str, reason: str, now: int) -> None:
        """Writes down that a rule has not seen `first..last`. A gap that it touches, of the same state and reason, grows instead."""
        self.note_gaps(store, ruleset, {rule: reason}, first, last, state, now)

    def note_gaps(self, store: str, ruleset: str, reasons: Mapping[str, str], first: int, last: int, state: str, now: int) -> None:
        """The same for several rules, each with its reason, in a few statements."""
        if state not in STATES:
            raise UsageError(f"{state!r} is no state of a gap; there are: {', '.join(STATES)}")
        touching = self._touching(store, ruleset, reasons, first, last, state)
        place = {"store": store, "ruleset": ruleset, "first": first, "last": last, "state": state, "at": now}
        self.put_summed(gaps, [place | {"rule": rule, "reason": reasons[rule]} for rule in sorted(reasons.keys() - touching)])
        self.change(
            gaps,
            [
                (known[0], {"first": min(first, *(gap.first for gap in known)), "last": max(last, *(gap.last for gap in known))})
                for known in touching.values()
            ],
        )
        for part in chunks(gap.id for known in touching.values() for gap in known[1:]):
            self.take(gaps, gaps.c.id.in_(part))

    def _touching(self, store: str, ruleset: str, reasons: Mapping[str, str], first: int, last: int, state: str) -> dict[str, list[Any]]:
        """By rule the open gaps of this state and its reason that `first..last` touches, as they were noted."""
        found: dict[str, list[Any]] = {}
        here = (gaps.c.store == store, gaps.c.ruleset == ruleset, gaps.c.state == state, gaps.c.filled_at.is_(None))
        query = select(gaps).order_by(gaps.c.id)
        query = query.where(*here, gaps.c.last >= first - 1, gaps.c.first <= last + 1)
        for row in self.connection.execute(query.where(among(gaps.c.rule, reasons))):
            if row.reason == reasons[row.rule]:
                found.setdefault(row.rule, []).append(row)
        return found

    def fill_gaps(self, store: str, ruleset: str, rule: str, first: int, last: int, *, now: int) -> int:
        """The rule has seen `first..last` after all: gaps inside are filled; returns how many."""
        here = (gaps.c.store == store, gaps.c.ruleset == ruleset, gaps.c.rule == rule, gaps.c.filled_at.is_(None))
        inside = (gaps.c.first >= first, gaps.c.last <= last)
        open_ones = self.connection.execute(select(gaps).where(*here, *inside)).all()
        self.change(gaps, [(row, {"filled_at": now}) for row in open_ones])
        return len(open_ones)

    def gaps(self, store: str | None = None, ruleset: str | None = None, rule: str | None = None, *, filled: bool = False) -> list[Gap]:
        """The gaps in the order they were noted; those since filled only when `filled`."""
        wanted = ((gaps.c.store, store), (gaps.c.ruleset, ruleset), (gaps.c.rule, rule))
        query = select(*(gaps.c[name] for name in Gap._fields)).where(*(column == value for column, value in wanted if value is not None))
        if not filled:
            query = query.where(gaps.c.filled_at.is_(None))
        return [Gap(*sound(row, gaps, row.store, row.ruleset, row.rule)) for row in self.connection.execute(query.order_by(gaps.c.id))]

    def remember_ruleset(self, hash: str, rules: Mapping[str, str], now: int) -> None:
        """Keeps what a rule set is made of: rule id -> rule hash. One that is known stays as it is."""
        if self.connection.execute(select(rulesets.c.hash).where(rulesets.c.hash == hash)).scalar() is None:
            self.connection.execute(insert(rulesets).values(hash=hash, rules=canonical_json(dict(rules)), at=now))

    def rulesets(self) -> dict[str, dict[str, str]]:
        """Rule set hash -> rule id -> rule hash, oldest rule set first."""
        query = select(rulesets.c.hash, rulesets.c.rules).order_by(rulesets.c.at, rulesets.c.hash)
        return {row.hash: _rules(row) for row in self.connection.execute(query)}


def _rules(row: Any) -> dict[str, str]:
    with whole("rulesets", row.hash):
        return read_json(row.rules, dict)


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The fewest closed ranges that hold the same numbers, in order."""
    out: list[Range] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return out
