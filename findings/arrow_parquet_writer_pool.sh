#!/usr/bin/env bash
# pyarrow 26.0.1: set_memory_pool does not reach the Parquet writer.
#
# After `pa.set_memory_pool(pa.system_memory_pool())` the default pool is the system one, and new tables and the Parquet
# reader take their memory there. The Parquet writer goes on with the pool that the process began with: here thirty megabytes,
# which a limit or a meter put on the new pool never sees. write_table has no argument for a pool; only the environment variable
# ARROW_DEFAULT_MEMORY_POOL, set before the start, moves the writer too.
#
# Output seen (peaks in MiB, 300,000 random numbers; set_memory_pool(system) in both):
#   began with mimalloc
#     after the table  mimalloc  0.0  system  2.3
#     after writing    mimalloc 30.5  system  6.9
#     after reading    mimalloc 30.5  system 13.4
#   began with system
#     after the table  mimalloc  0.0  system  2.3
#     after writing    mimalloc  0.0  system 33.4
#     after reading    mimalloc  0.0  system 33.4
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
cat > "$work/peaks.py" <<'PYTHON'
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

mimalloc, system = pa.mimalloc_memory_pool(), pa.system_memory_pool()
peaks = {}


def note(when):
    peaks[when] = mimalloc.max_memory() / 2**20
    print(f"  after {when:10} mimalloc {peaks[when]:4.1f}  system {system.max_memory() / 2**20:4.1f}")


print("began with", pa.default_memory_pool().backend_name)
pa.set_memory_pool(system)
assert pa.default_memory_pool().backend_name == "system"
numbers = random.Random(1)
table = pa.table({"x": [numbers.random() for _ in range(300_000)]})
note("the table")
sink = pa.BufferOutputStream()
pq.write_table(table, sink)
note("writing")
pq.read_table(pa.BufferReader(sink.getvalue()))
note("reading")
if sys.argv[1] == "moved later":
    assert peaks["the table"] < 0.1 and peaks["writing"] > 1 and peaks["reading"] == peaks["writing"], peaks
else:
    assert max(peaks.values()) < 0.1, peaks
PYTHON
ARROW_DEFAULT_MEMORY_POOL=mimalloc "$work/venv/bin/python" "$work/peaks.py" "moved later"
ARROW_DEFAULT_MEMORY_POOL=system "$work/venv/bin/python" "$work/peaks.py" "from the start"
