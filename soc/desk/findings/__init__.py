"""What detection has found and searched.

alerts      alerts, and how far each reaches
coverage    which batches a rule set has seen
counts      what alerts have counted, for the next run
newest      the newest batch of a store that the desk has seen
"""
