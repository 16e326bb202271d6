"""Names in a shared Elasticsearch that belong to one test, and their removal."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import Elasticsearch


@contextmanager
def prefixed(url: str) -> Iterator[str]:
    """A prefix that nobody else has. Indices and templates whose names begin with it go afterwards."""
    prefix = f"soc-test-{secrets.token_hex(6)}-"
    try:
        yield prefix
    finally:
        with Elasticsearch(url) as client:
            _remove(client, prefix)


def _remove(client: Elasticsearch, prefix: str) -> None:
    """By full names: servers may refuse to delete by wildcard. Templates before the component templates that they use."""
    names = f"{prefix}*"
    for index in client.indices.get(index=names, expand_wildcards="all", allow_no_indices=True, features="aliases"):
        client.indices.delete(index=index)
    for template in client.options(ignore_status=404).indices.get_index_template(name=names).get("index_templates", ()):
        client.indices.delete_index_template(name=template["name"])
    for part in client.options(ignore_status=404).cluster.get_component_template(name=names).get("component_templates", ()):
        client.cluster.delete_component_template(name=part["name"])
