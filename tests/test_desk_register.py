"""The batch register of a store that several machines write: every position once, whoever dies, sleeps or comes late."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from threading import Barrier

import pytest
from desk_kit import T0, fresh_desk
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from soc.batches import OpenBatch, Register, Stretch
from soc.desk.database.schema import batches, stretches
from soc.desk.desk import open_desk
from soc.desk.register.register import DeskRegister, make_register, open_register, registered_stores
from soc.errors import Busy, Conflict, DeskError, UsageError
from soc.model import BatchRow, FeedState, SourceState
from soc.times import DAY

pytestmark = pytest.mark.usefixtures("desk_engine")

LEASE = 60
TARGETS = {"openssh.auth": "soc-openssh.auth-2026.10.11"}


@pytest.fixture
def register() -> Iterator[Register]:
    with fresh_desk() as desk:
        yield make_register(desk, now=T0)


def state(position: int, source: str = "s1", **fields: object) -> SourceState:
    plain = {"path": "/var/log/auth.log\udcff", "head": "aa", "head_length": 2, "tail": "bb", "preamble": ("#h",), "stamp": "1"}
    return SourceState(id=source, feed="gateways", position=position, **(plain | fields))


def stretch(start: int | None, end: int, source: str = "s1") -> Stretch:
    return Stretch(None if start is None else state(start, source), state(end, source))


def begun(register: Register, *stretches: Stretch, writer: str = "one", now: int = T0, **more: object) -> OpenBatch:
    return register.begin(writer, stretches, TARGETS, now=now, lease=LEASE, **more)


def closed(register: Register, batch: OpenBatch, *, events: int = 1, now: int = T0, feeds: tuple[FeedState, ...] = (), **more) -> BatchRow:
    return register.close(batch.number, batch.token, events=events, first=T0, last=T0 + 5, feeds=feeds, now=now, **more)


def test_a_batch_and_the_positions_it_reached_become_true_together(register):
    batch = begun(register, stretch(None, 10), stretch(None, 7, "s2"), events=3)
    assert (register.batches(), register.sources(), register.feeds()) == ([], [], [])
    assert register.batch(batch.number) == BatchRow(register.store, 1, "open", 3, None, None, None)

    row = closed(register, batch, events=4, now=T0 + 9)

    assert row == BatchRow(register.store, 1, "closed", 4, T0, T0 + 5, T0 + 9)
    assert register.batches() == [register.batch(1)] == [row]
    assert register.sources() == register.sources("gateways") == [state(10), state(7, "s2")]
    assert (register.batches(after=1), register.sources("another")) == ([], [])


def test_a_source_goes_on_where_it_was_committed_and_may_get_another_stamp(register):
    closed(register, begun(register, stretch(None, 10)))

    closed(register, begun(register, stretch(10, 10)), events=0, states=[state(10, stamp="2", path="/var/log/auth.log.1")])
    closed(register, begun(register, stretch(10, 30)))

    assert register.sources() == [state(30)]
    for wrong in (stretch(None, 40), stretch(10, 40), stretch(31, 40)):
        with pytest.raises(Conflict, match=r"source s1 is read .*, but is to be read from 30\n  drop"):
            begun(register, wrong)
    with pytest.raises(Conflict, match="source s9 is read from 5, but is to be read as a new one"):
        begun(register, stretch(5, 6, "s9"))


def test_a_batch_closes_with_the_positions_it_was_begun_for(register):
    batch = begun(register, stretch(None, 10))

    for wrong in ([], [state(11)], [state(10), state(1, "s2")]):
        with pytest.raises(UsageError, match="batch 1 was begun for other positions"):
            closed(register, batch, states=wrong)
    with pytest.raises(UsageError, match="one stretch of a source"):
        begun(register, stretch(None, 3, "s2"), stretch(3, 4, "s2"))
    with pytest.raises(ValueError, match="no stretch of one source"):
        stretch(5, 4)


def test_feeds_are_summed_over_batches(register):
    first, second = begun(register, stretch(None, 1)), begun(register, stretch(None, 1, "s2"))

    closed(register, first, feeds=(FeedState("g", "d", 5, T0 + 1, T0 + 1, T0), FeedState("g", "e", 1, T0, T0, T0)))
    closed(register, second, feeds=(FeedState("g", "d", 2, T0, T0 + 3, T0 - 9), FeedState("", "d", 1, T0, T0, T0)))

    assert register.feeds() == [
        FeedState("", "d", 1, T0, T0, T0),
        FeedState("g", "d", 7, T0, T0 + 3, T0),
        FeedState("g", "e", 1, T0, T0, T0),
    ]


def test_a_batch_that_was_begun_by_a_clock_a_year_ahead_is_taken_over_by_who_has_the_right_one(register):
    batch = begun(register, stretch(None, 10), now=T0 + 365 * DAY)

    heir = register.take_over(batch.number, "two", now=T0, lease=LEASE)

    assert (heir.absorbs, [old.number for old in register.expired(T0)]) == ((batch.number,), [])


def test_a_source_is_read_by_one_writer_at_a_time(register):
    batch = begun(register, stretch(None, 10), stretch(None, 10, "s2"))

    with pytest.raises(Busy, match=r"source s2 is being read by one, batch 1, until .* at the latest\n  wait for it"):
        begun(register, stretch(None, 5, "s2"), writer="two")
    with pytest.raises(Busy, match="take that batch over first"):
        begun(register, stretch(None, 5, "s2"), writer="two", now=T0 + LEASE)
    begun(register, stretch(None, 5, "s3"), writer="two")
    closed(register, batch)

    assert begun(register, stretch(10, 15, "s2"), writer="two").number == 3


def test_a_writer_may_have_several_batches_of_a_source_under_way_that_close_in_order(register):
    first, second = begun(register, stretch(None, 10)), begun(register, stretch(10, 20))

    with pytest.raises(Conflict, match="but is to be read from 20"):
        begun(register, stretch(None, 10))
    with pytest.raises(Busy, match="batch 2: batch 1, which it follows, is still open\n  close or take over"):
        closed(register, second)
    with pytest.raises(Busy, match="batch 1: batch 2, which follows it, is open\n  abandon that first"):
        register.abandon(first.number, first.token)
    taken = register.take_over(first.number, "two", now=T0 + LEASE, lease=LEASE)
    closed(register, taken)
    closed(register, second)

    assert [row.number for row in register.batches()] == [second.number, taken.number]
    assert register.sources() == [state(20)]


def test_a_lease_is_renewed_by_who_holds_it_and_can_be_offered_to_others(register):
    batch = begun(register, stretch(None, 10))

    assert register.renew(1, batch.token, now=T0 + 50, lease=LEASE) == replace(batch, expires_at=T0 + 50 + LEASE)
    assert register.expired(T0 + 50 + LEASE - 1) == []
    with pytest.raises(Busy, match=r"batch 1 is being written by one, until .* at the latest\n  wait for it"):
        register.take_over(1, "two", now=T0 + LEASE, lease=LEASE)
    with pytest.raises(Conflict, match="batch 1 belongs to one: it is not this writer's any more\n  drop it"):
        register.renew(1, "another token", now=T0, lease=LEASE)
    offered = register.renew(1, batch.token, now=T0 + 60, lease=0)

    assert register.expired(T0 + 60) == [offered]


def test_a_batch_whose_lease_ran_out_is_taken_over_for_the_same_positions_and_targets(register):
    old = begun(register, stretch(None, 10), stretch(None, 7, "s2"), events=3)
    new = register.take_over(1, "two", now=T0 + LEASE, lease=LEASE)
    newest = register.take_over(2, "three", now=T0 + 2 * LEASE, lease=LEASE)

    assert new == replace(old, number=2, token=new.token, writer="two", expires_at=T0 + 2 * LEASE, absorbs=(1,))
    assert (newest.stretches, newest.targets, newest.events, newest.absorbs) == (old.stretches, old.targets, 3, (1, 2))
    assert len({old.token, new.token, newest.token}) == 3
    for late in (old, new):
        with pytest.raises(Conflict, match=f"batch {late.number} is abandoned: it is not this writer's any more"):
            closed(register, late)
    with pytest.raises(Conflict, match="batch 1 is abandoned\n  nothing is to be done"):
        register.take_over(1, "two", now=T0 + 3 * LEASE, lease=LEASE)
    assert closed(register, newest).absorbs == (1, 2)
    assert [row.number for row in register.batches()] == [3]
    with pytest.raises(Conflict, match="batch 3 is closed"):
        closed(register, newest)


NAMED = "from soc.desk.runs.processes import process_name; print(process_name(), flush=True); input()"


def test_what_a_process_of_this_machine_was_writing_is_free_as_soon_as_it_is_gone(register):
    with subprocess.Popen([sys.executable, "-c", NAMED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        name = f"{writer.stdout.readline().strip()}:token"
        batch = begun(register, stretch(None, 10), writer=name, events=3)
        begun(register, stretch(None, 5, "s2"), writer="gw2:17:elsewhere:then", events=1)
        alive = register.expired(T0)
        with pytest.raises(Busy, match="batch 1 is being written by"):
            register.take_over(batch.number, "two", now=T0, lease=LEASE)
        writer.kill()

    assert (alive, register.expired(T0)) == ([], [batch])
    assert [(one.number, one.writer, one.lapsed) for one in register.unfinished(T0)] == [
        (1, name, True),
        (2, "gw2:17:elsewhere:then", False),
    ]
    assert closed(register, register.take_over(1, "two", now=T0, lease=LEASE)).absorbs == (1,)
    assert [one.number for one in register.unfinished(T0)] == [2]


def test_where_events_go_is_told_once(register):
    batch = begun(register)

    for day in ("2026.10.11", "2026.10.12"):
        claimed = register.claim(batch.number, batch.token, [stretch(None, 5)], {"d": day}, now=T0, lease=LEASE, events=5)

    assert claimed.targets == TARGETS | {"d": "2026.10.11"}


def test_what_an_abandoned_batch_may_have_written_is_absorbed_by_who_reads_those_lines_again(register):
    old = begun(register, stretch(None, 10), stretch(None, 10, "s2"))
    register.abandon(old.number, old.token)

    some, other = begun(register, stretch(None, 4)), begun(register, stretch(None, 4, "s3"))
    rest = begun(register, stretch(4, 12))
    after = begun(register, stretch(12, 13))

    assert [batch.absorbs for batch in (some, other, rest, after)] == [(1,), (), (1,), ()]


def test_what_was_sent_of_a_batch_that_nobody_closes_is_settled_and_its_lines_are_still_to_be_read(register):
    closed(register, begun(register, stretch(None, 4)))
    old = begun(register, stretch(4, 10), stretch(None, 7, "s2"), events=9)
    with pytest.raises(Busy, match=r"batch 2 is being written by one, until .* at the latest\n  wait for it"):
        register.salvage(old.number, "two", now=T0 + LEASE - 1, lease=LEASE)

    batch = register.salvage(old.number, "two", now=T0 + LEASE, lease=LEASE)
    with pytest.raises(Busy, match="source s1 is being read by two, batch 3"):
        begun(register, stretch(4, 8), writer="three", now=T0 + LEASE)
    row = register.settle(
        batch.number, batch.token, events=5, first=T0, last=T0 + 1, feeds=[FeedState("g", "d", 5, T0, T0, T0)], now=T0 + LEASE
    )

    assert (batch.stretches, batch.targets, batch.events, batch.absorbs) == (old.stretches, TARGETS, 9, (old.number,))
    assert row == BatchRow(register.store, 3, "closed", 5, T0, T0 + 1, T0 + LEASE, (old.number,)) == register.batches()[-1]
    assert ([source.position for source in register.sources()], register.feeds()[0].events) == ([4], 5)
    assert register.unfinished(T0 + LEASE) == []
    for late in (lambda: closed(register, old), lambda: register.settle(3, batch.token, events=5, first=0, last=0, feeds=(), now=T0)):
        with pytest.raises(Conflict, match="it is not this writer's any more"):
            late()
    with pytest.raises(Conflict, match="batch 1 is closed\n  nothing is to be done"):
        register.salvage(1, "two", now=T0, lease=LEASE)
    with pytest.raises(Conflict, match="batch 2 was salvaged, or its lines are read on"):
        register.salvage(old.number, "two", now=T0, lease=LEASE)
    assert closed(register, begun(register, stretch(4, 12), now=T0 + LEASE)).absorbs == (old.number,)


def test_a_batch_is_unfinished_until_its_lines_have_been_read_to_the_end(register):
    old = begun(register, stretch(None, 10), stretch(None, 7, "s2"))
    register.take_over(old.number, "heir", now=T0 + LEASE, lease=LEASE)
    heir = register.expired(T0 + 2 * LEASE)[0]
    register.abandon(heir.number, heir.token)

    closed(register, begun(register, stretch(None, 6)))
    with pytest.raises(Conflict, match="batch 3 is closed"):
        register.salvage(3, "two", now=T0, lease=LEASE)
    left = [one.number for one in register.unfinished(T0)]
    batch = register.salvage(old.number, "two", now=T0, lease=LEASE)

    assert left == [old.number, heir.number]
    assert (batch.stretches, batch.absorbs) == ((stretch(6, 10), stretch(None, 7, "s2")), (old.number, heir.number))
    for part in (stretch(6, 10), stretch(None, 7, "s2")):
        with pytest.raises(Busy, match="is being read by two"):
            begun(register, part)
    register.abandon(batch.number, batch.token)
    closed(register, begun(register, stretch(6, 10)))
    assert [one.number for one in register.unfinished(T0)] == [old.number, heir.number, batch.number]
    closed(register, begun(register, stretch(None, 7, "s2")))
    assert register.unfinished(T0) == []


def test_a_count_is_lowered_and_never_raised(register):
    closed(register, begun(register, stretch(None, 10)), events=9)
    begun(register, stretch(10, 20))

    assert register.lower(1, 7, first=T0 + 1) == replace(register.batch(1), events=7, first=T0 + 1)
    assert register.lower(1, 8).events == 7
    assert register.lower(1, 0) == replace(register.batch(1), events=0, first=None, last=None)
    assert register.batches() == [register.batch(1)]
    with pytest.raises(Conflict, match="batch 2 is open"):
        register.lower(2, 1)
    with pytest.raises(UsageError, match="has no batch 9"):
        register.lower(9, 1)


def test_each_store_has_a_register_of_its_own_and_a_strange_one_is_named():
    with fresh_desk() as desk:
        one, other = make_register(desk, now=T0), make_register(desk, now=T0 + 1, store="restored")
        closed(one, begun(one, stretch(None, 10)))

        assert begun(other, stretch(None, 5)).number == 1
        assert (other.batches(), other.sources(), registered_stores(desk)) == ([], [], [(one.store, T0), ("restored", T0 + 1)])
        assert open_register(desk, one.store).batches() == one.batches()
        for use in (lambda: open_register(desk, "strange"), lambda: begun(DeskRegister(desk, "strange"), stretch(None, 5))):
            with pytest.raises(DeskError, match="has no register of store strange\n  "):
                use()
        with pytest.raises(UsageError, match="store restored has a register"):
            make_register(desk, now=T0, store="restored")


# --- at once ---------------------------------------------------------------------------------------------------------


def at_once(*acts: Callable[[], OpenBatch]) -> list[OpenBatch | type[Exception]]:
    """What each act gave, or the kind of error that it raised; all begin together."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], OpenBatch]) -> OpenBatch | type[Exception]:
        barrier.wait()
        try:
            return act()
        except (Busy, Conflict) as error:
            return type(error)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


