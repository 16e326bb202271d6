"""What every command has: where it works, what it was told, how it answers.

keep        `[[retention.keep]]` of soc.toml
config      soc.toml: where it is looked for, what it may say
words       the words of the call
clusters    which cluster the configuration names, and how it is reached
stores      the event store that the configuration names
context     configuration, content, store, desk and clock of one call
output      tables, JSON lines and CSV; notes on stderr
progress    a bar on stderr
files       files that commands make: whole or not at all
when        moments as analysts write them
pipeline    how the pieces are put together for a run
"""
