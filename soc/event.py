"""What a line becomes, and everything after it speaks of. By itself, because parsers need no other noun."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]
"""A flat dict of dotted ECS names, typed by the field catalogue; `labels` holds a dict of text by text."""
