"""What a rule is, whatever it was read from.

rule        a condition or a correlation, what the site wants from it, and whether it can run
identity    names of hits and alerts, as functions of what they name
reach       how far an exception reaches down a correlation of correlations
describe    conditions and correlations in words
"""
