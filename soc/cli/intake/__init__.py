"""Lines become events: `parse`, `parser`, `ingest`.

parse       `soc parse`
parser      `soc parser`
ingest      `soc ingest`
pour        standard input into a cluster that may not answer
"""
