"""What was searched is accounted for.

coverage    what a rule set takes over, and what its new rules still look back over
anew        hits that are gone are made anew
"""
