"""What is asked of the segments.

relation    the files that the manifest names, as one relation of DuckDB
asking      a question, put once more when a file vanished meanwhile
picking     events by their ids
reader      questions, answered by DuckDB
core        what the parts of an open store share
batches     the events of batches for the matcher
tallies     many conditions at once, counted
grouping    events counted in groups
sql         one SELECT of a person
"""
