"""Who enters a list that a running alert names hears it too: whoever is in none of its slices becomes new ones.

All ledgers are looked through before anybody is written, and one enters people at a time, so that nobody hears it
twice. Home is told at once what was written in a ledger; where that comes to its end before, by the ledger's workers.
The same file given again enters whoever is missing.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.areas import tree as trees
from broadcast.audience import lists, profiles
from broadcast.audience.carriers import carrier_names
from broadcast.audience.listed import stood, subscribers
from broadcast.audience.profiles import Profile
from broadcast.audience.selection import reader
from broadcast.audience.snapshot import Group
from broadcast.campaign import campaigns, orders, refusals
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.choosing import message_of
from broadcast.campaign.launch import Copy, prepared, slice_size
from broadcast.campaign.ruled import reasons_kept
from broadcast.config import Config
from broadcast.config.ledgers import BUCKETS
from broadcast.config.placing import places
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.rules.standing import REASONS
from broadcast.store import arrays
from broadcast.store.clock import database_time
from broadcast.store.ledgers import Part, Parts, named_parts, naming
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_AT_ONCE: Final = 100_000  # people of one transaction
_READ_AHEAD: Final = 64  # slices: 24 kB each
_TRIES: Final = 5

_Numbers = NDArray[np.int64]
# Carrier by name, bucket, variant, why left out ('': heard) -> numbers.
_Routed = dict[tuple[str, int, int, str], list[_Numbers]]
# Of a ledger: carrier, variant, why left out -> numbers, sorted.
_People = Mapping[tuple[str, int, str], _Numbers]


@dataclass(slots=True)
class Entered:
    """What became of numbers. entered: hear it from now on; excluded: of the audience, by reason; already: they were of
    it before; unreached: of no carrier of the alert, or of none at all."""

    entered: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    already: int = 0
    unreached: int = 0


async def enter(
    home: Connection,
    config: Config,
    campaign: Campaign,
    name: str,
    numbers: _Numbers,
    untold: orders.Untold = orders.to_nobody,
) -> Entered:
    """By who logged in. numbers: sorted, each once; of the list `name`. `home` must not be in a transaction.

    Raises RefusedError: the alert does not run, or does not name the list; DatabaseError: a ledger is away.
    """
    numbers = await lists.not_erased(home, numbers)
    async with _alone(home, campaign.campaign_id), named_parts(home, config) as parts:
        with refusals.told():
            await home.execute(sql("check_entering"), campaign.campaign_id, name, 0)
            for _try in range(_TRIES):
                done = await _Entering(home, config, campaign, name, parts, untold).enter(numbers)
                if done is not None:
                    return done
    raise BroadcastError(_("somebody else enters people all the time: give the same command again"))


@asynccontextmanager
async def _alone(home: Connection, campaign_id: CampaignId) -> AsyncIterator[None]:
    await home.execute(sql("entering_claim"), campaign_id)
    try:
        yield
    finally:
        if not home.is_closed():
            await home.execute(sql("entering_release"), campaign_id)


class _Entering:
    """One try."""

    def __init__(
        self,
        home: Connection,
        config: Config,
        campaign: Campaign,
        name: str,
        parts: Parts,
        untold: orders.Untold,
    ) -> None:
        self._home, self._config, self._campaign, self._name = home, config, campaign, name
        self._id = campaign.campaign_id
        self._parts = {each.name: each for each in parts.all()}
        self._untold = untold
        self._reasons = reasons_kept(campaign)
        self._seen: dict[str, int] = {}  # entries, by ledger that has people of it

    async def enter(self, numbers: _Numbers) -> Entered | None:
        """None: somebody entered at the same moment: once more."""
        known = {row["ledger"] for row in await self._home.fetch(sql("campaign_parts"), self._id)}
        there = [each for each in self._parts.values() if each.home or each.name in known]
        seen = np.zeros(len(numbers), np.bool_)
        for part in there:
            with naming(part.name):
                self._seen[part.name] = await look(part.connection, self._id, numbers, seen)
            await self._tell_home(part)
        new = numbers[~seen]
        done = Entered(already=len(numbers) - len(new))
        newest = int(await self._home.fetchval(sql("newest_opt_out")))
        routed = await self._routed(new)
        by_ledger = self._placed(routed)
        heard = sum(len(each) for some in by_ledger.values() for each in some.values())
        done.unreached = len(new) - heard
        await self._home.execute(sql("check_entering"), self._id, self._name, heard)
        for ledger, people in sorted(by_ledger.items()):
            with naming(ledger):
                if not await self._write(self._parts[ledger], people, newest, done):
                    return None
        return done

    async def _routed(self, new: _Numbers) -> "_Routed":
        """The people of the alert's carriers; of one moment."""
        found: _Routed = {}
        if not len(new):
            return found
        async with self._home.transaction(isolation="repeatable_read", readonly=True):
            names = await carrier_names(self._home)
            reading, variant = await self._languages()
            rest = [new[:0]]
            async for some in subscribers(self._home, new):
                for people in some:
                    rest.append(people.numbers)
                    name, said = names[people.carrier_no], reading(people.profile_no)
                    self._add(found, name, people.numbers, said, people.standing)
            left = np.setdiff1d(new, np.concatenate(rest), assume_unique=True)
            carrier = await lists.carrier_of(self._home, self._name)
            unknown = await stood(self._home, left, self._config.country, carrier, variant)
        for each in unknown:
            self._add(found, each.carrier, each.numbers, each.variant, each.standing)
        return found

    def _add(self, found: "_Routed", carrier: str, numbers: _Numbers, variant: int, standing: int) -> None:
        if carrier in self._campaign.carriers:
            left_out = REASONS[self._reasons[standing]]
            for bucket in np.unique(numbers % BUCKETS).tolist():
                those = numbers[numbers % BUCKETS == bucket]
                found.setdefault((carrier, bucket, variant, left_out), []).append(those)

    async def _languages(self) -> tuple[Callable[[int], int], Callable[[str | None], int]]:
        """The message of who has a profile, by its number, and of a language."""
        content = self._campaign.content
        said = message_of(self._config, content.plan, content.languages)
        if not content.plan.own_language:
            return (lambda profile_no: 0), said
        otherwise = self._config.country.languages[0]
        by_profile = reader(await trees.load(self._home), content.languages, otherwise)
        known = {each.profile_no: each for each in await profiles.all_profiles(self._home)}
        nobody = Profile(0)
        return (lambda no: by_profile(known.get(no, nobody))), said

    def _placed(self, routed: "_Routed") -> dict[str, _People]:
        """By ledger."""
        found: dict[str, dict[tuple[str, int, str], list[_Numbers]]] = {}
        for (carrier, bucket, variant, left_out), numbers in routed.items():
            ledger = places(self._config, carrier)[bucket] if self._config.ledgers else ""
            found.setdefault(ledger, {}).setdefault((carrier, variant, left_out), []).extend(numbers)
        return {
            ledger: {key: np.sort(np.concatenate(parts)) for key, parts in some.items()}
            for ledger, some in found.items()
        }

    async def _write(self, part: Part, people: _People, newest: int, done: Entered) -> bool:
        if part.name not in self._seen:
            await self._begin(part, people, newest, done)
            return True
        rows = await self._rows(part.connection, people)
        for batch in _batches(rows):
            columns = (list(each) for each in zip(*(row[:4] for row in batch), strict=True))
            numbers = np.concatenate([row[4] for row in batch]).tolist()
            entries = self._seen[part.name]
            if not await part.connection.fetchval(
                sql("enter"), self._id, self._name, entries, *columns, numbers
            ):
                return False
            self._seen[part.name] += 1
            for _carrier, _variant, reason, size, _those in batch:
                _count(done, reason, size)
        await self._tell_home(part)
        return True

    async def _rows(
        self, connection: Connection, people: _People
    ) -> list[tuple[int, int, str | None, int, _Numbers]]:
        """carrier_no there, variant, why they are left out, how many, who: a slice or an exclusion each."""
        rows = await connection.fetch(sql("audience_carriers"), list(self._campaign.carriers))
        there = {row["name"]: row for row in rows}
        found = []
        for (carrier, variant, left_out), numbers in people.items():
            tps = there[carrier]["tps"]
            reason = "not_connected" if tps is None else left_out or None
            size = slice_size(self._config, tps or 0)
            found += [
                (
                    there[carrier]["carrier_no"],
                    variant,
                    reason,
                    len(numbers[at : at + size]),
                    numbers[at : at + size],
                )
                for at in range(0, len(numbers), size)
            ]
        return found

    async def _begin(self, part: Part, people: _People, newest: int, done: Entered) -> None:
        """In a ledger that had nobody of the alert: a copy as a launch makes it."""
        ledger = await prepared(part, self._config, self._campaign)
        copy = Copy(ledger, self._id)
        row = await self._home.fetchval(sql("campaign_row_late"), self._id)
        approvals = await self._home.fetchval(sql("campaign_approvals"), self._id)
        try:
            await copy.begin(row, approvals, await database_time(self._home))
            for (carrier, variant, left_out), numbers in people.items():
                group = Group(ledger.numbers[carrier], 0, left_out, arrays.elements(numbers), variant)
                ledger.cutter.add(ledger.numbers[carrier], group)
            await ledger.cutter.write()
            taken = await ledger.cutter.tallied()
            await copy.commit(taken, self._campaign.segments or 1, newest)
        finally:
            await copy.close()
        await self._home.execute(sql("part_entered"), self._id, part.name, taken.audience, 0)
        current = await campaigns.get(self._home, self._id)
        await orders.push(Parts((part,)), current, self._untold)
        done.entered += taken.waiting
        done.excluded.update(taken.excluded)

    async def _tell_home(self, part: Part) -> None:
        """What a ledger has by now, also by who ended before home heard of it."""
        if not part.home:
            row = await part.connection.fetchrow(sql("entries_here"), self._id)
            if row is not None and row["entries"]:
                told = (part.name, row["audience"], row["entries"])
                await self._home.execute(sql("part_entered"), self._id, *told)


