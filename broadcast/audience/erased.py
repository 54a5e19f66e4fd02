"""Numbers whose people asked to be erased: known again by keyed digests alone, so that no import brings them back.

The key is the database's. Whoever may read it could try every number there is: a digest says nothing to those who may
not, and the numbers themselves stand nowhere.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from broadcast.store.queries import sql
from broadcast.store.types import Connection

_DIGEST_OCTETS: Final = 16


def digest(key: bytes, msisdn: int) -> bytes:
    """Of a number, as the table `erasure` has it. Pure."""
    return hashlib.blake2b(msisdn.to_bytes(8, "big"), key=key, digest_size=_DIGEST_OCTETS).digest()


@dataclass(frozen=True, slots=True)
class Erased:
    """digests: of all who asked for it, be it done by now or not."""

    key: bytes = b""
    digests: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.digests)

    def has(self, msisdn: int) -> bool:
        """Whether it is one of them."""
        return digest(self.key, msisdn) in self.digests

    def among(self, numbers: Iterable[int]) -> set[int]:
        """Those of them that are."""
        return {each for each in numbers if each > 0 and self.has(each)} if self.digests else set()


NOBODY_ERASED: Final = Erased()


async def key(connection: Connection) -> bytes:
    """This home's."""
    found: bytes = await connection.fetchval(sql("erasure_key"))
    return found


async def load(connection: Connection) -> Erased:
    """As they are now."""
    rows = await connection.fetch(sql("erasure_digests"))
    return Erased(await key(connection), frozenset(row["digest"] for row in rows)) if rows else Erased()
