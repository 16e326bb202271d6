"""The event store on Elasticsearch."""

from soc.store.elasticsearch.cluster import Access, Cluster, connect
from soc.store.elasticsearch.indices import prepare
from soc.store.elasticsearch.store import ElasticStore, open_cluster

__all__ = ["Access", "Cluster", "ElasticStore", "connect", "open_cluster", "prepare"]
