"""Who receipts are for: per carrier, in memory, from the packed rows of what was sent and what was received.

book.py and what it is made of are pure; look.py feeds it from Postgres and writes what it found, rebuild.py makes it
anew from rows, doubts.py and late.py ask rows about receipts that fit nothing in memory. engine/resolver.py is the
process.
"""
