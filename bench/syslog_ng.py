"""The peer that reads raw lines into JSON: syslog-ng, with the configurations of `peers/`.

It reads standard input only from a pipe, ends when that ends, and writes a file. The time of `cat`, which fills the
pipe, is its own and not counted.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from bench.measure import BenchError, Cost, reap

PEERS = Path(__file__).parent / "peers"
ADVICE = "syslog-ng is not installed; on Debian: apt-get install --no-install-recommends syslog-ng-core"


def executable() -> str | None:
    """Where it is; it lies in `sbin`, which is not in everybody's PATH."""
    return shutil.which("syslog-ng") or shutil.which("syslog-ng", path="/usr/sbin:/usr/local/sbin")


def convert(name: str, lines: Path, out: Path, count: int) -> Cost:
    """Reads `lines` with the configuration `name` into the file `out`. Raises BenchError unless it holds `count` lines then."""
    found = executable()
    if found is None:
        raise BenchError(ADVICE)
    folder = out.parent
    config = folder / f"{name}.conf"
    config.write_text((PEERS / f"{name}.conf").read_text().replace("@PEERS@", str(PEERS)).replace("@OUT@", str(out)))
    out.unlink(missing_ok=True)
    state = [f"--persist-file={folder / 'persist'}", f"--pidfile={folder / 'pid'}", f"--control={folder / 'control'}"]
    began = time.monotonic()
    with subprocess.Popen(["cat", str(lines)], stdout=subprocess.PIPE) as cat:
        process = subprocess.Popen(
            [found, "-F", "-f", str(config), "--no-caps", *state], stdin=cat.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert cat.stdout is not None and process.stderr is not None
        cat.stdout.close()
        said = process.stderr.read()
        used = reap(process)
    written = out.read_bytes().count(b"\n") if out.exists() else 0
    if written != count:
        raise BenchError(f"syslog-ng wrote {written} of {count} lines: {said[-600:].decode(errors='replace').strip()}")
    return Cost(used.cpu, time.monotonic() - began, used.memory)
