"""Names that are functions of what they name."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Collection, Mapping
from hashlib import blake2b
from typing import Any

from soc.detect.rules.rule import Rule, RuleSet
from soc.text import canonical_json


def alert_id(rule: str, institution: str, key: Mapping[str, str], cell_start: int) -> str:
    """26 characters: BLAKE2b-128 of rule id, institution, group key and start of the cell, in base32."""
    return digest([rule, institution, dict(key), cell_start])


def digest(value: Any) -> str:
    """BLAKE2b-128 of a value's canonical JSON, in lower-case base32 without padding."""
    return b32encode(blake2b(canonical_json(value), digest_size=16).digest()).decode().rstrip("=").lower()


def hit_name(rule: Rule) -> str:
    """What hits are stored under: a rule that changed meets none of the hits of what it was."""
    return f"{rule.id}@{rule.hash[:16]}"


def hit_tags(number: int) -> str:
    """What every tag begins with that hits of a batch are put under, by whatever rule set."""
    return f"{number}-"


def hit_tag(number: int, rules: RuleSet, back: Collection[str] | None = None) -> str:
    """What the hits of a batch are put under by a rule set. `back`: the rules that look back; others that did so have put theirs, too."""
    return f"{hit_tags(number)}{rules.hash[:16]}" + ("" if back is None else f"-back-{digest(sorted(back))[:16]}")
