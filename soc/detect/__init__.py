"""Events become hits, hits become alerts; what was searched is accounted for."""
