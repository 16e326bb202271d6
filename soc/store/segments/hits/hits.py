"""Hits: derived data in Parquet beside the segments. A tag names what was put at once; the same tag again replaces it.

Files hold the hits of one tag until there are many small ones; then those are merged into one, with the tag as a column.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from soc.errors import StoreError
from soc.match.hits import CODED, DICTIONARY, HELD, HITS, joined
from soc.store.segments.manifest.damage import file_fault
from soc.store.segments.manifest.layout import Written, durable, storage_errors
from soc.store.segments.manifest.rows import typed
from soc.store.segments.questions.core import Core
from soc.store.segments.questions.relation import Vanished
from soc.store.segments.writing import generation

TAG = "tag"
STORED = HELD.append(pa.field(TAG, DICTIONARY))
LAST = "\U0010ffff"  # stands behind all that a tag may go on with
SMALL = 120_000  # rows under which a file takes part in a merge
MANY = 32  # small files that are worth a merge, or else so many rows:
ENOUGH = 150_000
_PLAIN = pa.schema([HITS.field("rule"), HITS.field("time")])
ORDER = [("rule", "ascending"), ("time", "ascending")]  # of rows in a file: a rule's hits of some time lie together
RULES = b"soc.rules"  # in a file's metadata: behind which row each rule's hits end, in the order of the rows
GROUP = 1 << 15  # rows that are read together
DICTIONARIES = [*CODED, TAG]
REPAIR = "  hits are made from events: put the file aside with soc doctor --give-up FILE, and the next run makes them anew"


@contextmanager
def hits_lock(core: Core) -> Iterator[None]:
    """Held while hits are written: waits for another process that does so. Raises StoreError when the manifest is not the newest."""
    with storage_errors(core.layout.hits_lock), core.layout.hits_lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        generation.check_newest(core)
        yield


def put_hits(core: Core, tag: str, hits: pa.Table) -> None:
    """See `soc.store.base.Store.put_hits`."""
    table = joined([hits]).append_column(TAG, pa.repeat(pa.scalar(tag), hits.num_rows).dictionary_encode())
    with hits_lock(core):
        written = write_file(core, table) if table.num_rows else None
        with core.manifest.transaction():
            core.manifest.run("DELETE FROM hit_tags WHERE tag = ?", tag)
            if written:
                file = name_file(core, table, written, tags=1)
                core.manifest.run("INSERT INTO hit_tags VALUES (?, ?, ?)", tag, file, table.num_rows)
        _merge_small(core)


def has_hits(core: Core, tags: Collection[str]) -> bool:
    """See `soc.store.base.Store.has_hits`."""
    asked = "SELECT EXISTS (SELECT 1 FROM hit_tags WHERE tag >= ? AND tag < ?)"
    return any(core.manifest.value(asked, tag, tag + LAST) for tag in tags)


def count_hits(core: Core) -> int:
    """Rows under all tags."""
    return int(core.manifest.value("SELECT coalesce(sum(rows), 0) FROM hit_tags"))


def hit_faults(core: Core, *, deep: bool) -> list[str]:
    """What is wrong with the files of hits; `deep` reads every byte."""
    rows = core.manifest.rows("SELECT name, rows, bytes, digest FROM hit_files WHERE deleted_at IS NULL ORDER BY id")
    files = typed(core.manifest, "hit_files", (str, int, int, str), rows)
    paths = [(core.layout.hits / name, rows, size, digest if deep else None) for name, rows, size, digest in files]
    return [f"{path}: {fault}" for path, *wanted in paths if (fault := file_fault(path, *wanted))]


def hit_sizes(core: Core) -> list[tuple[Path, int]]:
    """The files of hits that count, and the bytes that they shall have."""
    rows = core.manifest.rows("SELECT name, bytes FROM hit_files WHERE deleted_at IS NULL ORDER BY id")
    return [(core.layout.hits / name, size) for name, size in typed(core.manifest, "hit_files", (str, int), rows)]


def write_file(core: Core, table: pa.Table) -> Written:
    """A durable file of hits, which the manifest does not name yet. Raises StoreError."""
    ordered = table.take(pc.sort_indices(table.select(["rule", "time"]).cast(_PLAIN), ORDER))
    ordered = ordered.replace_schema_metadata({RULES: orjson.dumps(_ends(ordered))})
    options = {"compression": "zstd", "write_page_checksum": True, "row_group_size": GROUP, "use_dictionary": DICTIONARIES}
    named = generation.next_of(core.manifest, generation.HITS)
    return durable(core.layout.hits, named, lambda path: pq.write_table(ordered, path, **options))


def _ends(ordered: pa.Table) -> dict[str, int]:
    runs = pc.run_end_encode(ordered["rule"].cast(pa.string()).combine_chunks())
    return dict(zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True))


def name_file(core: Core, table: pa.Table, written: Written, *, tags: int) -> int:
    """Makes a written file part of the store; returns its id. Runs inside a transaction."""
    span = pc.min_max(table["time"]).as_py()
    return core.manifest.run(
        "INSERT INTO hit_files(name, rows, tags, bytes, first, last, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(written.name, table.num_rows, tags, written.bytes, span["min"], span["max"], written.digest),
    )


def _merge_small(core: Core) -> None:
    """Files with few rows become one: of many files each costs a look at every question."""
    rows = core.manifest.rows("SELECT id, name, rows FROM hit_files WHERE deleted_at IS NULL AND rows < ? ORDER BY id", SMALL)
    small = typed(core.manifest, "hit_files", (int, str, int), rows)
    if len(small) < 2 or (len(small) < MANY and sum(rows for _, _, rows in small) < ENOUGH):
        return
    tables = [current(core, number, file)[1] for number, file, _ in small]
    merged = pa.concat_tables(tables)
    written = write_file(core, merged) if merged.num_rows else None
    tags = merged[TAG].unique().to_pylist()
    with core.manifest.transaction():
        if written:
            file = name_file(core, merged, written, tags=len(tags))
            core.manifest.run_many("UPDATE hit_tags SET file = ? WHERE tag = ?", [(file, tag) for tag in tags])
        now = core.manifest.value("SELECT coalesce(max(closed_at), 0) FROM batches")
        core.manifest.run_many("UPDATE hit_files SET deleted_at = ? WHERE id = ?", [(now, number) for number, _, _ in small])


def current(core: Core, number: int, file: str) -> tuple[tuple[str, ...], pa.Table]:
    """The tags of a file that count, and the rows under them."""
    tags = tags_of(core, number)
    return tags, with_tags(read_file(core, file), tags) if tags else STORED.empty_table()


def tags_of(core: Core, number: int) -> tuple[str, ...]:
    """The tags of a file that count."""
    rows = core.manifest.rows("SELECT tag FROM hit_tags WHERE file = ?", number)
    return tuple(tag for (tag,) in typed(core.manifest, "hit_tags", (str,), rows))


def read_file(core: Core, file: str) -> pa.Table:
    """All rows of a file of hits, replaced tags included. Raises StoreError that names a missing or damaged file."""
    with opened(core, file) as source:
        return read_rows(core, file, source, list(range(source.metadata.num_row_groups)), tagged=True)


@contextmanager
def opened(core: Core, file: str) -> Iterator[pq.ParquetFile]:
    """A file of hits. Raises StoreError that names a missing or damaged one."""
    path = core.layout.hits / file
    if not path.exists():
        raise Vanished(f"{path}: is missing\n{REPAIR}")
    try:
        source = pq.ParquetFile(path, read_dictionary=DICTIONARIES, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise damaged(core, file, error) from error
    with source:
        yield source


def read_rows(core: Core, file: str, source: pq.ParquetFile, groups: list[int], *, tagged: bool) -> pa.Table:
    """These groups of rows, with their tags if asked. Raises StoreError that names a damaged file."""
    columns = [*HITS.names, TAG] if tagged else HITS.names
    try:
        table = source.read_row_groups(groups, columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise damaged(core, file, error) from error
    held = joined([table])
    return held.append_column(TAG, table[TAG].cast(DICTIONARY)) if tagged else held


def damaged(core: Core, file: str, error: Exception) -> StoreError:
    """What to raise of a file of hits that cannot be read, with the repair."""
    return StoreError(f"{core.layout.hits / file}: {str(error).splitlines()[0]}\n{REPAIR}")


def with_tags(table: pa.Table, tags: Collection[str]) -> pa.Table:
    """The rows under these tags."""
    return table.filter(pc.is_in(table[TAG].cast(pa.string()), pa.array(list(tags), pa.string())))
