"""The indices of a store.

dead        documents that the cluster refused
mapped      what an index holds its fields as
indices     what is made when, and what makes writing visible
upgrade     indices that another catalogue made
"""
