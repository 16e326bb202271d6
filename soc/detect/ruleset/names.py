"""Names of fields as tuning and exceptions state them."""

from __future__ import annotations

from difflib import get_close_matches

from soc.condition.values import LABEL
from soc.errors import ContentError
from soc.fields import Catalogue


def name_fault(name: str, catalogue: Catalogue) -> ContentError | None:
    """Why no event can have a field of this name, with the one that may be meant; None when one can. Any label can be there."""
    if (name in catalogue and catalogue.type_of(name) != "map") or name.startswith(LABEL):
        return None
    if name in catalogue:
        return ContentError(f"field {name!r} holds texts by key", repair=f"name the key: {name}.KEY")
    near = get_close_matches(name, sorted(catalogue), 1)
    return ContentError(f"{name!r} is no field of events", repair=f"did you mean {near[0]!r}?" if near else "a parser may declare it")
