"""`soc store`: the indices of a cluster, ours and others'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soc.cli.call.clusters import cluster, is_cluster, prefix, sizes
from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import emit, note, output_option
from soc.cli.call.when import moment
from soc.cli.rules.rule import content_with, rules_option
from soc.errors import UsageError
from soc.times import iso

if TYPE_CHECKING:
    from soc.hunt.sight import View
    from soc.store.elasticsearch import Cluster
    from soc.store.elasticsearch.foreign.sight import Sight
    from soc.store.elasticsearch.indices.upgrade import Plan

FIELDS = ("field", "state", "types", "rules", "why")
RULES = ("rule", "title", "state", "blind", "slow", "cased")
VERDICTS = ("blind", "partly", "slow", "cased", "good")
PLANNED = ("index", "change", "fields")
SALVAGED = ("batch", "writer", "begun", "announced", "as", "events")


@click.group()
def store() -> None:
    """The indices of a cluster: whether they are up to date, what machines left in them, and what rules would find in others'.

    \b
    Example:  soc store plan
              soc store apply
              soc store salvage --all
              soc store inspect 'filebeat-*'
    """


@store.command()
@output_option
@pass_soc
def plan(soc: Soc, output: str | None) -> None:
    """What an upgrade would change: the template, and the indices that were made by another field catalogue than today's, or are gone.

    New fields come in place. A field that has another type now gets a new index from now on; questions go across both.

    \b
    Example:  soc store plan
    """
    from soc.store.elasticsearch.indices import upgrade

    there = _cluster(soc)
    found = upgrade.plan(there, soc.content.catalogue, **sizes(soc.config))
    emit(_planned(found), PLANNED, output)
    note("do it with: soc store apply" if found else "nothing is to be done")
    _note_lost_hits(soc, there)


@store.command()
@output_option
@pass_soc
def apply(soc: Soc, output: str | None) -> None:
    """Do what `soc store plan` says. Safe to repeat, and while others write.

    \b
    Example:  soc store apply
    """
    from soc.store.elasticsearch.indices import upgrade

    there = _cluster(soc)
    found = upgrade.plan(there, soc.content.catalogue, **sizes(soc.config))
    upgrade.apply(there, soc.content.catalogue, found, **sizes(soc.config))
    emit(_planned(found), PLANNED, output)
    note("done" if found else "nothing was to be done")
    _note_lost_hits(soc, there)


@store.command()
@click.argument("index")
@click.option("--fields", is_flag=True, help="The fields that rules read, not the rules.")
@click.option("--all", "everything", is_flag=True, help="Those that are searched as well as in our own indices, too.")
@rules_option
@output_option
@pass_soc
def inspect(soc: Soc, index: str, fields: bool, everything: bool, folders: tuple[Path, ...], output: str | None) -> None:
    """Which rules would be blind, slow or taken in by upper and lower case in indices that soc does not write, and why.

    \b
    Example:  soc store inspect 'filebeat-*'
              soc store inspect 'logs-*' --fields
              soc store inspect 'logs-*' --rules ~/sigma/rules --output csv
    """
    from soc.hunt.sight import fields_of, views
    from soc.store.elasticsearch.foreign.sight import sights

    rules = list(content_with(soc, folders).rules.rules.values())
    found = sights(_cluster(soc), index, fields_of(rules), soc.content.catalogue)
    seen = list(views(rules, {name: one.state for name, one in found.items()}))
    rows = [_field_row(one, seen) for one in found.values()] if fields else [_rule_row(view, found) for view in seen]
    emit([row for row in rows if everything or row["state"] != "good"], FIELDS if fields else RULES, output)
    counts = Counter(view.verdict for view in seen)
    note(f"{len(seen)} rules: {', '.join(f'{counts[name]} {name}' for name in VERDICTS if counts[name])}")


@store.command()
@click.option("--since", default="all", show_default=True, help="Only what has changed since: 24h, 7d or a date.")
@output_option
@pass_soc
def publish(soc: Soc, since: str, output: str | None) -> None:
    """Write alerts and cases from the desk into indices for dashboards: all of them, or those of a time.

    Every command does that at its end for what it has changed, and `soc run` for the last seven days: this is for what they missed.

    Only documents that differ are written. The indices may be deleted: this makes them anew.

    \b
    Example:  soc store publish
    """
    from soc.cli.cases.published import publish_all

    _cluster(soc).client.close()
    alerts, cases = publish_all(soc, None if since == "all" else moment(since, soc.now()))
    emit([{"alerts": alerts, "cases": cases}], ("alerts", "cases"), output)


@store.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(1), metavar="[BATCH]...")
@click.option("--all", "everything", is_flag=True, help="All that nobody writes any more.")
@output_option
@pass_soc
def salvage(soc: Soc, numbers: tuple[int, ...], everything: bool, output: str | None) -> None:
    """Let rules search what was sent of batches that nobody will finish, because a machine is lost with its files.

    `soc status` names batches that were left unfinished. Where their files can be read, `soc ingest` goes on by itself. What had been
    sent becomes a batch of its own. Its lines still count as not read: should they come back, each of them is one event all the same.
    A batch that somebody writes is refused until its lease has run out.

    \b
    Example:  soc store salvage 4711
              soc store salvage --all
    """
    if not is_cluster(soc.config):
        raise UsageError(
            "the store is no cluster: in segments a batch is there whole or not at all, and none has to be salvaged\n"
            "  name a cluster with --store https://host:port, or under [store]"
        )
    if not numbers and not everything:
        named = ", ".join(str(batch.number) for batch in soc.store.unfinished() if batch.lapsed) or "none"
        raise UsageError(f"which batches? Left unfinished: {named}\n  name them, or write --all")
    rows = list(_salvaged(soc, numbers, everything))
    emit(rows, SALVAGED, output)
    note(f"{sum(row['events'] for row in rows)} events; the next soc detect searches them" if rows else "nothing was left unfinished")


@store.command()
@pass_soc
def kibana(soc: Soc) -> None:
    """Print the saved objects for Kibana (data views, two searches, a dashboard), on the names of this store's indices.

    \b
    Example:  soc store kibana > soc.ndjson
    """
    from soc.cli.cases.published import saved_objects

    click.echo(saved_objects(prefix(soc.config)), nl=False)


def _salvaged(soc: Soc, numbers: Iterable[int], everything: bool) -> Iterator[dict[str, Any]]:
    """Salvages one after the other, but not what came along with an earlier one."""
    from soc.store.elasticsearch import ElasticStore

    store, waiting, done = soc.store, list(numbers), set[int]()
    while isinstance(store, ElasticStore):
        left = {batch.number: batch for batch in store.unfinished()}  # asked each time: what one absorbed is left once that is salvaged
        waiting += [batch.number for batch in left.values() if everything and batch.lapsed and batch.number not in waiting]
        if (number := next((number for number in waiting if number not in done), None)) is None:
            return
        row, told = store.salvage(number), left.get(number)
        done.update((number, *row.absorbs))
        begun = {"writer": told.writer, "begun": iso(told.begun_at), "announced": told.events} if told else {}
        yield {"batch": number, "as": row.number, "events": row.events, **begun}


def _field_row(one: Sight, seen: Sequence[View]) -> dict[str, Any]:
    read = sum(one.field in (*view.blind, *view.slow, *view.cased) for view in seen)
    return {"field": one.field, "state": one.state, "types": list(one.types), "rules": read, "why": one.why}


def _rule_row(view: View, found: Mapping[str, Sight]) -> dict[str, Any]:
    named = (*view.blind, *view.slow, *view.cased)
    whys = [f"{name}: {found[name].why}" for name in named]
    lists = {name: list(getattr(view, name)) for name in ("blind", "slow", "cased")}
    return {"rule": view.rule.id, "title": view.rule.title, "state": view.verdict, **lists, "why": whys}


def _cluster(soc: Soc) -> Cluster:
    if not is_cluster(soc.config):
        raise UsageError("the store is no cluster: segments need no templates\n  name one with --store https://host:port, or under [store]")
    return cluster(soc.config)


def _note_lost_hits(soc: Soc, there: Cluster) -> None:
    from soc.detect.coverage.anew import lost_hits
    from soc.store.elasticsearch import store_id

    if store_id(there) is not None and (fault := lost_hits(soc.store, soc.desk, soc.content.rules)):
        note(fault)


def _planned(found: Plan) -> Iterator[dict[str, Any]]:
    if found.template:
        yield {"index": "template", "change": found.template, "fields": []}
    yield from ({"index": name, "change": "missing", "fields": []} for name in found.missing)
    for one in found.indices:
        for change, fields in (("adds fields", sorted(one.new)), ("other types: a new index from now on", list(one.changed))):
            if fields:
                yield {"index": one.index, "change": change, "fields": fields}
