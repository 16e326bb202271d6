"""The manifest's tables. `VERSION` rises with each change, and `manifest.py` moves older ones forward."""

from __future__ import annotations

VERSION = 1

TABLES = """
-- id; max_disk; generation: see generation.py, 0 where it is missing
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- a file of events; dataset is NULL when it holds several; digest: BLAKE2b-128 of its bytes;
-- deleted_at: no longer read, unlinked after the grace
CREATE TABLE segments(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, dataset TEXT, rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, digest TEXT NOT NULL, deleted_at INTEGER);
CREATE INDEX segments_live ON segments(first, last) WHERE deleted_at IS NULL;

-- what a segment holds of a dataset; columns: JSON list of names, all that some row fills
CREATE TABLE parts(segment INTEGER NOT NULL REFERENCES segments(id) ON DELETE CASCADE, dataset TEXT NOT NULL, rows INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, columns TEXT NOT NULL, PRIMARY KEY(segment, dataset)) WITHOUT ROWID;

-- what a segment holds of a batch
CREATE TABLE shares(segment INTEGER NOT NULL REFERENCES segments(id) ON DELETE CASCADE, batch INTEGER NOT NULL, rows INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY(segment, batch)) WITHOUT ROWID;
CREATE INDEX shares_by_batch ON shares(batch);

-- a column keeps the type it was first seen with
CREATE TABLE columns(name TEXT PRIMARY KEY, type TEXT NOT NULL) WITHOUT ROWID;

-- state: open closed abandoned
CREATE TABLE batches(number INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL, state TEXT NOT NULL,
    events INTEGER NOT NULL DEFAULT 0, first INTEGER, last INTEGER, closed_at INTEGER);
CREATE INDEX batches_open ON batches(number) WHERE state = 'open';

-- state: JSON of the SourceState
CREATE TABLE sources(id TEXT PRIMARY KEY, feed TEXT NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX sources_by_feed ON sources(feed);

CREATE TABLE feeds(feed TEXT NOT NULL, dataset TEXT NOT NULL, events INTEGER NOT NULL, first_ingested INTEGER NOT NULL,
    last_ingested INTEGER NOT NULL, last_time INTEGER NOT NULL, PRIMARY KEY(feed, dataset)) WITHOUT ROWID;

-- hits: a file holds those of several tags; of its rows only those count whose tag this table maps to it
CREATE TABLE hit_files(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, rows INTEGER NOT NULL, tags INTEGER NOT NULL,
    bytes INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, digest TEXT NOT NULL, deleted_at INTEGER);
CREATE TABLE hit_tags(tag TEXT PRIMARY KEY, file INTEGER NOT NULL REFERENCES hit_files(id), rows INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX hit_tags_by_file ON hit_tags(file);

-- what was dropped, so that a hole has a reason
CREATE TABLE drops(at INTEGER NOT NULL, reason TEXT NOT NULL, before INTEGER, segment TEXT, events INTEGER NOT NULL);
"""

# made where it is missing: what it holds is derived, and a soc that does not know it need not look
AGES = """
CREATE TABLE IF NOT EXISTS ages(segment INTEGER PRIMARY KEY REFERENCES segments(id) ON DELETE CASCADE,
    conditions TEXT NOT NULL, oldest TEXT NOT NULL)
"""

# as AGES; bytes: see `weights`
WEIGHTS = """
CREATE TABLE IF NOT EXISTS weights(segment INTEGER PRIMARY KEY REFERENCES segments(id) ON DELETE CASCADE, bytes INTEGER)
"""
