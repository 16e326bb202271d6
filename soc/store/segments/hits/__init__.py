"""Hits beside the segments.

hits         hits in Parquet, by tags
hit_reader   hits read back
hit_drops    hits of events that go
"""
