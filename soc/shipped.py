"""The files that lie in the package beside its code.

pip unpacks every wheel, so they are files of a folder; `importlib.resources`, which also reads them out of archives,
costs a short command a twelfth of its time.
"""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent / "data"
