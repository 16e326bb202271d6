"""Texts filled in with the variables of a run, each step at its price.

budget      what filling in one text may cost
relations   tests and comparisons
filters     the filters
walk        a template that was read, walked
template    templates, read
text        the texts of messages
"""
