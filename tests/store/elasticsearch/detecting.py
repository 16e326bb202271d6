"""A site whose detection runs over a store on a real server, and sshd's lines for it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

from soc.desk.desk import open_desk
from soc.desk.register.register import make_register, open_register
from soc.detect.coverage.anew import lost_hits
from soc.detect.rules.identity import hit_name
from soc.detect.runs.others import Watch
from soc.store.elasticsearch import connect, name_store, open_cluster, prepare
from soc.store.elasticsearch.foreign.foreign import ForeignEvents
from soc.times import HOUR, MINUTE, parse_iso
from tests.detection_kit import Detecting
from tests.rule_kit import FAILED, counted
from tests.servers import indices

ROOT = Path(__file__).parents[3]
NOW = parse_iso("2026-10-12T00:00:00Z")
LINE = "<38>Oct 11 {hour:02d}:{minute:02d}:00 gw1 sshd[4721]: Failed password for root from 203.0.113.{host} port 52144 ssh2"
MANY, AGAIN, NEW = (f"0c1b3f7e-1111-4b1a-9a53-0d7f5b0c9f2{n}" for n in range(3))
RULE = f"""\
title: Failed login
id: {FAILED}
status: test
level: low
logsource: {{product: linux, service: sshd}}
detection:
    selection: {{event.outcome: failure}}
    condition: selection
"""
CHAIN = f"""\
title: Again and again
id: {AGAIN}
status: test
level: high
correlation:
    type: event_count
    rules: [{MANY}]
    group-by: [source.ip]
    timespan: 3h
    generate: true
    condition: {{gte: 2}}
"""


class World(Detecting):
    """A content root, a desk, and a store on the cluster; the clock stands still."""

    def __init__(self, folder: Path, url: str, stack: ExitStack):
        self.folder, self.count, self.now = folder, 0, NOW
        (folder / "detections/rules").mkdir(parents=True)
        (folder / "parsers").symlink_to(ROOT / "parsers")
        self.rule("failed", RULE)
        self.rule("many", counted("Many", MANY, 3))
        self.rule("again", CHAIN)
        prefix = stack.enter_context(indices.prefixed(url)).rstrip("-")
        self.desk = open_desk(f"sqlite:///{folder / 'desk.db'}", create=True)
        stack.callback(self.desk.close)
        cluster, catalogue, moments = connect(url, prefix=prefix), self.content().catalogue, count(NOW, 1000)
        stack.callback(cluster.client.close)
        prepare(cluster, catalogue, replicas=0)
        name_store(cluster, make_register(self.desk, now=0).store)
        register = partial(open_register, self.desk)
        self.store = open_cluster(cluster, catalogue, register, writer="t", clock=lambda: next(moments), replicas=0)
        self.cluster, self.client, self.index = cluster, cluster.client, cluster.hits

    def rule(self, name, text):
        (self.folder / f"detections/rules/{name}.yml").write_text(text)

    def watch(self, pattern):
        """What detection finds in indices that soc does not write."""
        others = ForeignEvents(self.cluster, pattern, self.content().catalogue)
        finish = lambda event: event | {"event.dataset": "openssh.auth"}  # noqa: E731
        return Watch(self.detector(), others, pattern, finish, delay=MINUTE, overlap=0).run(NOW - HOUR)

    def fault(self):
        return lost_hits(self.store, self.desk, self.content().rules)

    def found(self):
        """Alerts with all that was ever said of them, the logs of cases, and hits."""
        with self.desk.read() as tx:
            alerts = {alert.id: (alert.run_type, tx.extents(alert.id)) for alert in tx.alerts()}
            logs = [[(entry.action, entry.payload) for entry in tx.entries(head.id)] for head in tx.heads()]
        names = [hit_name(rule) for rule in self.content().rules.active()]
        return alerts, logs, sorted(map(repr, self.store.hits(names).to_pylist()))

    def delete_hits(self):
        self.client.indices.delete(index=self.index)


def failed(hour=10, minute=0, host=7):
    return LINE.format(hour=hour, minute=minute, host=host)
