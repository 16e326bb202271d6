"""The text of one rule file becomes compiled rules and refusals.

lists         the values of placeholders
environment   lists and pipelines: what a rule depends on besides its text
blame         where in the file a fault lies, and what repairs it
compiled      one rule document as it was compiled
mapped        what the pipelines make of the names of correlations
filters       filters of rules, compiled
compile       a file's text, compiled
cache         compiled rules on disk
"""
