"""soc: a Security Operations Center in a repository.

A line arrives from a feed, is read into a record, means an event; events hit rules, hits trigger alerts,
alerts open cases, a playbook leads a case to its close.
"""

__version__ = "0.1.0"
