"""The event store on Elasticsearch.

    server      a cluster, and how it is asked
    documents   events, alerts and cases as documents
    indices     the indices of a store
    questions   what is asked of our events
    foreign     indices that soc does not write
    writing     what is put into ours, and what goes
    store       the store

Each room imports those above it alone; `foreign` and `writing` know nothing of each other.
"""

from soc.store.elasticsearch.indices.indices import name_store, prepare, remove, store_id
from soc.store.elasticsearch.server.access import Access
from soc.store.elasticsearch.server.cluster import Cluster, connect
from soc.store.elasticsearch.store import ElasticStore, open_cluster

__all__ = ["Access", "Cluster", "ElasticStore", "connect", "name_store", "open_cluster", "prepare", "remove", "store_id"]
