#!/usr/bin/env bash
# pySigma-backend-elasticsearch 2.1.1 (pySigma 1.5.1), its queries run by eql 1.0.1: every comparison of an event count
# becomes the same EQL query.
#
# A correlation may ask for `gte: 3`, but as well for `lt: 3`, `eq: 3` or `neq: 3`. The EQL converter refuses none and
# writes `with runs=3` for each: the operator is gone. So "fewer than three heartbeats" is silent on two of them and speaks
# on three, and "not three" means three. `gt: 3` also asks for three.
#
# Output seen:
#   gte  with runs=3   2 events: 0 sequences, 3 events: 1
#   gt   with runs=3   2 events: 0 sequences, 3 events: 1
#   lte  with runs=3   2 events: 0 sequences, 3 events: 1
#   lt   with runs=3   2 events: 0 sequences, 3 events: 1
#   eq   with runs=3   2 events: 0 sequences, 3 events: 1
#   neq  with runs=3   2 events: 0 sequences, 3 events: 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysigma==1.5.1 pysigma-backend-elasticsearch==2.1.1 eql==1.0.1
"$work/venv/bin/python" - <<'PYTHON'
import eql
from sigma.backends.elasticsearch import EqlBackend
from sigma.collection import SigmaCollection

SECOND = 10_000_000  # eql counts in steps of 100 ns


def query(operator):
    base = {"title": "beat", "name": "beat", "logsource": {"product": "linux"}, "detection": {"sel": {"a": "x"}, "condition": "sel"}}
    count = {"title": "count", "correlation": {"type": "event_count", "rules": ["beat"], "group-by": ["host"], "timespan": "5m",
                                               "condition": {operator: 3}}}
    return EqlBackend().convert(SigmaCollection.from_dicts([base, count]))[0]


def sequences(text, events):
    with eql.parser.elasticsearch_syntax, eql.parser.allow_runs:
        parsed = eql.parse_query(text)
    found, engine = [], eql.PythonEngine()
    engine.add_query(parsed)
    engine.add_output_hook(found.append)
    engine.stream_events([eql.Event("generic", SECOND * (1 + number), {"a": "x", "host": "gw1"}) for number in range(events)])
    return len(found)


seen = {}
for operator in ["gte", "gt", "lte", "lt", "eq", "neq"]:
    text = query(operator)
    seen[operator] = (text, sequences(text, 2), sequences(text, 3))
    print(f"{operator:4} {text[text.index('with runs'):]:13} 2 events: {seen[operator][1]} sequences, 3 events: {seen[operator][2]}")
assert set(seen.values()) == {(query("gte"), 0, 1)}, seen
PYTHON
