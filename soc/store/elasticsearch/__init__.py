"""The event store on Elasticsearch."""

from soc.store.elasticsearch.access import Access
from soc.store.elasticsearch.cluster import Cluster, connect
from soc.store.elasticsearch.indices import name_store, prepare, remove, store_id
from soc.store.elasticsearch.store import ElasticStore, open_cluster

__all__ = ["Access", "Cluster", "ElasticStore", "connect", "name_store", "open_cluster", "prepare", "remove", "store_id"]
