"""What a plain word of YAML means where values are compared as text: `no`, `on`, `22:30:00`, `0010` and `1.10` are these texts.

PyYAML reads YAML 1.1. YAML 1.2, 10.3 "Core Schema", knows no other truth values than true and false, no times, dates and numbers
to the base of 60. A number that is not written as numbers are printed would lose its spelling: it is left to whoever knows its field.
"""

from __future__ import annotations

import re

import yaml

_TEXT = "tag:yaml.org,2002:str"
_SAME = {  # what both versions read alike, and what is printed as it was written
    "tag:yaml.org,2002:str": re.compile(r"", re.DOTALL),
    "tag:yaml.org,2002:null": re.compile(r""),
    "tag:yaml.org,2002:merge": re.compile(r""),
    "tag:yaml.org,2002:bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    "tag:yaml.org,2002:int": re.compile(r"(?:0|-?[1-9][0-9]*|0x[0-9a-fA-F]+)\Z"),
    "tag:yaml.org,2002:float": re.compile(r"(?:-?(?:0|[1-9][0-9]{0,14})\.[0-9]{0,14}[1-9]|[-+]?\.(?:inf|Inf|INF|nan|NaN|NAN))\Z"),
}


def tag_of(node: yaml.ScalarNode) -> str:
    """The tag of a scalar: its own, or that of a text."""
    same = _SAME.get(node.tag)
    plain = node.style in (None, "") and node.tag.startswith("tag:yaml.org,2002:")
    return str(node.tag) if not plain or (same is not None and same.match(node.value)) else _TEXT
