"""Lines in: from a source to a committed batch."""
