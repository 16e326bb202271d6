"""What an action of a playbook is: what it takes and gives, and what may happen to it when the machine dies.

repeat: safe     it may be carried out again: nobody notices
        keyed    it may be carried out again with the same key, by which the receiver knows it
        never    it is carried out at most once; when nobody knows whether it was, a person is asked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soc.desk.cases.case import Head
from soc.desk.desk import Tx
from soc.errors import SocError
from soc.event import Event
from soc.fields import Catalogue
from soc.ingest.institutions import Institutions
from soc.store.base import Store

REPEATS = ("safe", "keyed", "never")


class StepFailed(SocError):
    """An action did not do what it should. `final`: trying again is of no use. `unsure`: it may have happened all the same."""

    def __init__(self, what: str, *, final: bool = False, unsure: bool = False) -> None:
        super().__init__(what)
        self.final, self.unsure = final, unsure


@dataclass(frozen=True, slots=True)
class World:
    """What actions work with. Store and catalogue are opened when a hunt needs them."""

    store: Callable[[], Store]
    catalogue: Callable[[], Catalogue]
    institutions: Institutions = field(default_factory=Institutions)
    lists: Mapping[str, Path] = field(default_factory=dict)
    mail: Mapping[str, Any] = field(default_factory=dict)
    webhook: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """One step to be carried out, as its journal entry says: the same before and after a crash. `timeout` in microseconds."""

    case: str
    step: str
    key: str
    arguments: Mapping[str, Any]
    at: int
    timeout: int


@dataclass(frozen=True, slots=True)
class Done:
    """What an action gave. `events` are attached to the case under `title`."""

    gives: Mapping[str, Any]
    title: str = ""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class OnDesk:
    """The transaction in which an action on the desk happens together with its journal entry."""

    tx: Tx
    head: Head
    world: World
    actor: str
    now: int


@dataclass(frozen=True, slots=True)
class Argument:
    """`kind`: text (a template), value, values, command, url, fields, integer, duration. `words`: the closed list it is of.

    `own`: a program, an address, a query, or what picks one: values that come from a log are refused.
    """

    kind: str
    needed: bool = False
    default: Any = None
    words: tuple[Any, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """`on_desk` for what happens in the desk's own transaction, `outside` for all else: exactly one of them.

    `prepare` completes the arguments when the step begins, before they are put down in the journal.
    `from_log`: those of `gives` that may hold text of a log. `notifies`: not done for alerts from a look-back that nobody
    has asked for. `tells`: the log says itself what it did.
    """

    name: str
    does: str
    repeat: str
    takes: Mapping[str, Argument]
    gives: Mapping[str, str] = field(default_factory=dict)
    on_desk: Callable[[OnDesk, Mapping[str, Any]], Mapping[str, Any]] | None = None
    outside: Callable[[World, Order], Done] | None = None
    prepare: Callable[[OnDesk, dict[str, Any]], dict[str, Any]] | None = None
    from_log: frozenset[str] = frozenset()
    notifies: bool = False
    tells: bool = False