@pytest.fixture
def registers(desk_engine) -> list[DeskRegister]:
    """One register, opened three times."""
    url = desk_engine.empty()
    first = make_register(open_desk(url, create=True), now=T0)
    return [first, *(open_register(open_desk(url), first.store) for _ in range(2))]


def test_of_several_that_take_over_a_batch_at_once_one_wins(registers):
    for number in range(1, 16, 2):
        old = begun(registers[0], stretch(None, 10, f"s{number}"))

        found = at_once(*(partial(one.take_over, old.number, str(one), now=T0 + LEASE, lease=LEASE) for one in registers))

        assert [kind for kind in found if not isinstance(kind, OpenBatch)] == [Conflict, Conflict]
        assert [batch.absorbs for batch in found if isinstance(batch, OpenBatch)] == [(old.number,)]


def test_of_several_that_begin_to_read_a_source_at_once_one_does(registers):
    for number in range(8):
        source = f"s{number}"

        found = at_once(*(partial(begun, one, stretch(None, 10, source), writer=str(one)) for one in registers))

        assert [kind for kind in found if not isinstance(kind, OpenBatch)] == [Busy, Busy]
    assert [batch.number for batch in registers[0].expired(T0 + LEASE)] == list(range(1, 9))


WRITER = """
import sys
from soc.desk.desk import open_desk
from soc.desk.register.register import open_register
from soc.errors import Conflict
from soc.batches import Stretch
from soc.model import SourceState
register = open_register(open_desk(sys.argv[1]), sys.argv[2])
batch = register.begin("sleeper", [Stretch(None, SourceState("s1", "g", "p", 10, "", 0, ""))], {}, now=0, lease=60)
print(batch.number, flush=True)
sys.stdin.readline()
try:
    register.close(batch.number, batch.token, events=1, first=0, last=0, feeds=(), now=30)
    print("closed")
except Conflict:
    print("conflict")
"""


