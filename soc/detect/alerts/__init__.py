"""Cells become alerts with their evidence, and all of it true at once.

evidence    cells as alerts, with the events themselves
outcome     what a run did, told while it goes on
portion     batches that are judged together
raising     hits into the store, alerts and cases onto the desk
"""
