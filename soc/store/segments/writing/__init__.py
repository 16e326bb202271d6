"""Events become segments, and segments others.

generation   whether a manifest is the newest that its files have had
rewrite      a segment written again without some of its rows
supersede    events read again take the place of their former readings
commit       one batch becomes durable
"""
