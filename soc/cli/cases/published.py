"""Alerts and cases from the desk into the indices that dashboards look at."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from soc.cli.call.clusters import PREFIX, cluster, sizes
from soc.cli.call.context import Soc
from soc.cli.call.output import note
from soc.errors import SocError
from soc.shipped import DATA
from soc.times import DAY

if TYPE_CHECKING:
    from soc.desk.desk import Tx
    from soc.model import Alert
    from soc.store.elasticsearch import Cluster
    from soc.store.elasticsearch.writing.publish import Documents

RECENT = 7 * DAY  # how far back `soc run` looks for what has changed
PROMPT = 5.0  # seconds that a cluster is waited for when the command itself is done


def publish_all(soc: Soc, since: int | None) -> tuple[int, int]:
    """Alerts and cases written: of those since a moment, or all, and of what this call has changed. Raises StoreError."""
    from soc.desk.cases.words import STATUSES

    now, touched = soc.now(), soc.desk.touched
    with soc.desk.read() as tx:
        moved = {head.id for head in tx.heads(statuses=STATUSES) if since is None or head.updated_at >= since}
        found = _documents(tx, [*tx.alerts(ids=touched.alerts), *tx.alerts(since=since)], moved | touched.cases)
    return _publish(soc, cluster(soc.config), *found, version=now)


def publish_touched(soc: Soc) -> None:
    """Shows dashboards what this call has changed on the desk. A cluster that does not take it is told of, and fails nothing."""
    now, touched = soc.now(), soc.desk.touched
    try:
        with soc.desk.read() as tx:
            found = _documents(tx, tx.alerts(ids=touched.alerts), touched.cases)
        _publish(soc, cluster(soc.config, at_most=PROMPT), *found, version=now)
    except SocError as error:
        note(f"dashboards are behind the desk until the next soc run, or soc store publish: {error}")


def _documents(tx: Tx, alerts: Iterable[Alert], moved: Collection[str]) -> tuple[Documents, Documents]:
    """Of these alerts and those of the cases that moved, and of these cases."""
    from soc.desk.database.session import chunks
    from soc.respond.triaging.pictures import alert_documents, case_documents

    found = {alert.id: alert for alert in alerts}
    found.update((alert.id, alert) for id in sorted(moved) for alert in tx.alerts(case=id))
    cases = tx.cases_of_alerts(found)
    heads = {head.id: head for part in chunks({*cases.values(), *moved}) for head in tx.heads(ids=part)}
    known = {alert: heads[case] for alert, case in cases.items()}
    return alert_documents(found.values(), known), case_documents(heads[id] for id in moved if id in heads)


def _publish(soc: Soc, there: Cluster, alerts: Documents, cases: Documents, *, version: int) -> tuple[int, int]:
    """How many were written. `version`: a moment before they were read; what was read later stays."""
    from soc.store.elasticsearch.writing.publish import publish

    replicas = sizes(soc.config)["replicas"]
    try:
        written = publish(there, "alerts", alerts, version=version, replicas=replicas)
        return written, publish(there, "cases", cases, version=version, replicas=replicas)
    finally:
        there.client.close()


def saved_objects(prefix: str) -> str:
    """Kibana's saved objects as NDJSON, their data views on indices of this prefix."""
    lines = (DATA / "kibana" / "soc.ndjson").read_text(encoding="utf-8").splitlines()
    return "".join(f"{_moved(json.loads(line), prefix)}\n" for line in lines)


def _moved(found: dict[str, Any], prefix: str) -> str:
    if found["type"] == "index-pattern":
        found["attributes"]["title"] = prefix + found["attributes"]["title"].removeprefix(PREFIX)
    return json.dumps(found, separators=(",", ":"))
