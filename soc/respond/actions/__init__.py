"""What the steps of playbooks can do.

action         what an action is: what it takes and gives
receivers      which receivers are refused
desk_actions   actions on the desk itself
delivery       one message handed to the mail server
notify         mail and webhook
program        `run`
hunting        `hunt`
actions        the table of all
"""
