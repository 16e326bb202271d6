"""The SQL database under the desk.

types       column types, where the two databases differ
schema      the tables
place       where a desk lies
engine      connections
faults      what a database says when it cannot
session     what every part of a transaction shares
damage      rows that a disk or a hand has damaged
among       whether a column holds one of some texts
sums        sums over rows, by which alterations show
migrate     schema versions
row_check   every row, read
"""
