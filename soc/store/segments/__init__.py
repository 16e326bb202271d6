"""The embedded event store: `open_store` opens it.

    manifest    what is true of a store
    questions   what is asked of the segments
    writing     events become segments, and segments others
    hits        hits beside the segments
    upkeep      segments are kept few, whole and young enough
    writer      the one writer
    store       the store

Each room imports those above it alone.
"""

from soc.store.segments.questions.core import Shape
from soc.store.segments.store import SegmentStore, open_store

__all__ = ["SegmentStore", "Shape", "open_store"]
