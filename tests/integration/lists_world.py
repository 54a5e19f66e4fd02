"""Numbers on a list, as an operator brings them: at once, or while an alert that names it runs."""

from collections.abc import Sequence

import numpy as np
from acting import acting
from integration import steps
from integration.rig import Rig

from broadcast.actions import entrants as actions
from broadcast.actions.entrants import Added
from broadcast.actions.lists import list_file
from broadcast.actions.session import Session
from broadcast.audience import lists
from broadcast.campaign.campaigns import Campaign


async def listed(rig: Rig, name: str, numbers: Sequence[int], carrier: str | None = "viettel") -> None:
    async with acting(rig.conn, "an"):
        await lists.replace(rig.conn, name, carrier, np.array(sorted(numbers), np.int64), "file")


async def add(rig: Rig, campaign: Campaign, name: str, numbers: Sequence[int]) -> Added:
    file = rig.folder / f"{name}.csv"
    file.write_text("\n".join(["msisdn", *(f"+{each}" for each in numbers)]))
    session = Session(rig.conn, rig.config)
    return await steps.by("an", actions.add, session, campaign.name, list_file(name, file, None, add=True))
