#!/usr/bin/env bash
# DuckDB 2.0.1 and pyarrow 26.0.1: one JSON line, one declared type, two different times.
#
# Both libraries can be told to read a field as a timestamp without zone, and both accept a value with an offset for it.
# pyarrow.json applies the offset (and forgets that it did: naive UTC); DuckDB throws it away and keeps the wall clock's time.
# So the same events differ by their offset, here two hours, and in DuckDB two spellings of one moment differ in one column.
# Declared as a time with zone they agree. Read without a declared type, DuckDB gives a zone and pyarrow.json does not,
# although pyarrow.csv does.
#
# Output seen (the same moment twice):
#   ['2026-07-01T12:00:00+02:00', '2026-07-01T10:00:00Z']
#   DuckDB TIMESTAMP       ['12:00', '10:00']
#   pyarrow timestamp      ['10:00', '10:00']
#   DuckDB TIMESTAMPTZ     ['10:00', '10:00']
#   pyarrow timestamp UTC  ['10:00', '10:00']
#   types found without a declaration: DuckDB TIMESTAMP WITH TIME ZONE, pyarrow.json timestamp[s], pyarrow.csv timestamp[s, tz=UTC]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
cd "$work"
venv/bin/python - <<'PYTHON'
import json
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import csv
from pyarrow import json as arrow_json

STAMPS = ["2026-07-01T12:00:00+02:00", "2026-07-01T10:00:00Z"]
Path("log.json").write_text("".join(json.dumps({"t": stamp}) + "\n" for stamp in STAMPS))
database = duckdb.connect()
database.execute("set timezone = 'UTC'")


def by_duckdb(type_):
    return [f"{t:%H:%M}" for (t,) in database.execute(f"select t from read_json('log.json', columns={{t: '{type_}'}})").fetchall()]


def by_pyarrow(type_):
    options = arrow_json.ParseOptions(explicit_schema=pa.schema([("t", type_)]))
    return [f"{t:%H:%M}" for t in arrow_json.read_json("log.json", parse_options=options)["t"].to_pylist()]


times = {"DuckDB TIMESTAMP": by_duckdb("TIMESTAMP"), "pyarrow timestamp": by_pyarrow(pa.timestamp("us")),
         "DuckDB TIMESTAMPTZ": by_duckdb("TIMESTAMPTZ"), "pyarrow timestamp UTC": by_pyarrow(pa.timestamp("us", "UTC"))}
found = (database.execute("select typeof(t) from read_json('log.json')").fetchone()[0],
         str(arrow_json.read_json("log.json")["t"].type),
         str(csv.read_csv(BytesIO("\n".join(["t", *STAMPS, ""]).encode()))["t"].type))
print(STAMPS)
for name, read in times.items():
    print(f"{name:22} {read}")
print("types found without a declaration: DuckDB {}, pyarrow.json {}, pyarrow.csv {}".format(*found))
assert list(times.values()) == [["12:00", "10:00"], ["10:00", "10:00"], ["10:00", "10:00"], ["10:00", "10:00"]]
assert found == ("TIMESTAMP WITH TIME ZONE", "timestamp[s]", "timestamp[s, tz=UTC]")
PYTHON
