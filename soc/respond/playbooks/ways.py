"""Where the steps of a playbook lead: to steps that are there, to each of them, and never back."""

from __future__ import annotations

from collections.abc import Iterator

from soc.document import Document
from soc.errors import ContentError
from soc.respond.playbooks.playbook import Playbook


def check_ways(document: Document, book: Playbook) -> list[ContentError]:
    """What is wrong with the ways, each at its step."""
    strays = list(_strays(document, book))
    return strays or [*_circles(document, book), *_unreached(document, book)]


def _strays(document: Document, book: Playbook) -> Iterator[ContentError]:
    for step in book.steps.values():
        for outcome, to in step.exits.items():
            if to not in book.steps:
                what = f"{outcome or 'its answer'} leads to {to!r}, which is no step"
                yield document.error(what, "steps", step.name, repair=f"steps: {', '.join(book.steps)}")


def _circles(document: Document, book: Playbook) -> Iterator[ContentError]:
    state: dict[str, int] = {}  # 1 while the ways from a step are walked, 2 after
    walk = [(book.first, iter(book.steps[book.first].exits.values()))]
    state[book.first] = 1
    while walk:
        name, ways = walk[-1]
        to = next(ways, None)
        if to is None:
            state[name] = 2
            walk.pop()
        elif state.get(to) == 1:
            way = " -> ".join([*(step for step, _ in walk[[step for step, _ in walk].index(to) :]), to])
            yield document.error(
                f"the steps go in a circle: {way}", "steps", name, repair="lead on to another step; `retry` tries one again"
            )
            return
        elif to not in state:
            state[to] = 1
            walk.append((to, iter(book.steps[to].exits.values())))


def _unreached(document: Document, book: Playbook) -> Iterator[ContentError]:
    reached, todo = {book.first}, [book.first]
    while todo:
        for to in book.steps[todo.pop()].exits.values():
            if to not in reached:
                reached.add(to)
                todo.append(to)
    for name in book.steps:
        if name not in reached:
            yield document.error(f"no way leads to the step {name!r}", "steps", name, repair="name it in a step before it, or take it out")
