"""What alerts cost, as it was measured on two cores (docs/performance.md): `broadcast bench --nation --only pipeline`.

A process that sends costs something a second, however little it sends, and something a segment, its receipt included.
Both are of alerts at 500, 3,000 and 6,000 TPS of each of three carriers (`--tps`). Millions as fast as they go take
less a segment, for turns merge then.
"""

from typing import Final

# CPU seconds
WORKER_S: Final = 0.14  # a second: its turns, paces and groups
WORKER_SEGMENT_S: Final = 11.3e-6
POSTGRES_S: Final = 0.034  # a second for each worker: its groups, its looks at the tables
POSTGRES_SEGMENT_S: Final = 1.7e-6
RESOLVER_S: Final = 0.045  # a second: its looks
RESOLVER_SEGMENT_S: Final = 1.1e-6

BUSY: Final = 0.7  # chosen: of a core's time, so that others have room for what a worker left that died ...
WORKERS_LEAST: Final = 2  # ... and there are others
WORKER_SEGMENTS_PER_S: Final = (BUSY - WORKER_S) / WORKER_SEGMENT_S
TPS_USED: Final = 0.98  # of a carrier's TPS while there is work: at 6,000 of each of three carriers

IMPORT_LINES_PER_S: Final = 207_000  # subscriber import of two million lines, with all checks
LAUNCH_PEOPLE_PER_S: Final = 3_200_000  # bench --moments --messages 10000000: 3.1 s

# Write-ahead log, octets
LOG_WORKER_OCTETS: Final = 100_000  # a second for each worker
LOG_SEGMENT_OCTETS: Final = 50  # of the bench's 89 the others are of making the people that it sends to
LOG_LAUNCH_OCTETS: Final = 9  # for each of the people
CHECKPOINT_S: Final = 900.0  # checkpoint_timeout of the embedded server

# The ledger's tables, octets, indexes included: what is told, and what each row takes beside that
MESSAGE_OCTETS: Final = 6
SEGMENT_OCTETS: Final = 23  # a UUID, and what its receipt said
ROW_OCTETS: Final = 150
LOOK_S: Final = 0.25  # a row of each slice that a resolver found receipts for

WORKER_CONNECTIONS: Final = 15  # docs/machines.md: what to count for max_connections
RESOLVER_CONNECTIONS: Final = 4

# Memory, octets
MIB: Final = 2**20
WORKER_OCTETS: Final = 102 * MIB  # at most, amid 150 million segments
POSTGRES_OCTETS: Final = 813 * MIB  # at most, with shared_buffers of 512 MB
RESOLVER_OCTETS: Final = 90 * MIB  # before it knows anybody
FACTS_MOST_OCTETS: Final = 64 * MIB  # numbers of slices that were asked for last
PARKED_OCTETS: Final = 55_000_000  # of a carrier at most: half a million receipts that fit nothing
YOUNG_S: Final = 90.0  # segments are kept so long, with receipts or without ...
YOUNG_OCTETS: Final = (37, 20)  # ... each, and of a message beside them
YOUNG_MOST: Final = 4_000_000  # ... of a carrier
GENERATION: Final = 1 << 20  # ... and so many more: they grow old together
OLD_OCTETS: Final = (25, 20)  # of one that still waits
MISSING: Final = 0.02  # receipts that never come, in the nation's shape

# Disk, octets, of one person each
SUBSCRIBER_OCTETS: Final = 91  # its index included
SLICE_OCTETS: Final = 14
ARCHIVE_MESSAGE_OCTETS: Final = 4  # 20 of one segment with a UUID, 83 of five
ARCHIVE_SEGMENT_OCTETS: Final = 16

# Network, octets a segment: what a resolver reads (44) a worker wrote, beside it go slices and what the resolver finds
TO_DATABASE_OCTETS: Final = 54
FROM_DATABASE_OCTETS: Final = 47

# No limit that was met: 119,800 were measured into one database, its workers and the carriers on the same two cores
# (bench, one segment a message). More than that is to be measured where it is to run: bench --nation --only ledger.
LEDGER_SEGMENTS_PER_S: Final = 100_000
