"""Events become hits, hits become alerts; what was searched is accounted for.

    rules       what a rule is
    language    how Sigma's text becomes conditions
    compiling   the text of one rule file, compiled
    ruleset     all files under `detections/`, one rule set
    hits        events become hits
    cells       hits become what is alerted
    coverage    what was searched
    alerts      cells become alerts, and true
    runs        the ways in which detection goes over events
    plugin      soc as a pySigma plug-in

Each room imports those above it alone.
"""
