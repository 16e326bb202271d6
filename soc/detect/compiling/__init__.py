"""The text of one rule file becomes compiled rules and refusals.

lists         the values of placeholders
environment   lists and pipelines: what a rule depends on besides its text
blame         where in the file a fault lies, and what repairs it
compiled      one rule document as it was compiled
filters       filters of rules, compiled
compile       a file's text, compiled
cache         compiled rules on disk
"""
