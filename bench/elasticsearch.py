"""The store on a real Elasticsearch, which shares the machine with soc, beside the plain bulk helper and the segments; on the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from elasticsearch.helpers import bulk, parallel_bulk

from bench import elastic, mix, scans
from bench.asking import asked
from bench.elastic import Place
from bench.measure import BenchError, in_turns
from bench.report import Figure
from soc.condition.tree import Node
from soc.content import load_content
from soc.event import Event
from soc.hunt.correlated import find_cells
from soc.match.matcher import Matcher
from soc.model import ALWAYS
from soc.store.base import Store
from soc.store.elasticsearch.documents.documents import to_document
from soc.store.elasticsearch.documents.mapping import mappings, settings
from soc.store.segments import open_store
from tests.store import worlds

WRITTEN = 40_000  # events of one turn
TURNS = 3
STORED = (100_000, 1_000_000, 5_000_000)
FLAT = 1.5  # the newest batch's cost with the most stored, to that with the fewest
SECONDS = 2.0
SCANNED = 0.2  # a hunt's cost with groups counted first, to reading all
HUNTED = 200_000
DENIED = 1_000_000
SMALL = 100_000  # events on the server with little heap


def figures(work: Path, size: float) -> list[Figure]:
    try:
        return _figures(work, size)
    except BenchError as error:
        return [Figure("not measured", 0, "", beside=str(error))]


def _figures(work: Path, size: float) -> list[Figure]:
    known = worlds.content()
    world = worlds.worlds(worlds.public_rules(mix.public(work), known))[0]
    events = elastic.mixed(elastic.BATCH)
    catalogue = world.catalogue(known, events)
    with elastic.served(work, catalogue, heap="1g") as place:
        found = [*_writing(place, events, int(WRITTEN * size)), *_hunting(place, events, int(HUNTED * size))]
        found += _scans(place, int(DENIED * size))
        found += _detecting(place, events, world.rules, [int(stored * size) for stored in STORED])
    with elastic.served(work, catalogue, heap="512m") as place:
        return [*found, *_by_dsl(place, events, world.rules, int(SMALL * size))]


def _writing(place: Place, events: list[Event], count: int) -> list[Figure]:
    """The writer beside the helpers, which are given documents ready to be sent."""
    embedded = open_store(place.work / "segments", place.catalogue, create=True)
    with place.store() as store:
        add = {"elasticsearch": lambda: elastic.add(store, events, count), "segments": lambda: elastic.add(embedded, events, count)}
        plain = {
            name: lambda send=send: _plain(place, events, count, send) for name, send in (("bulk", bulk), ("parallel_bulk", parallel_bulk))
        }
        seconds = in_turns(TURNS, add | plain)
    embedded.close()
    rate = {name: count / taken for name, taken in seconds.items()}
    return [
        Figure("soc's writer to elasticsearch.helpers.bulk", rate["elasticsearch"] / rate["bulk"], "x", 0.9, _rates(rate), least=True),
        Figure("soc's writer to parallel_bulk", rate["elasticsearch"] / rate["parallel_bulk"], "x", beside="four threads"),
        Figure("soc's writer to its segments", rate["elasticsearch"] / rate["segments"], "x"),
    ]


def _rates(rate: Mapping[str, float]) -> str:
    return "events/s: " + ", ".join(f"{name} {value:,.0f}" for name, value in rate.items())


def _plain(place: Place, events: list[Event], count: int, send: Callable[..., object]) -> float:
    """Seconds until the helper has sent the documents to one new index, and they can be found."""
    cluster = place.connect()
    name = f"{cluster.prefix}-plain"
    cluster.client.indices.create(index=name, settings=settings(place.catalogue, replicas=0), mappings=mappings(place.catalogue))
    batches = [[to_document(event, place.catalogue) for event in batch] for batch in elastic.fresh(events, count)]
    actions = ({"_index": name, "_id": each["event.id"], "_source": each} for batch in batches for each in batch)
    began = time.perf_counter()
    for _ in send(cluster.client, actions) if send is parallel_bulk else [send(cluster.client, actions)]:
        pass
    cluster.client.indices.refresh(index=name)
    taken = time.perf_counter() - began
    cluster.client.indices.delete(index=name)
    cluster.client.close()
    return taken


def _hunting(place: Place, events: list[Event], count: int) -> list[Figure]:
    """The same questions about the same events on both engines."""
    embedded = open_store(place.work / "hunted", place.catalogue, create=True)
    with place.store() as store:
        taken = {}
        for name, one in (("elasticsearch", store), ("segments", embedded)):
            elastic.add(one, events, count)
            taken[name] = asked(one, place.catalogue)
    embedded.close()
    rows = ((question, seconds, taken["segments"][question][0]) for question, (seconds, _) in taken["elasticsearch"].items())
    return [Figure(f"hunt: {what}", here, "s", beside=f"{count:,} events; segments: {there:.3f} s") for what, here, there in rows]


def _scans(place: Place, count: int) -> list[Figure]:
    """A hunt for port scans over so many denies, with the groups that can reach the bound asked for first, and without."""
    content = load_content((mix.ROOT,))
    rule = next(rule for rule in content.rules.rules.values() if rule.name == scans.RULE)
    taken: dict[bool, float] = {}
    with replace(place, catalogue=content.catalogue).store() as store:
        elastic.commit(store, scans.denies(content, count, elastic.NOW))
        for first in (True, False):
            began = time.perf_counter()
            found = find_cells(rule, content.rules, store, ALWAYS, content.catalogue, counted=store if first else None)
            taken[first] = time.perf_counter() - began
            if len(found) != scans.SCANS:
                raise BenchError(f"{len(found)} port scans were found, not {scans.SCANS}")
    beside = f"{count:,} denies, {scans.SCANS} scans among them; all denies read: {taken[False]:.1f} s"
    return [
        Figure("hunt for port scans, groups first", taken[True], "s", beside=beside),
        Figure("the same to reading all denies", taken[True] / taken[False], "x", SCANNED),
    ]


def _detecting(place: Place, events: list[Event], rules: Mapping[str, Node], stored: list[int]) -> list[Figure]:
    """What a new batch costs with more and more stored before it; most of that was put there past the writer."""
    matcher = Matcher(rules, place.catalogue)
    costs: dict[int, float] = {}
    with place.stored() as (store, cluster):
        elastic.add(store, events, stored[0])
        held = stored[0]
        for count in stored:
            elastic.grow(cluster, place.catalogue, events, count - held)
            elastic.add(store, events)
            held = count + len(events)
            costs[count] = median(_detected(store, matcher) for _ in range(TURNS))
    first, last = costs[stored[0]], costs[stored[-1]]
    each = ", ".join(f"{count:,} stored: {seconds:.2f} s" for count, seconds in costs.items())
    return [
        Figure("a new batch of 20,000 read back and matched", last, "s", SECONDS, f"{len(rules)} rules; {each}"),
        Figure("the same with most stored to with fewest", last / first, "x", FLAT),
    ]


def _detected(store: Store, matcher: Matcher) -> float:
    began = time.perf_counter()
    for table in store.tables([store.batches()[-1].number], matcher.columns).values():
        matcher.match(table)
    return time.perf_counter() - began


def _by_dsl(place: Place, events: list[Event], rules: Mapping[str, Node], count: int) -> list[Figure]:
    """Every rule asked over all that is stored, on a server with a heap of 512 MB."""
    with place.store() as store:
        elastic.add(store, events, count)
        began = time.perf_counter()
        met = dict(store.matches(rules))
        taken = time.perf_counter() - began
    ms = sorted(each.ms for each in met.values())
    title = max(met, key=lambda id: met[id].ms)
    beside = f"{count:,} events, heap 512 MB; server's ms a rule: median {median(ms):.0f}, 99 of 100 under {ms[len(ms) * 99 // 100]}"
    return [
        Figure("all rules by DSL, in groups", taken / len(met) * 1000, "ms/rule", None, beside),
        Figure("the slowest rule", ms[-1], "ms", None, f"{title}, query of {met[title].bytes:,} bytes"),
    ]
