#!/usr/bin/env bash
# pySigma 1.5.1 with pySigma-backend-sqlite 2.0.0: a detection whose name begins with "not" is read as a negation.
#
# A detection may have any name. With detections `sel` and `notsel`, the condition `notsel` is taken for `not sel`: the
# rule is turned round in silence, and what `notsel` says is never asked. When the rest of the name is no detection
# (`notepad`), the same reading shows as an error that names a detection nobody wrote. Names that begin with "and" or "or"
# are read as names. pySigma 2.0.1 reads all of them right, but sigma-cli 3.1.0 and most backends still ask for pySigma < 2.
#
# Output seen:
#   notsel        : SELECT * FROM logs WHERE NOT COALESCE((a='x'), 0)
#   rows found    : ['y1'] (b=1 was asked for: ['x1', 'y1'])
#   notepad       : SigmaConditionError: Detection 'epad' not defined in detections
#   android       : SELECT * FROM logs WHERE b=1
#   orphan        : SELECT * FROM logs WHERE b=1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysigma==1.5.1 pysigma-backend-sqlite==2.0.0
"$work/venv/bin/python" - <<'PYTHON'
import sqlite3

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaConditionError


def query(name):
    rule = {"title": "named", "logsource": {"product": "linux"},
            "detection": {"sel": {"a": "x"}, name: {"b": 1}, "condition": name}}
    return sqliteBackend().convert(SigmaCollection.from_dicts([rule]))[0]


table = sqlite3.connect(":memory:")
table.execute("create table logs (a text, b integer)")
table.executemany("insert into logs values (?, ?)", [("x", 1), ("x", 2), ("y", 1)])
found = [f"{a}{b}" for a, b in table.execute(query("notsel"))]
try:
    notepad = query("notepad")
except SigmaConditionError as error:
    notepad = f"SigmaConditionError: {error}"

print("notsel        :", query("notsel"))
print("rows found    :", found, "(b=1 was asked for: ['x1', 'y1'])")
print("notepad       :", notepad)
print("android       :", query("android"))
print("orphan        :", query("orphan"))
assert found == ["y1"]
assert "'epad'" in notepad
assert query("android") == query("orphan") == "SELECT * FROM logs WHERE b=1"
PYTHON
