#!/usr/bin/env bash
# SQLite 3.54.1 (apsw 3.54.1.0): in WAL mode a COMMIT that failed can be committed after all.
#
# COMMIT raises when the write-ahead log cannot be synced to the disk. The transaction is over, and as long as the database
# stays open everyone, other processes too, reads it as not done. But its frames, the commit mark with them, are already in
# the log, and nothing takes them back: if the process is then killed before it writes again, the next one to open the
# database recovers the log and finds the transaction committed. Who did the work again after the error has it twice.
# After a failed COMMIT the outcome is not "rolled back" but "unknown". A rollback journal does what one expects.
#
# The disk's failure comes from a VFS written with apsw whose xSync fails once, as a disk would report it.
#
# Output seen (rows read: by the same connection, by another process, after the kill):
#   SQLite 3.54.1
#   wal|IOError|[1]|[1]|[1, 2]
#   delete|IOError|[1]|[1]|[1]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0
cat > "$work/writer.py" <<'PYTHON'
"""Commits 1, fails to commit 2, says what itself and another process read then, and is killed."""
import os
import signal
import subprocess
import sys

import apsw

path, journal = sys.argv[1:]
failing = []


class Disk(apsw.VFSFile):
    def xSync(self, flags):
        if failing:
            raise apsw.IOError(failing.pop())
        super().xSync(flags)


class Disks(apsw.VFS):
    def xOpen(self, name, flags):
        return Disk("", name, flags)


disks = Disks("disks", "")
database = apsw.Connection(path, vfs="disks")
database.execute(f"pragma journal_mode={journal}").fetchall()
database.execute("pragma synchronous=full; create table t (x); insert into t values (1); begin; insert into t values (2)")
failing.append("the disk says no")
try:
    database.execute("commit")
    outcome = "done"
except apsw.IOError:
    outcome = "IOError"
if database.in_transaction:
    database.execute("rollback")
own = [x for (x,) in database.execute("select x from t")]
other = subprocess.run([sys.executable, sys.argv[0].replace("writer", "reader"), path], capture_output=True, text=True, check=True)
print(outcome, own, other.stdout.strip(), sep="|", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
PYTHON
cat > "$work/reader.py" <<'PYTHON'
import sys

import apsw

print([x for (x,) in apsw.Connection(sys.argv[1]).execute("select x from t")])
PYTHON
"$work/venv/bin/python" -c 'import apsw; print("SQLite", apsw.sqlite_lib_version())'
for journal in wal delete; do
    said=$("$work/venv/bin/python" "$work/writer.py" "$work/$journal.db" "$journal" || true)
    after=$("$work/venv/bin/python" "$work/reader.py" "$work/$journal.db")
    echo "$journal|$said|$after"
done > "$work/seen"
cat "$work/seen"
diff - "$work/seen" <<'EXPECTED'
wal|IOError|[1]|[1]|[1, 2]
delete|IOError|[1]|[1]|[1]
EXPECTED
