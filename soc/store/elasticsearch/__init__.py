"""The event store on Elasticsearch."""
