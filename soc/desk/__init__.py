"""The desk: alerts, cases, coverage and journal in one transactional SQL database.

    database    the database
    findings    what detection has found and searched
    cases       cases and the runs of playbooks
    runs        who is at work
    desk        the desk
    register    the batch register of a store that several machines write

Each room imports those above it alone; `findings`, `cases` and `runs` know nothing of each other.
"""
