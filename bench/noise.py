"""`python -m bench.noise ROOT FILE…`: what a site does in its first week, done for the mix: its noisy rules get an exception.

Processes of the mix have parents, companies and registry keys drawn at random, so that one event in five hits some rule.
Rules that hit more often than once in MOST events of the first file still run, but their hits raise no alerts: else the
figures would be those of the desk.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path

from bench.mix import parsed
from soc.content import load_content
from soc.detect.hits.scan import Scanner
from soc.match.columns import to_tables

SAMPLE = 50_000
MOST = 10_000


def main() -> None:
    root, *files = map(Path, sys.argv[1:])
    content = load_content((root,), cache=root.parent / "cache")
    scanner = Scanner(content.rules, content.datasets, [], content.catalogue)
    events = list(islice(parsed(files, root), SAMPLE))
    matched = scanner.scan(to_tables(events, content.catalogue)).matched
    noisy = sorted(rule for rule, hits in matched.items() if hits * MOST > len(events))
    exception = {
        "id": "bench-noise",
        "rules": noisy,
        "selection": {"event.kind|exists": True},
        "owner": "bench",
        "reason": "drawn at random",
    }
    folder = root / "detections" / "exceptions"
    folder.mkdir(exist_ok=True)
    (folder / "noise.yml").write_text(json.dumps(exception))
    print(len(noisy))


if __name__ == "__main__":
    main()
