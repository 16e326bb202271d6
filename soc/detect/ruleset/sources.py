"""What lies under `detections/` of the content roots, before anything is understood: files and their bytes.

detections/rules/**/*.yml  pipelines/*.yml  lists/*.txt  tuning/*.yml  exceptions/*.yml
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from soc.document import check_name
from soc.errors import ContentError

SUFFIXES = (".yml", ".yaml")
MAX_BYTES = 4 << 20


class Source(NamedTuple):
    """A rule file. `relative` is its path under its rules folder, with `/`; `root` counts the folders, later ones win."""

    path: Path
    relative: str
    root: int
    imported: bool
    blob: bytes


def rule_files(roots: Sequence[Path], imported: Sequence[Path]) -> tuple[list[Source], list[ContentError]]:
    """The rule files of `rules/` under the roots, then those of the imported folders or files, sorted within each."""
    sources: list[Source] = []
    errors: list[ContentError] = []
    folders = [(root / "rules", False) for root in roots] + [(folder, True) for folder in imported]
    for number, (folder, is_imported) in enumerate(folders):
        if is_imported and not folder.exists():
            errors.append(ContentError("no such folder of rules", path=folder, repair="check the path"))
        for path in sorted(_walk(folder)):
            try:
                check_name(Path(path))
                blob = _read(path)
            except ContentError as error:
                errors.append(error)
                continue
            except OSError as error:
                errors.append(ContentError(f"cannot be read: {error.strerror}", path=path, repair="check the file's owner and mode"))
                continue
            if len(blob) > MAX_BYTES:
                errors.append(ContentError(f"larger than {MAX_BYTES >> 20} MiB", path=path, repair="split the file"))
                continue
            sources.append(Source(Path(path), os.path.relpath(path, folder).replace(os.sep, "/"), number, is_imported, blob))
    return sources, errors


def by_path(roots: Sequence[Path], folder: str, suffixes: Sequence[str]) -> dict[str, Path]:
    """Files of `folder` in the roots by their name; a later root's file stands for an earlier one of its name."""
    found: dict[str, Path] = {}
    for root in roots:
        for path in sorted((root / folder).glob("*")) if (root / folder).is_dir() else ():
            if path.suffix in suffixes and not path.name.startswith((".", "_")):
                found[path.name] = path
    return dict(sorted(found.items()))


def _walk(folder: Path) -> Iterator[str]:
    if folder.is_file():
        yield str(folder)
    for where, names, files in os.walk(folder):
        names[:] = [name for name in names if not name.startswith(".")]
        yield from (os.path.join(where, name) for name in files if name.endswith(SUFFIXES) and not name.startswith("."))  # noqa: PTH118


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as source:  # noqa: PTH123 - thousands of small files
        return source.read(MAX_BYTES + 1)
