"""Who will be sent to of an alert that is being launched, as the ledgers have them now: its forecast is of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from broadcast.campaign.campaigns import Campaign
from broadcast.rules.limits import Limits
from broadcast.store.ledgers import Part, naming
from broadcast.store.queries import sql

Key = tuple[str, int]  # a carrier's name, and the number of the message (`slice.variant`)
Counts = Mapping[Key, int]
Held = Mapping[Key, Mapping[float, int]]  # of these, who is held by a cap, by Unix time


async def found(current: Campaign, limits: Limits, parts: Sequence[Part]) -> tuple[Counts, Held]:
    """Within the launch's transactions. Whom a pace holds is told by the pace."""
    counts, held = Counter[Key](), dict[Key, Counter[float]]()
    for part in parts:
        with naming(part.name):
            for row in await part.connection.fetch(sql("launch_counts"), current.campaign_id):
                counts[row["carrier"], row["variant"]] += row["recipients"]
            if not limits.caps or limits.people_per_hour is not None:
                continue
            for row in await part.connection.fetch(sql("launch_held"), current.campaign_id):
                moments = held.setdefault((row["carrier"], row["variant"]), Counter())
                moments[row["at"]] += row["recipients"]
    return dict(counts), held
