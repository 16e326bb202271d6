"""Rules for tests: correlations that count the failed logins of `FAILED`, the rule that sites of tests are given."""

from __future__ import annotations

FAILED = "5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f11"


def counted(title: str, id: str, least: int, *, by: str = "source.ip", within: str = "5m", level: str = "high") -> str:
    """A correlation that wants so many of them for one value of `by`."""
    return f"""\
title: {title}
id: {id}
status: test
level: {level}
correlation:
    type: event_count
    rules: [{FAILED}]
    group-by: [{by}]
    timespan: {within}
    condition: {{gte: {least}}}
"""
