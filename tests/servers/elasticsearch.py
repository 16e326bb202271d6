"""Elasticsearch for tests and benchmarks: one server, a secured one, a cluster whose nodes can be killed and paused.

    with single() as node: node.url                     with Cluster() as cluster: cluster.nodes[0].kill()

Each is up when its `with` begins and gone, with its data, when it ends. Raises Missing where none can be had.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from tests.servers.machine import HOST, workspace
from tests.servers.node import BRIEF, Node
from tests.servers.security import Security

SINGLE = {"discovery.type": "single-node"}


@contextmanager
def single(*, secured: Security | None = None, java: str = BRIEF, **settings: Any) -> Iterator[Node]:
    """A server by itself; `settings` go into elasticsearch.yml, `java` to the virtual machine: LASTING for what is to be measured."""
    with workspace("elasticsearch") as folder:
        node = Node(folder, SINGLE | settings, secured=secured, java=java)
        try:
            node.start()
            node.wait()
            yield node
        finally:
            node.kill()


class Cluster:
    """Nodes that each may be master and hold data. A killed one comes back by `start`, with its data and under its address."""

    def __init__(self, size: int = 3, *, java: str = BRIEF, **settings: Any) -> None:
        self._size, self._java, self._settings = size, java, settings
        self._stack = ExitStack()
        self.nodes: list[Node] = []

    @property
    def urls(self) -> list[str]:
        return [node.url for node in self.nodes]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.nodes = [self._node(stack, name) for name in self._names()]
            self._introduce()
            for node in self.nodes:
                stack.callback(node.kill)
                node.start()
            self.wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait(self, *, size: int | None = None) -> None:
        """Until the nodes that run see so many nodes, by default all of them."""
        expected = self._size if size is None else size
        for node in self.nodes:
            if node.runs:
                node.wait(nodes=expected)

    def _names(self) -> list[str]:
        return [f"node-{number}" for number in range(1, self._size + 1)]

    def _node(self, stack: ExitStack, name: str) -> Node:
        masters = {"node.name": name, "cluster.initial_master_nodes": self._names()}
        return Node(stack.enter_context(workspace(name)), masters | self._settings, java=self._java)

    def _introduce(self) -> None:
        seeds = [f"{HOST}:{node.transport}" for node in self.nodes]
        for node in self.nodes:
            node.settings |= {"discovery.seed_hosts": seeds}
