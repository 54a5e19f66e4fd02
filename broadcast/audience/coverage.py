"""Of how many people it is known where they live, which language they speak, and what else lists say of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from broadcast.areas import tree as areas
from broadcast.audience.profiles import all_profiles
from broadcast.store import citus
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Coverage:
    """known: how many of `subscribers` have it, by column: area, seen, language, attributes; without those that nobody
    has. languages: by tag. strange: those whose home or last area is none of the table, where that has any."""

    subscribers: int
    known: Mapping[str, int]
    languages: Mapping[str, int]
    strange: int


async def by_profile(home: Connection) -> dict[int, int]:
    """How many subscribers have each profile that somebody has."""
    query = "profile_counts" if await citus.is_spread(home) else "counted_profiles"
    return {row["profile_no"]: row["subscribers"] for row in await home.fetch(sql(query))}


async def coverage(home: Connection) -> Coverage:
    """Of everybody."""
    counts = await by_profile(home)
    tree = await areas.load(home)
    known, languages, strange = Counter[str](), Counter[str](), 0
    for each in await all_profiles(home):
        people = counts.get(each.profile_no, 0)
        places = {"area": each.area, "seen": each.seen, "language": each.language}
        for name, value in {**places, **each.attributes}.items():
            known[name] += people if value is not None else 0
        if each.language is not None:
            languages[each.language] += people
        if tree and any(code is not None and code not in tree for code in (each.area, each.seen)):
            strange += people
    return Coverage(sum(counts.values()), dict(+known), dict(languages.most_common()), strange)
