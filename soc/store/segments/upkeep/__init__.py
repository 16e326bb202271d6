"""The segments are kept few, whole and young enough.

sieve        cuts of retention as tests of segments
ages         how old the oldest events of a segment are
retention    events that go by their age
pieces       where merged segments begin and end
weights      what a merge takes of memory
rounds       what compaction takes up together
compaction   small segments become few
give_up      a damaged file without a backup is put aside
sweep        what processes that died have left behind
"""
