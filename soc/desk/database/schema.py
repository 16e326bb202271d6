"""The desk's tables. One schema for SQLite and PostgreSQL.

Moments are integers (`soc.times`). Whatever came out of a log is stored as bytes: canonical JSON, or UTF-8 with its
digest beside it for looking it up, because a text column can hold neither every character nor an index on every length.
A table is either append-only or rebuilt from one that is: `cases`, `case_alerts` and `case_marks` are projections.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, LargeBinary, MetaData, Table, UniqueConstraint

from soc.desk.database.types import Serial, Words

VERSION = 5

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Words, nullable=False)


def _moment(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _json(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _sum() -> Column[str]:
    """See `soc.desk.database.sums`."""
    return Column("sum", Words, nullable=False, server_default="")


meta = Table("meta", metadata, Column("name", Words, primary_key=True), _text("value"))

counters = Table("counters", metadata, Column("name", Words, primary_key=True), Column("value", BigInteger, nullable=False))

locks = Table(
    "locks",
    metadata,
    Column("name", Words, primary_key=True),
    *(_text("token"), _text("owner"), _text("host"), Column("pid", Integer, nullable=False), _text("started")),
    *(_moment("taken_at"), _moment("expires_at")),
)

evidence = Table("evidence", metadata, Column("digest", Words, primary_key=True), _json("body"))

alerts = Table(
    "alerts",
    metadata,
    Column("id", Words, primary_key=True),
    *(_text("rule_id"), _text("rule_hash"), _text("title"), _text("level"), _json("tags"), _text("institution"), _json("key")),
    *(_moment("cell_start"), _moment("cell_end"), _text("run_type"), _json("detail"), _moment("raised_at"), _sum()),
    Index("alerts_by_cell", "rule_id", "institution", "cell_start"),
    Index("alerts_by_time", "cell_start"),
)

extents = Table(
    "extents",
    metadata,
    Column("alert", Words, ForeignKey("alerts.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    *(_moment("count"), _moment("first"), _moment("last")),
    Column("evidence", Words, ForeignKey("evidence.digest"), nullable=False),
    *(_moment("at"), _sum()),
)

counted = Table(  # derived: what a run must know to count on; without its row an alert is counted anew from all hits
    "counted",
    metadata,
    Column("alert", Words, ForeignKey("alerts.id"), primary_key=True),
    *(_text("by"), _json("body"), _sum()),
)

coverage = Table(
    "coverage",
    metadata,
    Column("store", Words, primary_key=True),
    Column("ruleset", Words, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    *(_moment("last"), _sum()),
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Serial, primary_key=True),
    *(_text("store"), _text("ruleset"), _text("rule"), _moment("first"), _moment("last"), _text("state"), _text("reason"), _moment("at")),
    *(Column("filled_at", BigInteger), _sum()),
    Index("gaps_by_place", "store", "ruleset", "rule", "state", "first"),
)

rulesets = Table("rulesets", metadata, Column("hash", Words, primary_key=True), _json("rules"), _moment("at"))

runs = Table(
    "runs",
    metadata,
    Column("id", Serial, primary_key=True),
    *(_text("kind"), _moment("started_at")),
    Column("ended_at", BigInteger),
    *(Column(name, BigInteger, nullable=False) for name in ("batches", "hits", "alerts")),
    *(_text("verdict"), _json("errors")),
)

swallowed = Table(
    "swallowed",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("run", Serial, ForeignKey("runs.id")),
    *(_text("kind"), _text("rule"), _text("institution"), _json("key"), _text("by"), _moment("count"), _moment("at")),
    Index("swallowed_by", "kind", "by"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Words, primary_key=True),
    Column("key", Words, nullable=False, unique=True),
    *(_text("institution"), _text("title"), _text("category"), _text("severity"), Column("priority", Integer, nullable=False)),
    *(_text("status"), Column("verdict", Words), Column("owner", Words), _text("tlp")),
    *(_moment("opened_at"), _moment("updated_at"), Column("closed_at", BigInteger)),
    *(Column("alerts", Integer, nullable=False), Column("storm", Integer, nullable=False), _json("pinned")),
    *(Column("seq", Integer, nullable=False), _text("hash")),
    *(Column("first_trigger", BigInteger), Column("last_trigger", BigInteger)),  # of its alerts' newest extents
    Index("cases_by_status", "status", "institution"),
)

case_log = Table(
    "case_log",
    metadata,
    Column("case", Words, ForeignKey("cases.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    *(_moment("at"), _text("actor"), _text("action"), _json("payload"), _text("prev"), _text("hash")),
)

case_alerts = Table(
    "case_alerts",
    metadata,
    Column("alert", Words, ForeignKey("alerts.id"), primary_key=True),  # an alert lies in one case
    Column("case", Words, ForeignKey("cases.id"), nullable=False, index=True),
)

case_marks = Table(  # what later alerts join a case by: rule and key, an observable, a storm
    "case_marks",
    metadata,
    Column("case", Words, ForeignKey("cases.id"), primary_key=True),
    Column("mark", Words, primary_key=True),  # digest over institution, kind and value
    *(_text("kind"), _json("value")),
    Index("case_marks_by_mark", "mark"),
)

playbook_runs = Table(
    "playbook_runs",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("case", Words, ForeignKey("cases.id"), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2 … within the case
    *(_text("playbook"), _text("actor"), _moment("at")),
    Column("ended_at", BigInteger, index=True),  # a projection of the journal
    UniqueConstraint("case", "number"),
)

journal = Table(  # append-only: what a run began, and what became of it
    "journal",
    metadata,
    Column("run", Serial, ForeignKey("playbook_runs.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    *(_text("step"), _text("action"), _json("payload"), _moment("at")),
)

stores = Table(  # the stores whose batch register is kept here
    "stores",
    metadata,
    Column("id", Words, primary_key=True),
    *(_moment("made_at"), Column("last", BigInteger, nullable=False)),  # the number given last
)

batches = Table(
    "batches",
    metadata,
    Column("store", Words, ForeignKey("stores.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("root", BigInteger, nullable=False),  # the number under which its stretches were first begun: the order along a source
    *(_text("state"), _text("writer"), _text("token"), _moment("begun_at"), _moment("expires_at")),
    *(_json("targets"), _json("absorbs"), Column("events", BigInteger, nullable=False)),
    *(Column(name, BigInteger) for name in ("first", "last", "closed_at")),
    Index("batches_by_state", "store", "state", "number"),
)

stretches = Table(  # what a batch takes in of its sources
    "stretches",
    metadata,
    Column("store", Words, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Words, primary_key=True),
    *(_moment("since"), _moment("until")),  # positions; a new source is at -1
    *(Column("start", LargeBinary), Column("end", LargeBinary)),  # JSON of the states, while somebody may go on with the batch
    ForeignKeyConstraint(["store", "number"], ["batches.store", "batches.number"]),
)

sources = Table(  # the newest committed state of each source
    "sources",
    metadata,
    Column("store", Words, ForeignKey("stores.id"), primary_key=True),
    Column("id", Words, primary_key=True),
    *(_text("feed"), Column("position", BigInteger, nullable=False), _json("state")),
    Index("sources_by_feed", "store", "feed"),
)

feeds = Table(
    "feeds",
    metadata,
    Column("store", Words, ForeignKey("stores.id"), primary_key=True),
    *(Column("feed", Words, primary_key=True), Column("dataset", Words, primary_key=True)),
    Column("events", BigInteger, nullable=False),
    *(_moment("first_ingested"), _moment("last_ingested"), _moment("last_time")),
)
