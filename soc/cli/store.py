"""`soc store`: the indices of a cluster, ours and others'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from soc.cli.context import Soc, pass_soc
from soc.cli.output import emit, note, output_option
from soc.errors import UsageError

if TYPE_CHECKING:
    from soc.store.elasticsearch import Cluster
    from soc.store.elasticsearch.upgrade import Plan

PLANNED = ("index", "change", "fields")


@click.group()
def store() -> None:
    """The indices of a cluster: whether they are up to date, and what rules would find in others'.

    \b
    Example:  soc store plan
              soc store apply
              soc store inspect 'filebeat-*'
    """


@store.command()
@output_option
@pass_soc
def plan(soc: Soc, output: str | None) -> None:
    """What an upgrade would change: the template, and the indices that were made by another field catalogue than today's.

    New fields come in place. A field that has another type now gets a new index from now on; questions go across both.

    \b
    Example:  soc store plan
    """
    from soc.store.elasticsearch import upgrade

    there = _cluster(soc)
    found = upgrade.plan(there, soc.content.catalogue, **_sizes(soc))
    emit(_planned(found), PLANNED, output)
    note("do it with: soc store apply" if found else "nothing is to be done")


@store.command()
@output_option
@pass_soc
def apply(soc: Soc, output: str | None) -> None:
    """Do what `soc store plan` says. Safe to repeat, and while others write.

    \b
    Example:  soc store apply
    """
    from soc.store.elasticsearch import upgrade

    there = _cluster(soc)
    found = upgrade.plan(there, soc.content.catalogue, **_sizes(soc))
    upgrade.apply(there, soc.content.catalogue, found, **_sizes(soc))
    emit(_planned(found), PLANNED, output)
    note("done" if found else "nothing was to be done")


def _cluster(soc: Soc) -> Cluster:
    from soc.cli.stores import cluster, is_cluster

    if not is_cluster(soc):
        raise UsageError("the store is no cluster: segments need no templates\n  name one with --store https://host:port, or under [store]")
    return cluster(soc)


def _sizes(soc: Soc) -> dict[str, int]:
    said = soc.config.cluster
    return {"shards": int(said.get("shards", 1)), "replicas": int(said.get("replicas", 1))}


def _planned(found: Plan) -> Iterator[dict[str, Any]]:
    if found.template:
        yield {"index": "template", "change": found.template, "fields": []}
    for one in found.indices:
        for change, fields in (("adds fields", sorted(one.new)), ("other types: a new index from now on", list(one.changed))):
            if fields:
                yield {"index": one.index, "change": change, "fields": fields}
