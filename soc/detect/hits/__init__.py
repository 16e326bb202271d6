"""Events become hits.

keys        whose alert it is, and which group it belongs to
found       events that met a selection, as hits
scan        all rules over the columns of a batch
"""
