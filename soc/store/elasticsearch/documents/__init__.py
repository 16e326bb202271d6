"""Events, alerts and cases as documents, and back.

mapping     index templates from the field catalogue
reading     values of a document as the types of the catalogue
documents   events as documents
pictures    alerts and cases as documents for dashboards
"""
