"""Texts of playbooks: what they mean is what Jinja2 makes of them, and none takes the machine's time or memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from soc.content import load_content
from soc.errors import UsageError
from soc.respond.messages.budget import MOST
from soc.respond.messages.text import names_in, rendered

ALERTS = [
    {"title": "Scan", "level": "low", "count": 3, "key": {"source.ip": "203.0.113.7"}, "lines": ["a  b", "c"], "first": "f", "last": "l"},
    {"title": "Login ß", "level": "high", "count": 12, "key": {}, "lines": [], "first": "f", "last": "l"},
]
VALUES = {
    "case": {"id": "2026-000001", "title": "A call", "tlp": "AMBER", "severity": "high", "family": "Fraud", "alerts": 2},
    "alerts": ALERTS,
    "sources": ["203.0.113.9", "203.0.113.10", "203.0.113.9"],
    "destinations": [],
    "nothing": None,
    "earlier": 4,
    "contact": "",
}
SAID = [
    "plain",
    "{{ sources | join(', ') }} and {{ destinations | join(', ') or 'not known' }}",
    "{{ nothing if nothing is not none else 'many' }} {{ 'x' if earlier > 3 }}",
    "{{ earlier + 2 * 3 - 1 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 1 / 4 }}",
    "{% for alert in alerts %}\n{{ loop.index }}/{{ loop.length }} {{ alert.title }}: {{ alert['count'] }}\n{% endfor %}\nend",
    "{% for alert in alerts if alert.count > 5 %}{{ loop.first }} {{ alert.title }}{% else %}none{% endfor %}",
    "{% for one in destinations %}{{ one }}{% else %}\n  none\n{% endfor %}",
    "{% if contact %}a{% elif earlier == 4 and not contact %}b{% else %}c{% endif %}",
    "{% set n = earlier ~ '!' %}{% for one in sources %}{% set n = one %}{% endfor %}{{ n }}",
    "{% for key, value in alerts[0].key | items %}{{ key }}={{ value }}{% endfor %}",
    "{{ alerts[0].lines[:1] }} {{ alerts[0]['lines'][-1] }} {{ sources[0][:3] }} {{ alerts[1].key }}",
    "{{ [1, 'a', none, true] }} {{ {'a': 1} }}",
    "{{ missing | default('-') }} {{ contact | default('none', true) }} {{ case.nothing is defined }} {{ case.id is defined }}",
    "{{ sources | unique | join(' ') }} {{ sources | sort | first }} {{ sources | last }}",
    "{{ sources | reverse | list }} {{ sources | length }}",
    "{{ alerts | map(attribute='count') | sum }} {{ alerts | sum(attribute='count') }} {{ alerts | map(attribute='title') | join('; ') }}",
    "{{ alerts | selectattr('level', 'eq', 'high') | map(attribute='title') | list }} {{ alerts | rejectattr('lines') | list | length }}",
    "{{ alerts | sort(attribute='count', reverse=true) | map(attribute='count') | list }} {{ [3, 1] | min }} {{ [3, 1] | max }}",
    "{{ ' Ab ' | trim | lower }} {{ 'ab' | upper }} {{ 'ab cd' | title }} {{ 'aB' | capitalize }} {{ 'aXbX' | replace('X', '--') }}",
    "{{ 'a\nb' | indent(3) }}|{{ 'a\nb' | indent(width=2, first=true) }}|{{ -3 | abs }}",
    "{{ '12' | int + 1 }} {{ 'x' | int(7) }} {{ '1.5' | float }}",
    "{{ 'a' in sources }} {{ 'b' not in 'abc' }} {{ 1 < 2 <= 2 != 3 }} {{ earlier is even }} {{ earlier is in [4] }}",
    "{{ sources is string }}",
    "{{ 2.567 | round(1) }} {{ 12 | string ~ 3 }} {{ sources | count }} {{ ('a', 'b') | join }} {# a note #}{% raw %}{{ x }}{% endraw %}",
]
HOSTILE = [
    "{{ 'x' * 9999999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 'x' | center(9999999999) }}",
    "{{ '%9999999999d' % 1 }}",
    "{{ '%9999999999d' | format(1) }}",
    "{{ '{:9999999999}'.format(1) }}",
    "{{ 'x'.ljust(9999999999) }}",
    "{{ 'x\ny' | indent(9999999999) }}",
    "{{ [1] | batch(9999999999, 'x') | list }}",
    "{{ 1 | round(9999999999, 'ceil') }}",
    "{{ lipsum(999999) }}",
    "{{ [[1] * 99999] * 99999 }}",
    "{{ range(99999) | map('center', 99999) | join }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "{% for a in many %}{% for b in many %}{% for c in many %}{% for d in many %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in many %}{% for b in many %}{% for c in many %}{{ many }}{% endfor %}{% endfor %}{% endfor %}",
    "{% set x = long %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}",
    "{% set x = [1] %}{% set y = [1] %}" + "{% set x = [x, x] %}{% set y = [y, y] %}" * 60 + "{{ x == y }}",
    "{% set x = [1] %}" + "{% set x = [x] %}" * 900 + "{{ x }}",
    "{% set x = 3 %}" + "{% set x = x * x %}" * 60 + "{{ x }}",
    "{{ long | replace('x', long) }}",
    "{{ many | join(long) }}",
    "{% for a in many %}{% for b in many %}{{ long | unique | length }}{% endfor %}{% endfor %}",
    "{{ many | sort | join(many | join(many | join)) }}",
    "{% for a in many %}{% for b in many %}{{ a in long }}{{ long | upper | title | lower }}{% endfor %}{% endfor %}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "not " * 4000 + "1 }}",
    "{{ case" + ".a" * 9000 + " }}",
    "{{ " + "-" * 4000 + "1 }}",
    "{{ 1" + "0" * 9000 + " }}",
    "{{ many | map(attribute='x" + ".x" * 9000 + "') | list }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ case.__class__ }}{{ case['__class__'] }}",
    "{{ self }}{{ self._TemplateReference__context }}",
    "{% include 'x' %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% for a in many recursive %}{{ loop(many) }}{% endfor %}",
    "x" * 200_000,
]
LIMITED = """
import resource, sys
from soc.errors import UsageError
from soc.respond.messages.text import names_in, rendered
sys.path.insert(0, {tests!r})
from test_templates import HOSTILE, MANY
names_in("{{{{ a }}}}")
here = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
for what, limit in ((resource.RLIMIT_AS, here + {more}), (resource.RLIMIT_CPU, 30)):
    resource.setrlimit(what, (limit, limit))
