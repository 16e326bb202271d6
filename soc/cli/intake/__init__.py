"""Lines become events: `parse`, `parser`, `ingest`.

parse       `soc parse`
trying      a file is read as ingest would
parser      `soc parser`
jobs        what is read into the store at once
pour        standard input into a cluster that may not answer
ingest      `soc ingest`
"""
