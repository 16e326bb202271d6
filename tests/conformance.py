"""What the Sigma specification says, as rules and events: a sentence, a detection as it is written, events that meet it and that do not.

Sentences: Sigma rules specification and modifiers appendix 2.1.0, correlation rules specification 2.1.0; YAML 1.2. Where these leave
it open, the sentence is ours (`design.md` 6) and begins with "soc:".
"""

from __future__ import annotations

from typing import Any, NamedTuple

BEYOND = 9_007_199_254_740_993  # the first whole number that no double is


class Row(NamedTuple):
    """`detection`: the text of a rule's detection, whose condition is `s` where it names none."""

    sentence: str
    detection: str
    met: list[dict[str, Any]]
    missed: list[dict[str, Any]]


EMPTY = "An empty value is defined with `''`; a null value is defined with `null`."
EXISTS = "`exists` only verifies the presence of a field, not its value, be it empty or null."
PRESENT = "soc: a null and an empty list are no value, so that the field does not exist"
NUMBER = "The key is a field in the log data and the value is a string or integer value."
ORDER = "`gt`: Field is greater than the value"
CONTAINS = "`contains`: Puts `*` wildcards around the values, such that the value is matched anywhere in the field."
CORE = "YAML 1.2, 10.3.2: true and false are the only truth values, and there is no base of 60"
EXACT = "soc: a whole number keeps all its digits"

VALUES = [
    Row(EMPTY, "s: {user.name: ''}", [{"user.name": ""}], [{}, {"user.name": None}, {"user.name": "a"}]),
    Row(EMPTY, "s: {user.name: null}", [{}, {"user.name": None}], [{"user.name": ""}, {"user.name": "a"}]),
    Row(EMPTY, "{s: {user.name: ''}, condition: not s}", [{}, {"user.name": "a"}], [{"user.name": ""}]),
    Row(EMPTY, "s: {labels.k: ''}", [{"labels": {"k": ""}}], [{}, {"labels": {"k": "a"}}, {"labels": {"j": ""}}]),
    Row(EMPTY, "s: {labels.k: null}", [{}, {"labels": {"j": "a"}}], [{"labels": {"k": ""}}]),
    Row(EMPTY, "s: {event.category: ''}", [{"event.category": ["a", ""]}], [{"event.category": []}, {"event.category": ["a"]}]),
    Row(EXISTS, "s: {user.name|exists: true}", [{"user.name": ""}, {"user.name": "a"}], [{}]),
    Row(EXISTS, "s: {labels.k|exists: true}", [{"labels": {"k": ""}}], [{}, {"labels": {"j": "a"}}]),
    Row(PRESENT, "s: {event.category|exists: false}", [{}, {"event.category": []}], [{"event.category": [""]}]),
    Row("soc: a number field never holds an empty text", "s: {source.port: ''}", [], [{}, {"source.port": 0}]),
    Row("soc: a number field never holds an empty text", "s: {source.port: ['', 22]}", [{"source.port": 22}], [{}, {"source.port": 0}]),
    Row(NUMBER, f"s: {{source.bytes: {BEYOND}}}", [{"source.bytes": BEYOND}], [{"source.bytes": BEYOND - 1}]),
    Row(NUMBER, f"s: {{user.name: {BEYOND}}}", [{"user.name": str(BEYOND)}], [{"user.name": str(BEYOND - 1)}]),
    Row(NUMBER, f"s: {{user.name: {10**30}}}", [{"user.name": str(10**30)}], [{"user.name": "1e+30"}]),
    Row(ORDER, f"s: {{source.bytes|gt: {BEYOND - 1}}}", [{"source.bytes": BEYOND}], [{"source.bytes": BEYOND - 1}]),
    Row(ORDER, f"s: {{source.bytes|gt: '{BEYOND - 1}'}}", [{"source.bytes": BEYOND}], [{"source.bytes": BEYOND - 1}]),
    Row(ORDER, f"s: {{user.name|gt: {BEYOND}}}",
        [{"user.name": f"{BEYOND}.5"}, {"user.name": str(BEYOND + 1)}], [{"user.name": str(BEYOND)}]),
    Row(ORDER, f"s: {{user.name|lt: -{BEYOND}}}", [{"user.name": f"-{BEYOND}.5"}], [{"user.name": f"-{BEYOND}.0"}, {"user.name": "x"}]),
    Row(EXACT, "s: {source.bytes|fieldref: destination.bytes}",
        [{"source.bytes": BEYOND, "destination.bytes": BEYOND}], [{"source.bytes": BEYOND, "destination.bytes": BEYOND - 1}]),
    Row(CONTAINS, "s: {user.name|contains: 62}", [{"user.name": "a62b"}], [{"user.name": "6 2"}]),
    Row(CONTAINS, "s: {user.name|startswith: [62, 1.5, true]}", [{"user.name": "1.50"}, {"user.name": "TRUE!"}], [{"user.name": "a62"}]),
    Row(CONTAINS, "s: {source.port|contains: 62}", [{"source.port": 1620}], [{"source.port": 602}]),
    Row(CORE, "s: {user.name: [yes, no, on, off]}", [{"user.name": "NO"}, {"user.name": "on"}], [{"user.name": "false"}]),
    Row(CORE, "s: {user.name: 22:30:00}", [{"user.name": "22:30:00"}], [{"user.name": "81000"}]),
    Row(CORE, "s: {user.name: 2026-10-11}", [{"user.name": "2026-10-11"}], [{}]),
    Row("soc: a number keeps its spelling", "s: {user.name: [0010, 1.10]}",
        [{"user.name": "0010"}, {"user.name": "1.10"}], [{"user.name": "8"}]),
    Row("YAML 1.2, 10.3.2: [-+]?[0-9]+ is an integer", "s: {source.port: 0010}", [{"source.port": 10}], [{"source.port": 8}]),
    Row("`startswith`: The value is expected at the beginning of the field's content.", "s: {user.name|startswith|fieldref: user.id}",
        [{"user.name": "Abc", "user.id": "ab"}], [{"user.name": "xab", "user.id": "ab"}]),
    Row("YAML 1.2, 3.2.2.2: an alias stands for the node of its anchor", "{a: &u {user.name: root}, s: *u, condition: s}",
        [{"user.name": "root"}], [{"user.name": "a"}]),
]  # fmt: skip

