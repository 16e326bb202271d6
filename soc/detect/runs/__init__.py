"""The ways in which detection goes over events.

search      a batch is read, searched, and accounted for
lookback    changed rules over batches that are covered already
run         a run: look-back, uncovered batches, lost hits
others      indices that soc does not write
trial       rules tried on events at hand, with no store and no desk
"""