for text in HOSTILE:
    for work in (names_in, lambda text: rendered(text, MANY)):
        try:
            work(text)
        except UsageError:
            pass
        else:
            if work is not names_in:
                print("filled in:", text[:60])
"""
MANY = {"many": [f"value {n}" for n in range(50)], "long": "x" * 90_000, "case": {"a": {"a": 1}}}


@pytest.mark.parametrize("text", SAID)
def test_a_text_means_what_jinja_makes_of_it(text: str) -> None:
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    assert rendered(text, VALUES) == jinja.from_string(text).render(VALUES).strip()


def test_all_texts_of_the_shipped_playbooks_are_read() -> None:
    for book in load_content(()).playbooks.values():
        for step in book.steps.values():
            for text in (step.does if step.kind == "manual" else "", *map(str, step.arguments.values())):
                names_in(text)


def test_no_text_takes_the_machines_time_or_memory_neither_checked_nor_filled_in() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(tests=str(Path(__file__).parent), more=64 << 20)], capture_output=True, text=True, timeout=120
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ 'x' * 9 }}", "'x' is no number; only numbers are calculated with"),
        ("{{ case.title.lower() }}", "the text holds what it does not know: call in line 1\n  a text knows values"),
        ("{{ 'x' | center(3) }}", "there is no filter 'center'\n  there are: abs"),
        ("{{ 1 is sameas 1 }}", "there is no test 'sameas'\n  there are: "),
        ("{{ nobody }}", "cannot be filled in: 'nobody' is undefined"),
        ("{{ case.nothing }}", "cannot be filled in: 'nothing' is undefined"),
        ("{{ sources | first }}", "cannot be filled in: an empty list has no first"),
        ("{{ sources.x }}", "'x' is undefined"),
        ("{% for a, b in ['abc'] %}{% endfor %}", "cannot be filled in: "),
        ("{{ 1 / 0 }}", "cannot be filled in: division by zero"),
        ("{{ 'a' < 1 }}", "cannot be filled in: '<' not supported"),
        ("{{ [] | join(1, 2, 3) }}", "cannot be filled in: "),
        ("{% for a in 5 %}{% endfor %}", "'5' is no list"),
        ("{{ hu", "the text is no template: "),
        ("x" * 20_001, "a text of more than 20,000 characters\n  split it"),
    ],
)
def test_what_a_text_cannot_mean_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        rendered(text, {"case": {"title": "A"}, "sources": []})

    assert said in str(refused.value)


WORDS = (
    """{{ | }}|{% for x in |{% endfor %}|{% if |{% endif %}|{% set x = | %}|a|x|l|1|'b'|.|[|]| + | * | ~ | in | is none|(|)|, |\n""".split(
        "|"
    )
)
FILTERED = [f" | {name}" for name in ("join", "length", "map(attribute='a')", "sort", "string")]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS + FILTERED), max_size=14).map("".join))
def test_any_text_is_filled_in_or_refused(text: str) -> None:
    try:
        assert len(rendered(text, {"a": {"a": 1}, "l": [3, "x", {"a": 2}], "x": "y"})) <= MOST
    except UsageError as refusal:
        assert str(refusal)


def test_the_names_of_a_text_are_those_that_it_asks_for() -> None:
    text = "{% for a in alerts %}{{ a.title ~ b }}{{ loop.index }}{% set c = d %}{{ c }}{% endfor %}"

    assert names_in(text) == {"alerts", "b", "d"}
