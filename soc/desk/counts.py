"""What alerts have counted, so that a run counts on; and the batches whose hits may be counted already.

Both are derived. An alert without its row is counted anew from all hits of its cell; so are those that a doubted batch touches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from soc.desk.coverage import Range, merged
from soc.desk.damage import read_json, sound, whole
from soc.desk.schema import alerts, counted, meta
from soc.desk.session import Session, chunks
from soc.model import Counted
from soc.text import canonical_json

_DOUBT = "doubted batches of {}"  # a row of `meta`


class Counts(Session):
    def counted(self, ids: Collection[str]) -> dict[str, Counted | None]:
        """What those of these alerts that there are have counted; None where that is not known."""
        found: dict[str, Counted | None] = {}
        query = select(alerts.c.id, counted.c.by, counted.c.body).select_from(alerts.outerjoin(counted, counted.c.alert == alerts.c.id))
        for part in chunks(dict.fromkeys(ids)):
            for row in self.connection.execute(query.where(alerts.c.id.in_(part))):
                found[row.id] = None if row.by is None else _counted(row)
        return found

    def keep_counted(self, found: Mapping[str, Counted | None]) -> None:
        """What these alerts have counted now; None: nothing is known of that."""
        for part in chunks(found):
            self.connection.execute(delete(counted).where(counted.c.alert.in_(part)))
        self.put(counted, [{"alert": id, "by": one.by, "body": _body(one)} for id, one in found.items() if one is not None])

    def counts_anything(self) -> bool:
        """Whether some alert's row is there."""
        return self.connection.execute(select(counted.c.alert).limit(1)).first() is not None

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
    sound(row, counted, row.id)
    with whole("counted", row.id):
        count, first, last, evidence, spans = read_json(row.body, list)
        reached = None if spans is None else tuple((start, end) for start, end in spans)
        return Counted(row.by, count, first, last, tuple((time, id) for time, id in evidence), reached)
