"""What functions of the ledger and the audience take: a connection, be it one's own or lent by a pool."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection = asyncpg.Connection | PoolConnectionProxy
