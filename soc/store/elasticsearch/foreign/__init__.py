"""Indices that soc does not write, and only reads.

foreign_documents   their documents as flat events
foreign_fields      how they hold their fields
sight               how well their fields can be searched
foreign             questions about them
"""
