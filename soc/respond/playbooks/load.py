"""All playbooks of some folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from soc.errors import ContentError
from soc.respond.playbooks.playbook import Playbook
from soc.respond.playbooks.reader import read_playbook


def load_playbooks(folders: Sequence[Path]) -> tuple[dict[str, Playbook], list[ContentError]]:
    """The playbooks of the folders by id, and what is wrong.

    A later folder replaces by id or by file name; one id twice in a folder is wrong.
    """
    found: dict[str, Playbook] = {}
    errors: list[ContentError] = []
    for folder in folders:
        here: dict[str, Playbook] = {}
        for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
            for book in [book for book in found.values() if book.path.name == path.name and book.path.parent != folder]:
                del found[book.id]
            book_or_none, faults = read_playbook(path)
            errors += faults
            if book_or_none is None:
                continue
            if other := here.get(book_or_none.id):
                errors.append(
                    ContentError(f"the id {other.id!r} stands in {other.path.name} too", path=path, repair="give it an id of its own")
                )
                continue
            here[book_or_none.id] = book_or_none
        found |= here
    return found, errors
