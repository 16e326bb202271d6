r"""Keywords on lines that may be JSON, in Query DSL: the index holds the line as it was written, a keyword wants its values.

A value stands in its line letter by letter, but for letters that are written as escapes: a quote, a backslash, a control character
always are, others can be as `\uXXXX`, a slash as `\/`. So of a line that is JSON it is known what may meet, and the predicate decides.
"""

from __future__ import annotations

from dataclasses import replace

from soc.condition.dsl_query import Body
from soc.condition.dsl_text import parts_of
from soc.condition.regex_tree import read, required
from soc.condition.tree import ANY, Contains, Keyword, Node, Regex, Wildcard

LINE = "event.original"
STRUCTURED: Body = {"wildcard": {LINE: {"value": "*{*"}}}
_UNICODE = r"\u"


def may_meet(keyword: Keyword) -> list[Node]:
    """Conditions, bound, one of which an event meets whose line is JSON and that meets the keyword."""
    leaf = keyword.leaf
    if isinstance(leaf, Regex):
        found = read(leaf.pattern, leaf.flags)
        texts, cased = required(found.tree) if found else None, False
    else:
        texts, cased = (max((part for part in parts_of(leaf) if isinstance(part, str)), key=len, default=""),), leaf.cased
    message = replace(leaf, field="message")
    if not texts or not all(texts):
        return [message, Contains(LINE, "{")]
    escape = _UNICODE if all(map(_is_plain, texts)) else "\\"
    return [message, *(Contains(LINE, text, cased) for text in texts), Wildcard(LINE, (ANY, "{", ANY, escape, ANY))]


def _is_plain(text: str) -> bool:
    """Whether no letter of it is ever written as an escape but by its number."""
    return not any(char < " " or char in '"\\/' for char in text)