def test_a_writer_that_was_stopped_past_its_lease_wakes_to_find_its_batch_taken_over(desk_engine):
    url = desk_engine.empty()
    register = make_register(open_desk(url, create=True), now=T0)
    sleeper = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, register.store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert sleeper.stdout is not None
    number = int(sleeper.stdout.readline())
    sleeper.send_signal(signal.SIGSTOP)

    closed(register, register.take_over(number, "other", now=60, lease=60))
    sleeper.send_signal(signal.SIGCONT)

    assert sleeper.communicate("\n", timeout=60)[0] == "conflict\n"
    assert [(row.number, row.absorbs) for row in register.batches()] == [(2, (1,))]
    assert [source.position for source in register.sources()] == [10]


WORKER = """
import os, random, signal, sys, time
from soc.desk.desk import open_desk
from soc.desk.register.register import open_register
from soc.errors import Busy, Conflict
from soc.batches import Stretch
from soc.model import SourceState
url, store, name = sys.argv[1:]
register, chance, LEASE = open_register(open_desk(url), store), random.Random(name), 300_000
now = lambda: time.time_ns() // 1000
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def close(batch):
    if name.startswith("doomed") and chance.random() < 0.3:
        die()
    register.close(batch.number, batch.token, events=1, first=0, last=0, feeds=(), now=now())
while True:
    where = {source.id: source for source in register.sources()}
    unfinished = [id for id in ("s1", "s2") if id not in where or where[id].position < 60]
    if not unfinished:
        break
    try:
        for old in register.expired(now()):
            close(register.take_over(old.number, name, now=now(), lease=LEASE))
        id = chance.choice(unfinished)
        start = where.get(id)
        end = SourceState(id, "gateways", "p", (start.position if start else 0) + chance.randint(1, 4), "", 0, "")
        close(register.begin(name, [Stretch(start, end)], {}, now=now(), lease=LEASE))
    except (Busy, Conflict):
        pass
if name.startswith("doomed"):
    die()
"""


