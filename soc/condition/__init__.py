"""The condition tree, the fold, and the predicate that defines what a condition means."""
