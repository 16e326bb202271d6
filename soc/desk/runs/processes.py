"""Names of processes, so that of one on this machine it can be told whether it is gone.

gw1:4721:9f3ac1d20b5e:77d0e1b2a4c8        host, number, digests of the machine and of when the process started
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from soc.errors import DeskError


def process_name() -> str:
    """Names this process among those of all machines."""
    pid = os.getpid()
    return ":".join((socket.gethostname(), str(pid), _short(_place()), _short(started(pid))))


def is_gone(name: str) -> bool:
    """Whether the process of that name ran on this machine and runs no more. False for one elsewhere, and for other names."""
    host, pid, place, begun, *_ = [*name.split(":"), "", "", ""]
    if not pid.isdecimal() or (host, place) != (socket.gethostname(), _short(_place())):
        return False
    return _short(started(int(pid))) != begun


def _place() -> str:
    """The machine, and on it the numbering of processes: two containers may have the rest in common."""
    with suppress(FileNotFoundError, PermissionError):
        return f"{machine()} {Path('/proc/self/ns/pid').readlink()}"
    return machine()


def _short(text: str) -> str:
    return blake2b(text.encode(), digest_size=6).hexdigest()


def machine() -> str:
    """Names this installation of the system, see machine-id(5); "" where it has no name."""
    with suppress(FileNotFoundError, PermissionError):
        return Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    return ""


def started(pid: int) -> str:
    """Names a process beyond its number, which is used again: when it started, since boot, and which boot. "" when it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return "" if stat[0] == "Z" else f"{boot}/{stat[19]}"
    if Path("/proc/self/stat").exists():
        return ""
    return _signalled(pid)


def _signalled(pid: int) -> str:
    """For systems without /proc: `alive`, as far as a signal tells, else ""."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "alive"
    except OSError as error:
        raise DeskError(f"process {pid} cannot be asked for: {error.strerror}\n  end it, then run again") from error
    return "alive"
