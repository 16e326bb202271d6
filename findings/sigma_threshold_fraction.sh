#!/usr/bin/env bash
# pySigma 1.5.1 with the backends elasticsearch 2.1.1, splunk 2.1.0 and loki 0.15.1: the fraction of a correlation's threshold is cut off.
#
# `value_avg` and its like compare an average, so that a threshold such as `gt: 0.5` or `lt: 2.5` is nothing unusual, and Sigma's
# correlation specification gives them a number. pySigma reads each threshold with int(): 0.5 becomes 0 and 2.5 becomes 2, aloud in
# no way. A rule for an average above one half fires on any average above nothing.
#
# Output seen:
#   gt: 0.5 is read as 0
#   lt: 2.5 is read as 2
#   gte: 3.5 is read as 3
#   LogQLBackend   value_avg    gte: 3.5 becomes (host) >= 3
#   ESQLBackend    event_count  gte: 3.5 becomes event_count >= 3
#   SplunkBackend  event_count  gte: 3.5 becomes event_count >= 3
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysigma==1.5.1 pysigma-backend-elasticsearch==2.1.1 \
    pysigma-backend-splunk==2.1.0 pysigma-backend-loki==0.15.1
"$work/venv/bin/python" - <<'PYTHON'
from sigma.backends.elasticsearch import ESQLBackend
from sigma.backends.loki import LogQLBackend
from sigma.backends.splunk import SplunkBackend
from sigma.collection import SigmaCollection

BASE = {"title": "load", "name": "load", "logsource": {"product": "linux"}, "detection": {"sel": {"event": "load"}, "condition": "sel"}}


def rules(type, condition):
    stated = {"type": type, "rules": ["load"], "group-by": ["host"], "timespan": "5m", "condition": condition}
    return SigmaCollection.from_dicts([BASE, {"title": "much", "correlation": stated}])


read = {}
for op, stated in (("gt", 0.5), ("lt", 2.5), ("gte", 3.5)):
    read[op] = rules("value_avg", {"field": "load", op: stated}).rules[1].condition.count
    print(f"{op}: {stated} is read as {read[op]!r}")
queries = {}
for backend, kind in ((LogQLBackend, "value_avg"), (ESQLBackend, "event_count"), (SplunkBackend, "event_count")):
    counted = {"field": "load"} if kind == "value_avg" else {}
    query = backend().convert(rules(kind, {"gte": 3.5} | counted))[-1]
    queries[backend.__name__] = " ".join(query.split()[-3:])
    print(f"{backend.__name__:14} {kind:12} gte: 3.5 becomes {queries[backend.__name__]}")
assert read == {"gt": 0, "lt": 2, "gte": 3}, read
assert all(one.endswith("3") and "3.5" not in one for one in queries.values()), queries
PYTHON
