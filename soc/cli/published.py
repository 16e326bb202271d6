"""Alerts and cases from the desk into the indices that dashboards look at."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from soc.cli.context import Soc
from soc.cli.stores import PREFIX, cluster, sizes
from soc.times import DAY

RECENT = 7 * DAY  # how far back `soc run` looks for what has changed


def publish_all(soc: Soc, since: int | None) -> tuple[int, int]:
    """Alerts and cases written: of those since a moment, or all. Raises StoreError."""
    from soc.desk.words import STATUSES
    from soc.respond.pictures import alert_documents, case_documents
    from soc.store.elasticsearch.publish import publish

    now = soc.now()
    with soc.desk.read() as tx:
        heads = {head.id: head for head in tx.heads(statuses=STATUSES)}
        moved = {id for id, head in heads.items() if since is None or head.updated_at >= since}
        alerts = {alert.id: alert for alert in tx.alerts(since=since)}
        alerts.update((alert.id, alert) for id in sorted(moved) for alert in tx.alerts(case=id))
        cases = {alert: heads[case] for alert, case in tx.cases_of_alerts(alerts).items()}
    there, replicas = cluster(soc), sizes(soc)["replicas"]
    try:
        written = publish(there, "alerts", alert_documents(alerts.values(), cases), version=now, replicas=replicas)
        return written, publish(there, "cases", case_documents(heads[id] for id in moved), version=now, replicas=replicas)
    finally:
        there.client.close()


def saved_objects(prefix: str) -> str:
    """Kibana's saved objects as NDJSON, their data views on indices of this prefix."""
    lines = files("soc").joinpath("data", "kibana", "soc.ndjson").read_text(encoding="utf-8").splitlines()
    return "".join(f"{_moved(json.loads(line), prefix)}\n" for line in lines)


def _moved(found: dict[str, Any], prefix: str) -> str:
    if found["type"] == "index-pattern":
        found["attributes"]["title"] = prefix + found["attributes"]["title"].removeprefix(PREFIX)
    return json.dumps(found, separators=(",", ":"))
