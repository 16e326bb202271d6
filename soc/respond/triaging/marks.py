"""What an alert is recognised by later: its rule and key, and the observables that it shares with other alerts.

Of evidence only what names somebody counts: where it came from, who acted, which name was asked for. The server attacked
and the host that logged are in every alert of the institution and would make one case of them all; so would a user name
that was merely tried, and the names that every machine has.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from soc.condition.fold import fold
from soc.desk.cases.acts import observable_mark
from soc.desk.database.session import digest
from soc.event import Event
from soc.model import Alert
from soc.respond.triaging.whose import own_evidence
from soc.text import canonical_json

KEY_FIELDS = {  # field of a rule's key -> kind of observable
    "source.ip": "ip",
    "destination.ip": "ip",
    "client.ip": "ip",
    "server.ip": "ip",
    "host.ip": "ip",
    "user.name": "user",
    "source.user.name": "user",
    "destination.user.name": "user",
    "user.target.name": "user",
    "host.name": "host",
    "host.hostname": "host",
    "dns.question.name": "domain",
    "dns.question.registered_domain": "domain",
    "url.domain": "domain",
    "destination.domain": "domain",
    "tls.client.server_name": "domain",
}
EVIDENCE_FIELDS = ("source.ip", "user.name", "dns.question.registered_domain", "url.domain")
EVERYBODY = frozenset(
    ("root", "admin", "administrator", "system", "nobody", "user", "guest", "anonymous", "daemon", "-", "(unknown)", "unknown", "localhost")
)


class Mark(NamedTuple):
    """`kind` is `key`, `storm` or a kind of observable; `mark` is equal for what is alike within one institution."""

    kind: str
    value: bytes
    mark: str

    @property
    def because(self) -> str:
        """Why an alert with this mark lies where it lies."""
        return "the same rule and key" if self.kind == "key" else "a storm" if self.kind == "storm" else self._shown

    @property
    def _shown(self) -> str:
        return f"the same {self.kind}: {self.value.decode()}"


def key_mark(alert: Alert) -> Mark:
    """The rule and the key of an alert, within its institution."""
    key = canonical_json(list(alert.key.items()))
    return Mark("key", canonical_json([alert.rule_id, *map(list, alert.key.items())]), digest(alert.institution, "key", alert.rule_id, key))


@lru_cache(maxsize=1024)
def storm_mark(rule: str, institution: str) -> Mark:
    """A rule, within an institution."""
    return Mark("storm", rule.encode(), digest(institution, "storm", rule))


def observable_marks(alert: Alert) -> list[Mark]:
    """The observables of an alert's key and evidence, each once, in order of their first appearance."""
    found = dict.fromkeys(_observables(alert))
    return [Mark(kind, value.encode(), observable_mark(alert.institution, kind, value)) for kind, value in found]


def _observables(alert: Alert) -> Iterator[tuple[str, str]]:
    for field, text in alert.key.items():
        kind = KEY_FIELDS.get(field)
        if kind and text and text not in EVERYBODY:
            yield kind, text
    for item in own_evidence(alert, alert.institution):
        for field in EVIDENCE_FIELDS:
            value = item.event.get(field)
            if type(value) is str and value and (folded := fold(value)) not in EVERYBODY and _tells(field, item.event):
                yield KEY_FIELDS[field], folded


def _tells(field: str, event: Event) -> bool:
    """A user name that was tried in vain says nothing of that user."""
    return field != "user.name" or event.get("event.outcome") != "failure"
