"""What is true of a store: its files, and the rows that name them.

layout      where files lie, and how one becomes durable
schema      the manifest's tables
manifest    the manifest, in one SQLite file
rows        rows that a disk or a hand has damaged
parquet     a segment as a Parquet file
columns     the types of a store's columns
register    the manifest's rows as the nouns of `soc.model`
damage      segments that cannot be read
unnamed     files that the manifest does not name yet
disk        how much of the disk is soc's own
row_check   every row, read
"""
