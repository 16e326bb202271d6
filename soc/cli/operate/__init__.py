"""An installation as a whole.

check       `soc check`: all content
run         `soc run`: feeds, detect, respond, upkeep
status      `soc status`: is it alive, what waits for a person
doctor      `soc doctor`: what was found where, and what is wrong
"""
