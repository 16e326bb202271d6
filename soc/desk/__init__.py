"""The desk: alerts, cases, coverage and journal in one transactional SQL database."""
