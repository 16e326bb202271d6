"""`soc doctor`: what was found where, and what is wrong."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

import soc as package
from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import chosen, emit_object, note, output_option, safe_echo
from soc.cli.rules.restored import accept, restored
from soc.cli.upkeep.overdue import overdue, retention_waits
from soc.cli.upkeep.skews import doubted
from soc.errors import ContentError, DeskError, SocError, StoreError, UsageError
from soc.times import iso

if TYPE_CHECKING:
    from soc.batches import Unfinished
    from soc.desk.desk import Tx


@click.command()
@click.option("--deep", is_flag=True, help="Read every page and row of the store and of the desk, and verify their checksums.")
@click.option("--give-up", "given_up", metavar="FILE", help="Put a damaged file aside; lost events stay on record, hits are made anew.")
@click.option("--restored", "put_back", is_flag=True, help="The store was put back from a backup: have all of it searched.")
@click.option("--replay", is_flag=True, help="Offer a cluster the events again that it refused; detection finds them in new batches.")
@click.option("--mail", "address", metavar="ADDRESS", help="Send one mail there by the mail server of soc.toml.")
@output_option
@pass_soc
def doctor(soc: Soc, deep: bool, given_up: str | None, put_back: bool, replay: bool, address: str | None, output: str | None) -> int:
    """What was found where, and what is wrong. Exits 3 when the store or the desk cannot be used, 4 for lesser faults."""
    if given_up:
        _give_up(soc, given_up)
    if put_back:
        note(f"the store has the id {accept(soc)} from now on; the next run searches all of it")
    if replay:
        _replay(soc)
    unsent = _send(soc, address) if address else []
    found: dict[str, Any] = {"soc": package.__version__, "python": platform.python_version(), "home": str(soc.home)}
    faults: list[str] = [*unsent]
    broken: list[str] = []
    for name, look, serious in (("config", _config, False), ("content", _content, False), ("store", _store, True), ("desk", _desk, True)):
        try:
            found[name], more = look(soc, deep)
            faults += more
        except SocError as error:
            found[name] = "unusable"
            (broken if serious else faults).append(f"{name}: {error}")
    faults += _folder(soc)
    found["faults"] = [*broken, *faults]
    if chosen(output) == "json":
        emit_object(found)
    else:
        for line in _lines(found):
            safe_echo(line)
    return 3 if broken else 4 if faults else 0


def _give_up(soc: Soc, name: str) -> None:
    from soc.store.segments import SegmentStore

    store = soc.store
    if not isinstance(store, SegmentStore):
        raise UsageError(f"{store.place}: is no store of files\n  what a cluster has lost is said by: soc doctor --deep")
    with store.writer() as writer:
        aside = writer.give_up(name, now=soc.now(), again=lambda batches: _search_again(soc, batches))
    note(f"{aside} is where it lies now")


def _search_again(soc: Soc, batches: list[int]) -> None:
    with soc.desk.write() as tx:
        tx.uncover(soc.store.id, batches)
        tx.doubt(soc.store.id, batches)
    note(f"the next run searches {len(batches)} batches again")


def _replay(soc: Soc) -> None:
    from soc.store.elasticsearch import ElasticStore

    store = soc.store
    if not isinstance(store, ElasticStore):
        raise UsageError(f"{store.place}: refuses no events\n  leave --replay out")
    taken, left = store.replay(now=soc.now())
    note(f"the cluster took {taken} of the events that it had refused; {left} it refuses still")


def _send(soc: Soc, address: str) -> list[str]:
    """Sends one mail; why it could not be sent."""
    from soc.respond.actions.action import StepFailed
    from soc.respond.actions.notify import send_trial

    try:
        note(f"{send_trial(soc.config.mail, address, now=soc.now())} took a mail to {address}")
    except StepFailed as error:
        return [f"mail: {error}"]
    return []


Look = Callable[[Soc, bool], tuple[Any, list[str]]]


def _config(soc: Soc, deep: bool) -> tuple[Any, list[str]]:
    from soc.respond.actions.receivers import mail_fault

    config = soc.config
    return {
        "file": str(config.path or "none; defaults are in force"),
        "retention_days": config.retention_days,
        **{f"keep {number}": f"{keep.days} days: {keep}" for number, keep in enumerate(config.keeps, 1)},
        "mail": bool(config.mail),
    }, list(filter(None, [mail_fault(config.mail)]))


def _content(soc: Soc, deep: bool) -> tuple[Any, list[str]]:
    content = soc.content
    errors = [str(error) for error in content.load()]
    held = {"roots": [str(root) for root in content.roots], "parsers": len(content.parsers), "feeds": len(content.feeds)}
    dormant = sum(1 for _ in content.rules.dormant())
    return held | {"rules": len(content.rules.rules), "dormant": dormant, "playbooks": len(content.playbooks)}, errors


def _store(soc: Soc, deep: bool) -> tuple[Any, list[str]]:
    from soc.detect.coverage.anew import lost_hits

    store = soc.store
    left = [_left(batch) for batch in store.unfinished() if batch.lapsed]
    lost = filter(None, [lost_hits(store, soc.desk, soc.content.rules), restored(soc)])
    faults = [*store.check(deep=deep), *left, *lost, *_unknown(soc)]
    faults += [f"feed {line}" for line in doubted(soc)]
    free = shutil.disk_usage(soc.home).free
    try:
        figures = store.statistics()
    except StoreError as error:
        raise StoreError("\n".join((*faults, str(error)))) from error
    return {"id": store.id, "place": store.place, "free_bytes": free, **figures}, faults


def _unknown(soc: Soc) -> list[str]:
    from soc.cli.upkeep.retain import unknown_to_all

    try:
        return unknown_to_all(soc)
    except ContentError:  # named with the content
        return []


def _left(batch: Unfinished) -> str:
    return (
        f"batch {batch.number}: {batch.writer} left it unfinished at {iso(batch.begun_at)}: of its {batch.events} events those that were "
        "sent are seen by hunts and by no rule\n  read its files on, with soc ingest, on the machine that has them; if they are lost: "
        f"soc store salvage {batch.number}"
    )


def _desk(soc: Soc, deep: bool) -> tuple[Any, list[str]]:
    desk = soc.desk
    with desk.read() as tx:
        bad = tx.verify_file(deep=deep) + tx.verify_alerts() + tx.verify_sums() + tx.verify_cases()
        if deep:
            bad += tx.verify_rows() + tx.verify_counts() + _journals(tx)
        alerts = tx.count_alerts()
        unsent = _undone(tx)
    stopped = [*overdue(soc), *filter(None, [retention_waits(soc)])]
    return {"place": desk.place, "alerts": alerts}, [*(f"desk: {fault}" for fault in dict.fromkeys(bad)), *unsent, *stopped]


def _undone(tx: Tx) -> list[str]:
    """What could not be told to others, of cases that go on. A journal that cannot be read is named by --deep."""
    from soc.respond.runs.undone import undone

    try:
        return undone(tx)
    except DeskError:
        return []


def _journals(tx: Tx) -> list[str]:
    """What is wrong with the journals of playbooks: entries that cannot follow each other."""
    from soc.respond.runs.progress import fold

    faults = []
    for run in tx.playbook_runs():
        try:
            fold(tx.journal(run.id))
        except DeskError as error:
            faults.append(str(error))
    return faults


def _folder(soc: Soc) -> list[str]:
    if not soc.home.is_dir():
        return [f"{soc.home}: there is no state folder\n  make it with: soc init"]
    if soc.home.stat().st_mode & 0o007:
        return [f"{soc.home}: everybody can look into it\n  chmod o-rwx {soc.home}"]
    return [] if os.access(soc.home, os.W_OK) else [f"{soc.home}: you cannot write there\n  use sudo, or join the group that owns it"]


def _lines(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        if name == "faults":
            continue
        if isinstance(value, dict):
            for key, held in value.items():
                yield f"{name + ' ' + key:24} {', '.join(held) if isinstance(held, list) else held}"
        else:
            yield f"{name:24} {value}"
    yield ""
    for fault in found["faults"]:
        yield from fault.splitlines()
    yield f"{len(found['faults'])} faults"
