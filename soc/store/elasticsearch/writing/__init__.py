"""What is put into our indices, and what goes.

hits        hits in an index of their own
copies      one event in one place
holding     a batch in hand
salvage     what was sent of a batch that nobody closes
retention   events that go by their age
writer      batches into the cluster
publish     alerts and cases where dashboards look
"""
