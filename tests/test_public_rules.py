"""Every public rule, on events made from its own tree: predicate, matcher and SQL agree, and nearly all rules fire.

The rules are those of SigmaHQ (`../shared/sigma_rules.tar.gz`), with their own field names and no pipelines.
"""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from soc.condition import predicate
from soc.condition.sql import lend, to_sql
from soc.condition.tree import Node, fields
from soc.condition.witness import witnesses
from soc.detect.rules.rule import Rule
from soc.detect.ruleset.load import load_rules
from soc.event import Event
from soc.fields import Catalogue, Field, base_catalogue
from soc.match.columns import to_events, to_tables
from soc.match.matcher import Matcher

ARCHIVE = Path(__file__).parents[1].parent / "shared" / "sigma_rules.tar.gz"
TOGETHER = 40  # rules whose events lie in one table: each rule is asked about the events of all
pytestmark = [pytest.mark.shared, pytest.mark.slow]


def catalogue_for(nodes: list[Node]) -> Catalogue:
    """ECS and the rules' own fields as keywords."""
    known = base_catalogue()
    names = set(chain.from_iterable(map(fields, nodes)))
    return known.extended(Field(name, "keyword") for name in sorted(names) if name not in known and not name.startswith("labels."))


def unpacked(folder: Path) -> Path:
    """The folder, with the public rules in it."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # new in Python 3.11.4
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def rules(tmp_path_factory) -> dict[str, Rule]:
    folder = unpacked(tmp_path_factory.mktemp("public"))
    found = load_rules([], imported=[folder], catalogue=base_catalogue(), datasets=[])
    refused = Counter(refusal.what.partition("%")[0] for refusal in found.refused)
    print(f"\n{len(found.rules)} public rules compiled, refused: {dict(refused)}")
    assert refused.keys() == {"placeholder "}
    assert not any(rule.condition is None for rule in found.rules.values())
    return dict(found.rules)


def groups(rules: Mapping[str, Rule]) -> Iterator[dict[str, Node]]:
    """Rules of like logsources together; no two fields of a group differ in case alone, as DuckDB's columns cannot either."""
    group: dict[str, Node] = {}
    spelt: dict[str, str] = {}
    for rule in sorted(rules.values(), key=lambda rule: (str(rule.logsource), rule.id)):
        assert rule.condition is not None
        names = fields(rule.condition)
        clash = any(spelt.setdefault(name.lower(), name) != name for name in names)
        if clash or len(group) == TOGETHER:
            yield group
            group, spelt = {}, {name.lower(): name for name in names}
        group[rule.id] = rule.condition
    yield group


def answers(group: Mapping[str, Node], events: list[Event], catalogue: Catalogue, database: duckdb.DuckDBPyConnection) -> dict:
    """By executor: for each rule the truth of each event."""
    [table] = to_tables(events, catalogue).values()
    stored = to_events(table)
    assert len(stored) == len(events)
    tests = {id_: predicate.compile(node, catalogue) for id_, node in group.items()}
    matcher = Matcher(group, catalogue)
    assert not matcher.failed
    rows = matcher.match(table)
    database.register("events", table.append_column("row", pa.array(range(len(events)))))
    asked = ", ".join(to_sql(node, catalogue, table.column_names) for node in group.values())
    columns = zip(*database.execute(f'SELECT {asked} FROM events ORDER BY "row"').fetchall(), strict=True)
    database.unregister("events")
    return {
        "predicate": {id_: [test(event) for event in stored] for id_, test in tests.items()},
        "matcher": {id_: np.isin(np.arange(len(events)), rows.get(id_, [])).tolist() for id_ in group},
        "sql": {id_: list(column) for id_, column in zip(group, columns, strict=True)},
    }


def test_executors_agree_on_witnesses_of_every_public_rule_and_nearly_every_rule_fires(rules):
    count: Counter[str] = Counter()
    silent: dict[str, list[str]] = {}
    with duckdb.connect() as database:
        lend(database)
        database.execute("SET threads = 1")
        for group in groups(rules):
            catalogue = catalogue_for(list(group.values()))
            events: list[Event] = []
            fires: dict[str, range] = {}
            for id_, node in group.items():
                found = witnesses(node, catalogue)
                fires[id_] = range(len(events), len(events) + len(found.fires))
                events += [*found.fires, *found.misses]
                count["just missing"] += len(found.misses)
                count["rules with a miss"] += bool(found.misses)
            met = answers(group, events, catalogue, database)
            for executor, truths in met.items():
                differing = {id_: rules[id_].title for id_ in group if truths[id_] != met["predicate"][id_]}
                assert differing == {}, f"{executor} differs from the predicate"
                hit = {id_ for id_, own in fires.items() if any(truths[id_][row] for row in own)}
                count[f"rules with a hit, {executor}"] += len(hit)
                silent.setdefault(executor, []).extend(rules[id_].title for id_ in group.keys() - hit)
            count["events"] += len(events)
            count["firing"] += sum(map(len, fires.values()))
            count["answers compared"] += len(events) * len(group)
    print(dict(count), "without a hit:", sorted(silent["predicate"]))
    assert all(count[f"rules with a hit, {executor}"] >= 0.95 * len(rules) for executor in silent)
    assert count["rules with a miss"] >= 0.95 * len(rules)
