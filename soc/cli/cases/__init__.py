"""Alerts and cases, and what people and playbooks do with them.

alert       `soc alert`
exception   `soc exception`
pick        which cases a command means
listed      cases as they are printed
case        `soc case`
case_show   `soc case show`
playbook    `soc playbook`
respond     `soc respond`
published   alerts and cases in the indices that dashboards look at
"""
