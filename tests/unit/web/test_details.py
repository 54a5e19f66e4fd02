"""Which alerts are looked at closely: those that the board shows in full."""

import json
from datetime import timedelta
from typing import Any, cast

from unit.web.documents import NOON

from broadcast.ids import CampaignId
from broadcast.reports.nation import NOBODY, CampaignNow, Nation
from broadcast.web.board import board
from broadcast.web.details import Detailing
from broadcast.web.document import Beside, document
from broadcast.web.shown import IN_FULL
from broadcast.web.view import View


class Home:
    """Where nothing was done to any of them."""

    async def fetch(self, *_asked: Any) -> list[Any]:
        return []


def alert(number: int, category: str) -> CampaignNow:
    """Launched so many seconds after NOON."""
    return CampaignNow(
        CampaignId(number), f"c{number}", "running", "actual", category, 0, 5,
        {"viettel": {**NOBODY, "delivered": 5}}, NOON + timedelta(seconds=number), NOON + timedelta(days=1),
    )  # fmt: skip


async def test_an_emergency_has_its_curve_however_many_are_newer() -> None:
    newer = [alert(number, "routine") for number in range(2, IN_FULL + 4)]
    nation = Nation(NOON + timedelta(minutes=1), (*reversed(newer), alert(1, "emergency")))
    details = await Detailing(None).look(cast(Any, Home()), nation)
    made = json.loads(json.dumps(document(nation, Beside(details=details))))
    shown = board(made, View())
    assert shown.alerts[0].id == 1
    assert {each.id for each in shown.alerts} == set(details)
    assert all(each.curve and not each.no_curve for each in shown.alerts)


def test_what_was_sent_is_not_said_to_be_unsent() -> None:
    nation = Nation(NOON, (alert(1, "routine"),))
    (shown,) = board(document(nation, Beside()), View()).alerts
    assert shown.curve is None and shown.no_curve.startswith("How it went is not read for so many alerts")
