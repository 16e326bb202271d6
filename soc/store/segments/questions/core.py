"""What the parts of an open store share."""

from __future__ import annotations

from dataclasses import dataclass

from soc.fields import Catalogue
from soc.store.segments.manifest.layout import Layout
from soc.store.segments.manifest.manifest import Manifest
from soc.store.segments.questions.reader import Reader
from soc.times import MINUTE

GRACE = 10 * MINUTE  # between the moment that a file is no longer read by new queries and its end


@dataclass(frozen=True, slots=True)
class Shape:
    """How compaction shapes segments."""

    wide: int = 16  # segments of several datasets that are worth a merge: fewer would write each event again with every run
    least: int = 4  # segments of one dataset that are worth a merge
    small: int = 250_000  # rows under which a merged segment is merged again
    full: int = 500_000  # rows at which a segment ends with its hour
    most: int = 1_000_000  # rows at which a segment ends anywhere
    sparse: int = 20_000  # rows at which a segment ends with its day
    round: int = 4_000_000  # rows taken up in one transaction
    text: int = 150_000_000  # bytes that these weigh at most, see `weights`: a quarter of what DuckDB may use


@dataclass(frozen=True, slots=True)
class Core:
    """An open store's parts."""

    layout: Layout
    manifest: Manifest
    catalogue: Catalogue
    reader: Reader
    shape: Shape
    max_disk: int
    reserve: int
