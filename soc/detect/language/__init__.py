"""How Sigma's text becomes conditions and correlations.

bounds             how many values one value of a rule may stand for
keys               the keys and words that a rule may have
spelling           spellings that pySigma does not read
values             Sigma's values as leaves of the condition tree
encoded            base64 and UTF-16 modifiers over a value's exact bytes
conditions         the text of a condition as a tree of detections
sigma              detections as conditions
correlation_rule   correlation rules as plain values
metadata           what a rule says of itself
"""
