"""Cases: logs, and folds over them.

words       the closed word lists
log         the log of a case
case        a case as a fold over its log
docket      the cases that one transaction writes to
cases       cases, and the projection that lists them
acts        what people and playbooks do to cases
journal     the runs of playbooks
"""
