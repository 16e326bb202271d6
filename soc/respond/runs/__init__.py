"""Playbooks go on to their next question to a person.

progress    how far a run has come: a fold over its journal
turn        what can happen within one transaction
run         every open case, every playbook
undone      steps that reach outside and were not carried out
"""
