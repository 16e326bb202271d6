"""What a playbook is, and how it is read.

origin       where a value came from
expression   the conditions of `if` steps
command      the words of a command
arguments    the arguments of actions
facts        what a playbook may know of its case
playbook     a playbook, its steps, and which cases it leads
kept         which variables hold what was kept of a log
ways         where steps lead
reader       one playbook, and all that is wrong with it
load         all playbooks of some folders
queries      the queries that playbooks ask
"""
