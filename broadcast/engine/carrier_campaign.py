"""From an approved campaign to what one carrier is to send (law 6)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broadcast.campaign import approval
from broadcast.campaign.approval import Approval
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.marks import check_begins
from broadcast.campaign.precedence import Claim, claim
from broadcast.channel.channel import Channel, Renderer, Words
from broadcast.ids import CampaignId

# Expiries count whole seconds at many SMSCs: what leaves just before one would arrive after it.
ON_THE_WAY_S = 0.25


@dataclass(frozen=True, slots=True)
class CarrierCampaign:
    """A message of a campaign as one carrier gets it. expires_at: Unix seconds; claim: to its TPS, beside others."""

    campaign_id: CampaignId
    claim: Claim
    renderer: Renderer
    expires_at: float

    @property
    def awaited(self) -> int:
        """How many receipts a message is to have."""
        return self.renderer.segments - len(self.renderer.unawaited)


def check_approved(
    campaign: Campaign, approvals: Sequence[Approval], at_home: bytes | None, marks: Mapping[str, str]
) -> None:
    """Raises RefusedError when it is not what was approved, InputError when it is an exercise that does not say so.

    at_home: the hash of that there, where this is a copy. marks: of exercises, by language; a
    launch at psql asked for none.
    """
    if campaign.status != "actual":
        check_begins(campaign.content, marks)
    approval.check_approved(campaign.content, campaign.drafted_by, approvals, campaign.approved_hash)
    if at_home is not None:
        approval.check_hash(campaign.content, at_home)


def prepared(campaign: Campaign, channel: Channel, now: float) -> tuple[CarrierCampaign, ...]:
    """A campaign for one carrier, once `check_approved` let it through: its messages, each rendered once, by their
    numbers, as `slice.variant` has them.

    now: Unix seconds by the database's clock; a relative expiry counts from there, so this is asked
    anew now and then.
    """
    expires_at = campaign.expires_at
    variants = campaign.content.variants
    made = {
        variant: CarrierCampaign(
            campaign.campaign_id,
            claim(campaign.category, campaign.status, campaign.priority, campaign.plan),
            channel.render(
                Words(campaign.campaign_id, variant.text, variant.alphabet, campaign.sender, expires_at), now
            ),
            math.floor(expires_at.timestamp()) - ON_THE_WAY_S,
        )
        for variant in dict.fromkeys(variants)
    }
    return tuple(made[variant] for variant in variants)
