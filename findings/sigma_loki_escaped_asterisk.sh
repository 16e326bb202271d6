#!/usr/bin/env bash
# pySigma-backend-loki 0.15.1 (pySigma 1.5.1), its patterns run by google-re2 1.1.20251105: an escaped asterisk of a Sigma
# value is looked for as a backslash and anything.
#
# In Sigma `\*` is the character itself. The converter turns it into the pattern `\\.*`, in Loki's syntax (RE2) a backslash
# followed by any text: the value that was asked for is never found, and other values are. `\?` goes the same way. A plain
# asterisk, the wildcard, is right. Conversion warns of nothing.
#
# Output seen:
#   sudo \*   (?i)^sudo\ \\.*$     finds ['sudo \\bin']   (asked for: 'sudo *')
#   sudo \?   (?i)^sudo\ \\.$      finds []               (asked for: 'sudo ?')
#   sudo *    (?i)^sudo\ .*        finds ['sudo *', 'sudo ?', 'sudo \\bin', 'sudo id']
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysigma==1.5.1 pysigma-backend-loki==0.15.1 google-re2==1.1.20251105
"$work/venv/bin/python" - <<'PYTHON'
import re2
from sigma.backends.loki import LogQLBackend
from sigma.collection import SigmaCollection

LINES = ["sudo *", "sudo ?", r"sudo \bin", "sudo id"]


def pattern(value):
    rule = {"title": "star", "logsource": {"product": "linux"}, "detection": {"sel": {"command": value}, "condition": "sel"}}
    query = LogQLBackend().convert(SigmaCollection.from_dicts([rule]))[0]
    return query.split("`")[1]


found = {}
for value in [r"sudo \*", r"sudo \?", "sudo *"]:
    found[value] = [line for line in LINES if re2.search(pattern(value), line)]
    print(f"{value:9} {pattern(value):20} finds {found[value]}")
assert found == {r"sudo \*": [r"sudo \bin"], r"sudo \?": [], "sudo *": LINES}
PYTHON
