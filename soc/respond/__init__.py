"""Alerts become cases; playbooks lead them to their close.

    triaging    alerts become cases
    messages    texts filled in with variables
    actions     what steps can do
    playbooks   what a playbook is, and how it is read
    runs        playbooks go on to their next question

Each room imports those above it alone.
"""
