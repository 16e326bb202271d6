"""A cluster, and how it is asked.

access      its URLs, one secret, the authorities that are believed
faults      what it answers when it cannot, in words with a repair
cluster     the connection, and the names of our indices
patience    asking again what was refused for a reason that passes
asking      pages of documents under one point in time
bulk        documents to it, several requests in flight
"""
