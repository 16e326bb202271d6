"""All rules over a batch of columns in one pass."""
