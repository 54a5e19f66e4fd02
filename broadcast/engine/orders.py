"""From an approved campaign to what one carrier is to send (law 6)."""

import math

from broadcast.campaign import approval
from broadcast.campaign.campaigns import Campaign
from broadcast.channel.channel import Channel, Words
from broadcast.engine.work import Order

# Expiries count whole seconds at many SMSCs: what leaves just before one would arrive after it.
ON_THE_WAY_S = 0.25


def order(campaign: Campaign, channel: Channel, now: float) -> Order:
    """A campaign for one carrier. Raises RefusedError when it is not what was approved.

    now: Unix seconds by the database's clock; a relative expiry counts from there, and orders are made anew
    now and then.
    """
    approval.check_unchanged(campaign.content, campaign.approved_hash)
    words = Words(
        campaign.campaign_id, campaign.text, campaign.alphabet, campaign.sender, campaign.expires_at
    )
    return Order(
        campaign.campaign_id,
        (-campaign.priority, campaign.campaign_id),
        channel.render(words, now),
        math.floor(campaign.expires_at.timestamp()) - ON_THE_WAY_S,
    )
