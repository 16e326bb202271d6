"""How much memory a call of `soc` held at most. Not `ru_maxrss`: that of a child begins with what its parent held."""

from __future__ import annotations

import sys
from pathlib import Path

CODE = """
import atexit, pathlib, shutil, sys
atexit.register(lambda: shutil.copy("/proc/self/status", pathlib.Path(sys.argv[2]).with_name("status")))
from soc.cli.main import main
main()
"""
MEASURED = [sys.executable, "-c", CODE]  # to be called with --home first


def peak(home: Path) -> int:
    """Bytes that the last call on this state folder held at most."""
    status = home.with_name("status").read_text()
    (kilobytes,) = [row.split()[1] for row in status.splitlines() if row.startswith("VmHWM:")]
    return int(kilobytes) * 1024