@pytest.mark.kill
def test_processes_that_read_the_same_sources_while_some_are_killed_cover_each_position_once(desk_engine):
    url = desk_engine.empty()
    desk = open_desk(url, create=True)
    register = make_register(desk, now=T0)
    names = ("doomed 1", "doomed 2", "doomed 3", "heir 1", "heir 2")
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, url, register.store, name]) for name in names]

    assert [worker.wait(timeout=60) for worker in workers] == [-signal.SIGKILL] * 3 + [0, 0]

    order = stretches.c.source, stretches.c.until
    joined = select(stretches).join(batches, batches.c.number == stretches.c.number).where(batches.c.state == "closed").order_by(*order)
    with desk.read() as tx:
        spans = [(row.source, max(0, row.since), row.until) for row in tx.connection.execute(joined)]
    for source in register.sources():
        ends = [0, *(until for id, _, until in spans if id == source.id)]
        assert [since for id, since, _ in spans if id == source.id] == ends[:-1]
        assert ends[-1] == source.position >= 60


# --- whatever happens ------------------------------------------------------------------------------------------------

WRITERS, SOURCES = st.sampled_from(["one", "two", "three"]), st.sampled_from(["s1", "s2"])
ACTS = st.one_of(
    st.tuples(st.just("begin"), WRITERS, st.dictionaries(SOURCES, st.integers(0, 5), min_size=1)),
    st.tuples(st.just("look"), WRITERS, st.none()),
    st.tuples(st.sampled_from(["renew", "close", "close", "abandon", "take over", "salvage", "salvage"]), WRITERS, st.integers(0, 1)),
    st.tuples(st.just("pass"), WRITERS, st.integers(1, 2 * LEASE)),
)


