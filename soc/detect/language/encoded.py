"""base64, base64offset and the UTF-16 modifiers before them, computed over the value's exact bytes.

pySigma 1.5 writes the byte order mark of `utf16|base64` in UTF-8, counts characters where `base64offset` cuts by bytes,
and encodes the backslash of an escaped `*`; so the encoded text is made here from the value as written. What pySigma
refuses stays refused: `wide` and `utf16*` of texts outside ASCII.
"""

from __future__ import annotations

from base64 import b64encode

from sigma.modifiers import (
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaCaseSensitiveModifier,
    SigmaContainsModifier,
    SigmaEndswithModifier,
    SigmaStartswithModifier,
    SigmaUTF16BEModifier,
    SigmaUTF16Modifier,
    SigmaWideModifier,
)
from sigma.rule import SigmaDetectionItem
from sigma.types import SigmaExpansion, SigmaString, SigmaType

from soc.errors import RuleRefused

_CHARSETS: dict[type, str] = {SigmaWideModifier: "utf-16-le", SigmaUTF16BEModifier: "utf-16-be", SigmaUTF16Modifier: "utf-16-le"}
_AFTER = {SigmaContainsModifier, SigmaStartswithModifier, SigmaEndswithModifier, SigmaCaseSensitiveModifier}
_SKIP, _CUT = (0, 2, 3), (None, -3, -2)  # base64 digits that neighbouring bytes share, by offset and by length modulo 3


def values_of(item: SigmaDetectionItem) -> list[SigmaType]:
    """The item's values, those of base64 modifiers made anew. Raises RuleRefused for what cannot be encoded."""
    base = next((m for m in item.modifiers if m in (SigmaBase64Modifier, SigmaBase64OffsetModifier)), None)
    if base is None or item.original_value is None:
        return item.value
    place = item.modifiers.index(base)
    before, after = item.modifiers[:place], item.modifiers[place + 1 :]
    if not set(before) <= set(_CHARSETS):
        raise RuleRefused("only wide, utf16 and utf16be can stand before base64", repair="write the encoded text out")
    texts = [SigmaString(value.original) for value in item.original_value if isinstance(value, SigmaString)]
    encoded = [[_apply(text, item, after) for text in _encode(_bytes(value, before), base)] for value in texts]
    return [SigmaExpansion(list(one)) if len(one) > 1 else one[0] for one in encoded]


def _bytes(value: SigmaString, before: list[type]) -> bytes:
    text = "".join(part for part in value.s if isinstance(part, str))
    charset = next((_CHARSETS[modifier] for modifier in before), "utf-8")
    mark = b"\xff\xfe" if SigmaUTF16Modifier in before else b""
    return mark + text.encode(charset, errors="surrogatepass")


def _encode(blob: bytes, base: type) -> list[str]:
    if base is SigmaBase64Modifier:
        return [b64encode(blob).decode()]
    return [b64encode(b" " * i + blob)[_SKIP[i] : _CUT[(len(blob) + i) % 3]].decode() for i in range(3)]


def _apply(text: str, item: SigmaDetectionItem, after: list[type]) -> SigmaType:
    value: SigmaType = SigmaString.from_str(text)
    for modifier in after:
        if modifier in _AFTER:
            value = modifier(item, []).modify(value)
    return value
