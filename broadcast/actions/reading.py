"""Every read of people's numbers is an act: who, when, how many, of which campaign, and never the numbers.

It is written down before they are shown, so that nobody reads them by ending what shows them.
"""

from broadcast.actions.session import Session
from broadcast.ids import CampaignId
from broadcast.store.queries import sql

NO_CAMPAIGN = CampaignId(0)


async def note_read(session: Session, what: str, numbers: int, campaign_id: CampaignId = NO_CAMPAIGN) -> None:
    """In the audit chain. what: subscriber, export, recipients, doubts, replies, search, ported, differences (of
    an audit) or invoice."""
    await session.connection.execute(sql("numbers_read"), what, campaign_id, numbers)
