"""Files that commands make: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int = 0o666, changed: float | None = None) -> None:
    """A whole file or none, whoever looks and whenever it is killed. `mode`: as far as the umask lets; `changed`: its time of change.

    For who is alone in the folder (`soc.folders`): what a killed one has left is written over.
    """
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if changed is not None:
        os.utime(partial, (changed, changed))
    partial.replace(path)
