"""`python -m bench.asking HOME ROOT`: hunts over all events of a store; prints {question: [best of five in seconds, bound]}."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from soc.condition.tree import TRUE
from soc.content import load_content
from soc.fields import Catalogue
from soc.hunt.hunts import find_events, top_values
from soc.hunt.language import parse_query
from soc.model import ALWAYS
from soc.store.base import Store
from soc.store.segments import open_store

TIMES = 5
FILTERS = (
    ("field filter, newest 50", "user.name:j.smith0 destination.port:443", 0.3),
    ("network filter, newest 50", "source.ip:10.3.0.0/16 event.outcome:failure", 0.3),
    ("substring of a column", "process.command_line:*powershell*", 1.0),
    ("substring of another", "url.original:*telemetry*", 1.0),
)
GROUPS = ("source.ip", "event.dataset", "user.name")


def main() -> None:
    folder, root = map(Path, sys.argv[1:])
    catalogue = load_content((root,)).catalogue
    store = open_store(folder / "store", catalogue)
    print(json.dumps(asked(store, catalogue)))
    store.close()


def asked(store: Store, catalogue: Catalogue) -> dict[str, tuple[float, float]]:
    """By question: the best of five in seconds, and what it may take on segments."""
    found: dict[str, tuple[float, float]] = {}
    for name, query, bound in FILTERS:
        node = parse_query(query, catalogue)
        found[name] = (_best(lambda node=node: find_events(store, node, ALWAYS, limit=50)), bound)  # type: ignore[misc]
    for field in GROUPS:
        found[f"group by {field}"] = (_best(lambda field=field: top_values(store, field, TRUE, ALWAYS, catalogue, limit=10)), 0.3)  # type: ignore[misc]
    return found


def _best(question: Callable[[], object]) -> float:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        question()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    main()
