"""Alerts become cases; playbooks lead them to their close."""
