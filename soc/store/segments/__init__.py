"""The embedded event store: `open_store` opens it."""

from soc.store.segments.core import Shape
from soc.store.segments.store import SegmentStore, open_store

__all__ = ["SegmentStore", "Shape", "open_store"]