async def look(
    connection: Connection, campaign_id: CampaignId, numbers: _Numbers, seen: NDArray[np.bool_]
) -> int:
    """Marks in `seen` which of `numbers`, sorted, stand in the campaign's slices or exclusions here, by streaming them:
    every one is read once. Returns how often somebody has entered it here, of the same moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(sql("entries_here"), campaign_id)
        if row is None:
            raise BroadcastError(_("this ledger has nothing of the campaign: see `broadcast db status`"))
        async for each in connection.cursor(sql("campaign_numbers"), campaign_id, prefetch=_READ_AHEAD):
            if len(each["msisdns"]) >= arrays.HEAD_OCTETS:
                mark(numbers, arrays.numbers(each["msisdns"]), seen)
    return int(row["entries"])


def mark(numbers: _Numbers, there: _Numbers, seen: NDArray[np.bool_]) -> None:
    """Which of `numbers`, sorted, are among `there`. Pure but for `seen`."""
    if len(numbers) and len(there):
        at = np.minimum(np.searchsorted(numbers, there), len(numbers) - 1)
        seen[at[numbers[at] == there]] = True


def _batches(
    rows: Sequence[tuple[int, int, str | None, int, _Numbers]],
) -> Iterator[list[tuple[int, int, str | None, int, _Numbers]]]:
    """Of _AT_ONCE people or a row more."""
    batch: list[tuple[int, int, str | None, int, _Numbers]] = []
    people = 0
    for row in rows:
        batch.append(row)
        people += row[3]
        if people >= _AT_ONCE:
            yield batch
            batch, people = [], 0
    if batch:
        yield batch


def _count(done: Entered, reason: str | None, size: int) -> None:
    if reason is None:
        done.entered += size
    else:
        done.excluded[reason] += size
