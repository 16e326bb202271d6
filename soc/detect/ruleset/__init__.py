"""What lies under `detections/` of the roots becomes one rule set.

sources      files and their bytes, before anything is understood
compiler     rule files compiled, or known from the cache
supply       which datasets a rule sees, and which fields these can carry
names        names of fields as tuning and exceptions state them
placed       a compiled rule at its place in a content root
filters      Sigma filters, joined to their rules
grouping     the names of a correlation as fields of its rules' events
references   how correlations find the rules that they refer to
tuning       what the site wants from rules
exception    what rules are to overlook
link         ids and references settled, and why a rule cannot run
load         all of this, from the roots
"""