@dataclass
class World:
    """Three writers over one register, and a store in which a document stays unless one of a higher version comes.

    Each writes half of a batch as soon as it has begun, the rest before it closes it: that may be long after it was lost.
    """

    register: Register
    now: int = T0
    held: dict[str, list[OpenBatch]] = field(default_factory=dict)  # what each believes to hold
    known: dict[str, dict[str, int | None]] = field(default_factory=dict)  # where each believes that the sources are
    stored: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)  # line -> version of its event, and its batch
    done: list[OpenBatch] = field(default_factory=list)
    salvaging: set[int] = field(default_factory=set)
    counted: dict[int, set[tuple[str, int]]] = field(default_factory=dict)  # closed batch -> the lines that it brought

    def act(self, what: str, writer: str, value) -> None:
        """One act of one writer; whoever meets a conflict, or gives up, looks where the sources are."""
        try:
            self.try_to(what, writer, value)
        except Conflict:
            self.look(writer)
        except Busy:  # waits
            return
        if what == "abandon":
            self.look(writer)

    def look(self, writer: str) -> None:
        self.known[writer] = {source.id: source.position for source in self.register.sources()}

    def try_to(self, what: str, writer: str, value) -> None:
        mine = self.held.setdefault(writer, [])
        if what == "pass":
            self.now += value
        elif what == "look":
            self.look(writer)
        elif what == "begin":
            self.begin(writer, value)
        elif what == "take over" and (found := self.register.expired(self.now)):
            self.write(writer, self.register.take_over(found[value % len(found)].number, writer, now=self.now, lease=LEASE))
        elif what == "salvage" and (left := self.register.unfinished(self.now)):
            self.salvage(writer, left[value % len(left)].number)
        elif mine and what in ("renew", "close", "abandon"):
            self.change(what, mine, mine[value % len(mine)])

    def begin(self, writer: str, sizes: dict[str, int]) -> None:
        known = self.known.setdefault(writer, {})
        starts = {source: known.get(source) for source in sizes}
        parts = [stretch(start, (start or 0) + sizes[source], source) for source, start in starts.items()]
        self.write(writer, self.register.begin(writer, parts, TARGETS, now=self.now, lease=LEASE))
        known |= {part.end.id: part.end.position for part in parts}

    def write(self, writer: str, batch: OpenBatch) -> None:
        self.held.setdefault(writer, []).append(batch)
        self.send(batch, self.wanted(batch)[::2])

    def wanted(self, batch: OpenBatch) -> list[tuple[str, int]]:
        """The lines of a batch that no closed batch has brought, as far as it knows what was salvaged."""
        closed = set().union(*self.counted.values()) if batch.absorbs else set()
        return [line for line in lines(batch) if line not in closed]

    def send(self, batch: OpenBatch, some: Iterable[tuple[str, int]]) -> None:
        version = max(batch.number, *batch.absorbs) if batch.absorbs else 0
        for line in some:
            if version > self.stored.get(line, (-1, 0))[0]:
                self.stored[line] = (version, batch.number)

    def under(self, numbers: Collection[int]) -> set[tuple[str, int]]:
        return {line for line, (_, number) in self.stored.items() if number in numbers}

    def salvage(self, writer: str, number: int) -> None:
        batch = self.register.salvage(number, writer, now=self.now, lease=LEASE)
        self.salvaging.add(batch.number)
        self.held.setdefault(writer, []).append(batch)
        self.send(batch, sorted(self.under(batch.absorbs))[::2])

    def change(self, what: str, mine: list[OpenBatch], batch: OpenBatch) -> None:
        if what == "renew":
            self.register.renew(batch.number, batch.token, now=self.now, lease=LEASE)
        elif what == "abandon":
            self.register.abandon(batch.number, batch.token)
        elif batch.number in self.salvaging:
            self.send(batch, self.under(batch.absorbs))
            brought = self.under([batch.number])
            self.register.settle(batch.number, batch.token, events=len(brought), first=T0, last=T0, feeds=(), now=self.now)
            self.counted[batch.number] = brought
        else:
            wanted = self.wanted(batch)
            self.send(batch, wanted)
            row = closed(self.register, batch, events=len(wanted), now=self.now)
            self.done.append(batch)
            self.counted[batch.number] = set(wanted)
            assert set(wanted) <= self.under([row.number, *row.absorbs])
        if what != "renew":
            mine.remove(batch)

    def finish(self) -> None:
        """Everybody has died but one, who takes over what was left, and salvages what nobody reads on."""
        self.now += 9 * LEASE
        for batch in self.register.expired(self.now):
            self.write("heir", self.register.take_over(batch.number, "heir", now=self.now, lease=LEASE))
        mine = self.held.setdefault("heir", [])
        for what in ("close", "abandon"):  # what follows lines that were salvaged cannot be closed
            for _ in range(len(mine)):
                for batch in list(mine):
                    with suppress(Busy, Conflict):  # not its turn
                        self.change(what, mine, batch)
        assert mine == []
        while left := self.register.unfinished(self.now):
            self.salvage("heir", left[0].number)
            self.change("close", mine, mine[0])


