"""Alerts become cases.

whose        whose an event is, for a case
accounts     which accounts an alert says were let in
marks        what an alert is recognised by later
pictures     alerts and cases under the names that dashboards know
categories   `detections/categories.yml`
priority     `detections/priority.yml`
policy       what a site decides about triage
triage       each alert joins a case, or opens one
"""
