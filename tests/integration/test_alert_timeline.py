"""One event as its sender tells it: Alert, Update, Update, Cancel, while the campaigns run. Whom each reached is what
the simulator's book says, person by person.

BROADCAST_TIMELINE=200000 gives that many people; without it, a few thousand.
"""

import os
from typing import Final

import pytest
from integration.cap_messages import message, octets
from integration.rig import Rig
from integration.steps import by

from broadcast.actions import alert as actions
from broadcast.actions.alert import Imported
from broadcast.actions.campaign import approve
from broadcast.actions.launch import launch
from broadcast.actions.session import Session
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import CampaignState
from broadcast.cap.record import Alert

PEOPLE: Final = int(os.environ.get("BROADCAST_TIMELINE", "3000"))
ALERT = message(1)
FIRST = message(2, "Update", (ALERT,))
SECOND = message(3, "Update", (FIRST,))
CANCEL = message(4, "Cancel", (SECOND,), infos=False)


@pytest.mark.long
async def test_alert_update_update_cancel(rig: Rig) -> None:
    """The first is heard by some and then superseded; the second by all; the third by some and then cancelled."""
    await rig.smsc("viettel", seed=1, receipt_delay_s=0.1)
    # ten seconds for everybody: whoever stops it comes amid it, on a busy machine too
    rig.connect("viettel", tps=min(PEOPLE // 10, 10_000))
    await rig.subscribers("viettel", PEOPLE)
    session = Session(rig.conn, rig.config)
    rig.worker()

    alert = await launched(session, ALERT)
    await rig.reached(alert, PEOPLE // 10, "accepted", "delivered")
    first = await launched(session, FIRST)
    assert (await campaigns.get(rig.conn, alert.campaign_id)).state is CampaignState.CANCELLED
    await rig.finish(first)
    assert (await taken(session, FIRST)).became == "known"
    second = await launched(session, SECOND)
    await rig.reached(second, PEOPLE // 10, "accepted", "delivered")
    assert (await taken(session, CANCEL)).ends == (second.name,)

    states = [await rig.finish(each) for each in (alert, first, second)]
    assert states[1] == {"delivered": PEOPLE}
    for stopped in (states[0], states[2]):
        assert 0 < stopped["delivered"] < PEOPLE
        assert stopped["delivered"] + stopped["excluded"] == PEOPLE
    for number, campaign in enumerate((alert, first, second), 1):
        assert await rig.differing(campaign, number) == []
    assert await rig.conn.fetchval("SELECT count(*) FROM campaign") == 3  # a Cancel is none


async def taken(session: Session, alert: Alert) -> Imported:
    return await by("an", actions.import_message, session, octets(alert))


async def launched(session: Session, alert: Alert) -> Campaign:
    """Imported, approved by somebody else, launched."""
    drafted = (await taken(session, alert)).campaign
    assert drafted is not None
    await by("binh", approve, session, drafted.name, drafted.code)
    return await by("an", launch, session, drafted.name, PEOPLE)
