"""What alerts have counted, so that a run counts on; and the batches whose hits may be counted already.

Both are derived. An alert without its row, or with one that another hand has altered, is counted anew from all hits of its cell; so are
those that a doubted batch touches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Row, delete, insert, select

from soc.desk.database.among import among
from soc.desk.database.damage import read_json, sound, whole
from soc.desk.database.schema import alerts, counted, meta
from soc.desk.database.session import chunks
from soc.desk.database.sums import Summed, is_sound
from soc.desk.findings.alerts import extent_of, newest_extents
from soc.desk.findings.coverage import Range, merged
from soc.errors import DeskError
from soc.model import Counted
from soc.text import canonical_json

_DOUBT = "doubted batches of {}"  # a row of `meta`


class Counts(Summed):
    def counted(self, ids: Collection[str]) -> dict[str, Counted | None]:
        """What those of these alerts that there are have counted; None where that is not known."""
        found: dict[str, Counted | None] = {}
        query = select(alerts.c.id, *counted.c).select_from(alerts.outerjoin(counted, counted.c.alert == alerts.c.id))
        for row in self.connection.execute(query.where(among(alerts.c.id, ids))):
            found[row.id] = _counted(row) if row.alert is not None and is_sound(counted, row) else None
        return found

    def keep_counted(self, found: Mapping[str, Counted | None]) -> None:
        """What these alerts have counted now; None: nothing is known of that."""
        known = {row.alert: row for row in self.connection.execute(select(counted).where(among(counted.c.alert, found)))}
        if gone := [id for id, one in found.items() if id in known and one is None]:
            self.take(counted, among(counted.c.alert, gone))
        values = {id: {"by": one.by, "body": _body(one)} for id, one in found.items() if one is not None}
        self.change(counted, [(known[id], value) for id, value in values.items() if id in known])
        self.put_summed(counted, [{"alert": id, **value} for id, value in values.items() if id not in known])

    def counts_anything(self) -> bool:
        """Whether some alert's row is there."""
        return self.connection.execute(select(counted.c.alert).limit(1)).first() is not None

    def verify_counts(self) -> list[str]:
        """What is wrong with what alerts have counted, each fault as one sentence: what cannot be read, and what contradicts the alert."""
        faults = []
        for part in chunks(self.connection.execute(select(counted).order_by(counted.c.alert)).all()):
            query = newest_extents().where(among(alerts.c.id, [row.alert for row in part if type(row.alert) is str]))
            newest = {row.id: row for row in self.connection.execute(query)}
            for row in part:
                try:
                    faults += list(_contradictions(row, newest.get(row.alert)))
                except DeskError as error:
                    faults.append(str(error))
        return faults

    def doubted(self, store: str) -> list[Range]:
        """Batches whose hits may be counted already, although they are not covered."""
        name = _DOUBT.format(store)
        found = self.connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
        with whole("meta", name):
            return [(int(first), int(last)) for first, last in read_json((found or "[]").encode(), list)]

    def doubt(self, store: str, numbers: Iterable[int]) -> None:
        """From now on these are doubted, too."""
        self._keep_doubted(store, merged([*self.doubted(store), *((number, number) for number in numbers)]))

    def trust(self, store: str, numbers: Collection[int]) -> None:
        """These are counted now, each once."""
        before = self.doubted(store)
        parts = list(before)
        for number in numbers:
            parts = [
                span
                for first, last in parts
                for span in ((first, min(last, number - 1)), (max(first, number + 1), last))
                if span[0] <= span[1]
            ]
        if parts != before:
            self._keep_doubted(store, parts)

    def _keep_doubted(self, store: str, spans: Iterable[Range]) -> None:
        name = _DOUBT.format(store)
        self.connection.execute(delete(meta).where(meta.c.name == name))
        self.connection.execute(insert(meta).values(name=name, value=canonical_json(list(spans)).decode()))


def _body(one: Counted) -> bytes:
    return canonical_json([one.count, one.first, one.last, one.evidence, one.spans])


def _counted(row: Any) -> Counted:
    sound(row, counted, row.alert)
    with whole("counted", row.alert):
        count, first, last, evidence, spans = read_json(row.body, list)
        reached = None if spans is None else tuple((start, end) for start, end in spans)
        return Counted(row.by, count, first, last, tuple((time, id) for time, id in evidence), reached)


def _contradictions(row: Any, newest: Row[Any] | None) -> Iterator[str]:
    """Where a row says other than its alert, whose newest extent may be gone: that is named with the alerts. Raises DeskError."""
    one = _counted(row)
    with whole("counted", row.alert):
        _check(one)
    if newest is None:
        return
    place, extent = f"table counted, row {row.alert}", extent_of(newest, row.alert)
    if not one.by.startswith(f"{newest.rule_id}@"):
        yield f"{place}: its by is {one.by} where the alert is of {newest.rule_id}"
    ids = " ".join(id for _, id in one.evidence), " ".join(item.id for item in extent.evidence)
    pairs = {"count": (one.count, extent.count), "first": (one.first, extent.first), "last": (one.last, extent.last), "evidence": ids}
    for name, (held, said) in pairs.items():
        if held != said:
            yield f"{place}: its {name} is {held} where the newest extent of the alert says {said}"


def _check(one: Counted) -> None:
    """Raises TypeError or ValueError for what soc does not write: JSON keeps any value in any place."""
    numbers = (one.count, one.first, one.last, *(time for time, _ in one.evidence), *(end for span in one.spans or () for end in span))
    if any(type(number) is not int for number in numbers) or any(type(id) is not str for _, id in one.evidence):
        raise TypeError("it holds other values than moments and ids")
    edges = [end for span in one.spans or () for end in span]
    if edges != sorted(edges):
        raise ValueError("its spans do not ascend")
