"""What a packed row holds, as columns: ids, reasons, answers, receipts, results. Pure; broadcast/store/migrations/0014
has the tables, 0017 reads the same octets in SQL.

Everything is little-endian, times are microseconds of Unix time, and a row's first octet is its version, 1.
"""