KEYWORDS = "Keywords search: it's a matter of searching for keywords across an entire event."
ALL = "To have an and operator, we use the `'|all':` modifier."
OURS = "soc: an event from a structured line is searched in its decoded values, never in keys' names; any other in its text"
JSON = r'{"a": "C:\\Windows\\Temp\\evil", "k\u00fc": {"b": ["say \"hi\"", "x\ty", "\u00dcbertragung", "\/etc\/shadow"]}, "t": true}'


def line(text, **more):
    return {"event.original": text, **more}


SEARCHES = [
    Row(KEYWORDS, "s: ['event::clear', 'event::drop']", [line("x EVENT::CLEAR y"), {"message": "event::drop"}], [line("event: clear"), {}]),
    Row(KEYWORDS, "s: [evil]", [line("evil", message="x")], [line("x", message="evil")]),
    Row(ALL, "s: {'|all': [hi, etc]}", [line(JSON), line("hi etc")], [line("hi")]),
    Row(OURS, r"s: ['C:\Windows\Temp\evil']", [line(JSON), line(f"Oct 11 22:14:15 h p[1]: {JSON}")], [line(f"not JSON {JSON}")]),
    Row(OURS, "s: ['say \"hi\"']", [line(JSON)], [line(r'{"a": "say \\\"hi"}')]),
    Row(OURS, 's: ["x\\ty"]', [line(JSON), line("x\ty")], [line(r"x\ty"), line(r'{"a": "x\\ty"}')]),
    Row(OURS, "s: [übertragung]", [line(JSON), line("Übertragung")], [line(r"\u00dcbertragung")]),
    Row(OURS, "s: ['/etc/shadow']", [line(JSON), line('{"a": "/etc/shadow"}')], [line(r"\/etc\/shadow")]),
    Row(OURS, "s: [evil]", [line('{"a": "evil"}'), line('{"a": 1}', message="evil")], [line('{"evil": 1}'), line('{"a": {"evil": "b"}}')]),
    Row(OURS, "s: ['a\": \"b']", [line('x "a": "b" y')], [line('{"a": "b"}')]),
    Row(OURS, "s: [4625, true]", [line(JSON), line('{"a": [4625]}')], [line('{"a": 462, "b": false}')]),
    Row(OURS, "s: ['1.50']", [line('{"a": 1.50}')], [line('{"a": 1.5}')]),
    Row(OURS, "s: [evil]", [line('{"a": "evil", "a": "x"}')], [line('{"a": "ev\", "b": "il"}')]),
    Row(OURS, "s: {'|startswith': evil}", [line('{"a": "Evil x"}'), line("evil x")], [line('{"a": "x evil"}'), line("x evil")]),
    Row(OURS, "s: {'|endswith': evil}", [line('{"a": ["x evil"]}')], [line('{"a": "evil x"}')]),
    Row(OURS, "s: {'|re': '^ev[il]+$'}", [line('{"a": "evil"}'), line("evil")], [line('{"a": "x evil"}'), line("x evil")]),
    Row(OURS, "s: [ids1]", [line('Oct 11 22:14:15 ids1 suricata[7]: {"a": "b"}')], [line('{"ids1": "b"}')]),
    Row(OURS, "{s: [evil], condition: not s}", [line('{"evil": 1}'), {}], [line('{"a": "evil"}')]),
]  # fmt: skip

ROWS = [*VALUES, *SEARCHES]
