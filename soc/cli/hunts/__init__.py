"""Questions about the events in the store.

hunted       what hunts have in common
hunt         `soc hunt`
hunt_rules   `soc hunt rules`
"""
