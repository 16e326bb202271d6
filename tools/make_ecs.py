"""Make soc/data/ecs.csv from the field list that Elastic publishes: names, types and arrays, no descriptions.

    python tools/make_ecs.py ../shared/reference/ecs_fields.csv

Source: elastic/ecs, generated/csv/fields.csv, Apache-2.0.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

TYPES = {
    **dict.fromkeys(("keyword", "wildcard", "constant_keyword", "match_only_text", "text", "version"), "keyword"),
    **dict.fromkeys(("long", "integer", "short", "unsigned_long"), "long"),
    **dict.fromkeys(("float", "scaled_float", "half_float", "double"), "double"),
    "boolean": "bool",
    "date": "date",
    "ip": "ip",
}
LEFT_OUT = (".entity.", ".target.", "gen_ai.", "cloud.origin.", "elf.", "macho.", ".macho.", ".elf.", ".geo.location")
MAY_BE_NEGATIVE = ("exit_code", "utc_offset", "offset")


def main() -> None:
    rows = []
    with Path(sys.argv[1]).open(newline="") as source:
        for row in csv.DictReader(source):
            name, kind = row["Field"], TYPES.get(row["Type"])
            if kind is None or name.endswith(".text") or any(part in name for part in LEFT_OUT) or name.startswith("entity."):
                continue
            flags = "array" if row["Normalization"] == "array" or name.startswith("dns.answers.") else ""
            if kind in ("long", "double") and not name.endswith(MAY_BE_NEGATIVE) and "score" not in name:
                flags = f"{flags} nonnegative".strip()
            rows.append((name, kind, flags))
    with Path("soc/data/ecs.csv").open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("name", "type", "flags"))
        writer.writerows(sorted(rows))


main()
