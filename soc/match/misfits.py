"""What does not fit the field catalogue is kept as text in `labels`, so that no event stops a batch and no column changes its type."""

from __future__ import annotations

from typing import Any

from soc.event import Event
from soc.fields import MAX_LABELS, Catalogue
from soc.text import canonical_json

MISFIT = "misfit"  # in `tags` of each event that had one: `soc hunt top tags` counts them


def fitted(event: Event, catalogue: Catalogue) -> Event:
    """The event itself when every value fits its field, else a copy that fits and carries the tag `misfit`.

    A single value becomes a list where the field holds lists. Any other misfit, and a field that the catalogue does not
    hold, becomes the label of its name. Labels beyond 200 are counted in `soc.labels_dropped`.
    """
    event = {name: value for name, value in event.items() if value is not None and value != []}
    wrong = {name: value for name, value in event.items() if _strange(name, value, catalogue)}
    if not wrong:
        return event
    good = {name: value for name, value in event.items() if name not in wrong}
    labels = dict(good.pop("labels", {}))
    dropped = 0
    for name, value in wrong.items():
        mended = _mended(name, value, catalogue)
        if mended is not None:
            good[name] = mended
            continue
        for key, text in _labels(name, value):
            if key in labels or len(labels) < MAX_LABELS:
                labels[key] = text
            else:
                dropped += 1
    good["tags"] = [*good.get("tags", []), MISFIT]
    if labels:
        good["labels"] = labels
    if dropped:
        good["soc.labels_dropped"] = good.get("soc.labels_dropped", 0) + dropped
    return good


def _strange(name: Any, value: Any, catalogue: Catalogue) -> bool:
    return bool(type(name) is not str or catalogue.check({name: value}) or _unstorable(value))


def _unstorable(value: Any) -> bool:
    """Whether a column of the right type refuses the value: it holds a surrogate, or an integer too large for a float."""
    if type(value) is dict:
        return any(_unstorable(text) for pair in value.items() for text in pair)
    if type(value) is list:
        return any(map(_unstorable, value))
    if type(value) is int:
        return value.bit_length() > 64
    return type(value) is str and not value.isascii() and _clean(value) != value


def _mended(name: Any, value: Any, catalogue: Catalogue) -> Any:
    field = catalogue.get(name) if type(name) is str else None
    if field is None or _unstorable(value):
        return None
    if field.array and not catalogue.check({name: [value]}):
        return [value]
    return None


def _labels(name: Any, value: Any) -> list[tuple[str, str]]:
    if name == "labels" and type(value) is dict:
        return [(_text(key), _text(item)) for key, item in value.items()]
    return [(_text(name), _text(value))]


def _text(value: Any) -> str:
    if type(value) in (list, dict, bool):
        try:
            return canonical_json(value).decode()
        except TypeError:  # holds what JSON cannot: surrogates, integers beyond 64 bits, objects
            return _clean(str(value))
    return _clean(value if type(value) is str else str(value))


def _clean(text: str) -> str:
    return text.encode("utf-8", errors="backslashreplace").decode()
