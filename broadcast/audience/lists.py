"""Numbers by name: lists that filters choose by, and location lists, whose people hear an alert that names them."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from broadcast.audience import erased
from broadcast.audience.distinct import distinct
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.store import arrays
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.tables import nearest

MOST: Final = 20_000_000  # on a list: 160 MB of memory
_CHUNK: Final = 30_000  # numbers: an array that is only kept
_READ_AHEAD: Final = 16  # chunks
_NAME_MOST: Final = 64
_DIGITS_MOST: Final = 8  # a day has as many, and nobody's number so few


@dataclass(frozen=True, slots=True)
class NumberList:
    """members: how many. carrier: reaches its foreign numbers. source: the file that was read last."""

    name: str
    carrier: str | None
    members: int
    source: str
    changed_at: datetime
    changed_by: str


def check_name(said: str) -> str:
    """In NFC. Raises InputError unless it begins with a letter, and has letters, digits, `.`, `_` and `-` alone: it
    stands in the audit chain, where no number may."""
    name = unicodedata.normalize("NFC", said)
    if not (
        0 < len(name) <= _NAME_MOST
        and name[0].isalpha()
        and all(each.isalnum() or each in "._-" for each in name)
    ):
        raise InputError(
            _(
                "a list's name begins with a letter, and has letters, digits, '.', '_' and '-' alone, {most} at most",
                most=_NAME_MOST,
            )
        )
    if re.search(rf"\d{{{_DIGITS_MOST + 1}}}", name):
        raise InputError(
            _(
                "a list's name has {most} digits in a row at most: it stands in the audit chain, where no number may",
                most=_DIGITS_MOST,
            )
        )
    return name


async def all_lists(home: Connection, name: str | None = None) -> list[NumberList]:
    """By name. Raises InputError, with the nearest, when there is none of this name."""
    if name is not None:
        name = unicodedata.normalize("NFC", name)
        await carrier_of(home, name)
    return [NumberList(**row) for row in await home.fetch(sql("lists"), name)]


async def carrier_of(home: Connection, name: str) -> str | None:
    """Of its foreign numbers. Raises InputError, with the nearest, when there is no such list."""
    row = await home.fetchrow(sql("list_by_name"), unicodedata.normalize("NFC", name))
    if row is None:
        raise await _unknown(home, name)
    return None if row["carrier"] is None else str(row["carrier"])


async def check_there(home: Connection, names: Sequence[str]) -> None:
    """Raises InputError, with the nearest, when there is no list of one of these names."""
    for name in names:
        await carrier_of(home, name)


async def members(home: Connection, name: str) -> NDArray[np.int64]:
    """Everybody on a list, sorted, each once: 8 octets a number, of one moment. Raises InputError as `carrier_of`;
    RefusedError where who logged in may see no numbers."""
    try:
        async with home.transaction():
            row = await home.fetchrow(sql("list_by_name"), unicodedata.normalize("NFC", name))
            if row is None:
                raise await _unknown(home, name)
            return await _read(home, row["list_no"])
    except asyncpg.InsufficientPrivilegeError as error:
        raise RefusedError(
            _(
                "who is on the list {name} only operators and auditors may see, and how many it makes: ask one of "
                "them; how long it is, `broadcast list show` says",
                name=name,
            )
        ) from error


async def replace(
    home: Connection, name: str, carrier: str | None, numbers: NDArray[np.int64], source: str, **noted: Any
) -> int:
    """These are on the list from now on, and nobody else; who reads it meanwhile reads what it was. noted: for the
    audit chain. Returns how many were not on it before."""
    return await _write(home, name, carrier, numbers, source, noted, add=False)


async def add(
    home: Connection, name: str, carrier: str | None, numbers: NDArray[np.int64], source: str, **noted: Any
) -> int:
    """These are on it too. As `replace`. Raises RefusedError when it would have too many."""
    return await _write(home, name, carrier, numbers, source, noted, add=True)


async def _write(
    home: Connection,
    name: str,
    carrier: str | None,
    numbers: NDArray[np.int64],
    source: str,
    noted: Mapping[str, Any],
    *,
    add: bool,
) -> int:
    """numbers: sorted, each once."""
    async with home.transaction():
        list_no = await home.fetchval(sql("list_write"), name, carrier, source)
        before = await _read(home, list_no)
        numbers = await not_erased(home, numbers)
        new = np.setdiff1d(numbers, before, assume_unique=True)
        if add and len(before) + len(new) > MOST:
            raise RefusedError(_("a list has {most:,} numbers at most", most=MOST))
        if not add:
            await home.execute(sql("list_empty"), list_no)
        written = new if add else numbers
        for at in range(0, len(written), _CHUNK):
            await home.execute(sql("list_append"), list_no, written[at : at + _CHUNK].tolist())
        what = "list added to" if add else "list imported"
        await home.execute(sql("list_note"), what, name, json.dumps({**noted, "new": len(new)}))
        return len(new)


async def not_erased(home: Connection, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whoever asked to be erased is on no list."""
    gone = (await erased.load(home)).among(numbers.tolist())
    return numbers[~np.isin(numbers, list(gone))] if gone else numbers


async def drop(home: Connection, name: str) -> None:
    """Within a transaction, after `hold`."""
    await home.execute(sql("list_drop"), await hold(home, name))
    await home.execute(sql("list_note"), "list dropped", name, "{}")


async def hold(home: Connection, name: str) -> int:
    """Its number; nobody else changes it until the transaction ends. Raises InputError as `carrier_of`."""
    list_no = await home.fetchval(sql("list_hold"), unicodedata.normalize("NFC", name))
    if list_no is None:
        raise await _unknown(home, name)
    return int(list_no)


async def _read(home: Connection, list_no: int) -> NDArray[np.int64]:
    """Within a transaction; by one statement, so of one moment."""
    chunks = [
        arrays.numbers(row["msisdns"])
        async for row in home.cursor(sql("list_chunks"), list_no, prefetch=_READ_AHEAD)
        if len(row["msisdns"]) >= arrays.HEAD_OCTETS
    ]
    return distinct(*chunks)


async def _unknown(home: Connection, name: str) -> InputError:
    names = [row["name"] for row in await home.fetch(sql("list_names"))]
    if not names:
        return InputError(
            _("there is no list {name}: none was imported yet (broadcast list import)", name=name)
        )
    return InputError(_("there is no list {name}: {way_out}", name=name, way_out=nearest(name, names)))
