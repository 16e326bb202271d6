"""Who is at work, and since when.

processes   names of processes
locks       named locks
runs        the ledger of runs, and what each swallowed
clock       what is remembered of time
"""
