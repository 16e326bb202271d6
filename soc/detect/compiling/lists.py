"""Lists: the values of placeholders, `detections/lists/NAME.txt`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from soc.document import check_name
from soc.errors import ContentError


def read_lists(lists: Mapping[str, Path]) -> tuple[dict[str, tuple[str, ...]], list[ContentError]]:
    """The entries of each list by the name of its placeholder, and what is wrong in them."""
    entries: dict[str, tuple[str, ...]] = {}
    errors: list[ContentError] = []
    for path in lists.values():
        try:
            check_name(path)
            entries[path.stem] = list_entries(path.read_text(encoding="utf-8"))
        except ContentError as error:
            errors.append(error)
        except (OSError, UnicodeDecodeError) as error:
            errors.append(ContentError(f"cannot be read: {error}", path=path, repair="a list is UTF-8 text, one value a line"))
    return entries, errors


def list_entries(text: str) -> tuple[str, ...]:
    """The values of a list: one a line; empty lines and lines that begin with `#` say nothing."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
