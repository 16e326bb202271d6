#!/usr/bin/env bash
# pySigma 1.5.1 with the backends elasticsearch 2.1.1, opensearch 2.0.3, splunk 2.1.0, loki 0.15.1 and sqlite 2.0.0:
# `|hour|gte` loses the hour.
#
# `when|hour: 22` is converted by Loki and SQLite and refused by the others, aloud. One expects the same of a rule for night
# hours, `when|hour|gte: 22`. But seven converters, Loki's too, emit the query of `when|gte: 22` for it, which compares the
# whole time stamp with the number 22. Only the SQLite backend takes the hour out.
#
# Output seen:
#   LuceneBackend           hour: 22 refused    hour|gte: lost       when:>=22
#   EqlBackend              hour: 22 refused    hour|gte: lost       any where when >= 22
#   ESQLBackend             hour: 22 refused    hour|gte: lost       from * metadata _id, _index, _version | where when>=22
#   OpensearchLuceneBackend hour: 22 refused    hour|gte: lost       when:>=22
#   OpenSearchPPLBackend    hour: 22 refused    hour|gte: lost       source=linux-* | where when>=22
#   SplunkBackend           hour: 22 refused    hour|gte: lost       when>=22
#   LogQLBackend            hour: 22 converted  hour|gte: lost       {job=~".+"} | logfmt | when>=22
#   sqliteBackend           hour: 22 converted  hour|gte: converted  SELECT * FROM logs WHERE CAST(strftime('%H', `when`) AS INTEGER)>=22
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysigma==1.5.1 pysigma-backend-elasticsearch==2.1.1 \
    pysigma-backend-opensearch==2.0.3 pysigma-backend-splunk==2.1.0 pysigma-backend-loki==0.15.1 pysigma-backend-sqlite==2.0.0
"$work/venv/bin/python" - <<'PYTHON'
from sigma.backends.elasticsearch import EqlBackend, ESQLBackend, LuceneBackend
from sigma.backends.loki import LogQLBackend
from sigma.backends.opensearch import OpensearchLuceneBackend, OpenSearchPPLBackend
from sigma.backends.splunk import SplunkBackend
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection

BACKENDS = [LuceneBackend, EqlBackend, ESQLBackend, OpensearchLuceneBackend, OpenSearchPPLBackend, SplunkBackend, LogQLBackend, sqliteBackend]


def query(backend, field):
    rule = {"title": "night", "logsource": {"product": "linux"}, "detection": {"sel": {field: 22}, "condition": "sel"}}
    return backend().convert(SigmaCollection.from_dicts([rule]))[0]


def equality(backend):
    try:
        return "converted" if query(backend, "when|hour") != query(backend, "when") else "lost"
    except NotImplementedError:
        return "refused"


seen = {}
for backend in BACKENDS:
    later = query(backend, "when|hour|gte")
    fate = "lost" if later == query(backend, "when|gte") else "converted"
    seen[backend.__name__] = (equality(backend), fate)
    print(f"{backend.__name__:23} hour: 22 {equality(backend):9}  hour|gte: {fate:9}  {later}")
expected = {backend.__name__: ("refused", "lost") for backend in BACKENDS}
assert seen == expected | {"LogQLBackend": ("converted", "lost"), "sqliteBackend": ("converted", "converted")}, seen
PYTHON