def lines(batch: OpenBatch) -> list[tuple[str, int]]:
    return [(part.end.id, at) for part in batch.stretches for at in range(part.start.position if part.start else 0, part.end.position)]


@settings(max_examples=50, deadline=None)
@given(st.lists(ACTS, min_size=15, max_size=40))
def test_whatever_writers_do_each_position_is_covered_once_in_order_and_every_event_is_found(acts):
    with fresh_desk() as desk:
        world = World(make_register(desk, now=T0))
        for act in acts:
            world.act(*act)
        world.finish()

        rows, read = world.register.batches(), {line for batch in world.done for line in lines(batch)}
        assert [row.number for row in rows] == sorted(world.counted)
        brought = [line for lines in world.counted.values() for line in lines]
        assert len(brought) == len(set(brought)) == sum(row.events for row in rows)
        assert read <= set(brought)
        salvaged = {number for row in rows if row.number in world.salvaging for number in row.absorbs}
        assert world.stored.keys() - set(brought) <= world.under(salvaged)  # sent by one who woke after that, and read them no more
        for source in world.register.sources():
            covered = [part for batch in world.done for part in batch.stretches if part.end.id == source.id]
            assert covered[0].start is None
            assert all(before.end.position == after.start.position for before, after in pairwise(covered))
            assert covered[-1].end.position == source.position
        assert {part.end.id for batch in world.done for part in batch.stretches} == {source.id for source in world.register.sources()}
        assert world.register.expired(world.now + LEASE) == []
