"""The store is kept in order: `store`, `retain`.

store       `soc store`
retention   what the retention of soc.toml lets go at a moment
clock       whether retention may go by the clock
waits       retention that waits for the clock or for a person
expired     batches that lose events before the rules have seen them
skews       feeds whose times were not believed
overdue     what has stopped without saying so
retain      `soc retain`
"""
