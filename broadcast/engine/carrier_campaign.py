"""From an approved campaign to what one carrier is to send (law 6)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from broadcast.campaign import approval
from broadcast.campaign.approval import Approval
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.marks import check_begins
from broadcast.campaign.precedence import Claim, claim
from broadcast.channel.channel import Channel, Renderer, Words
from broadcast.ids import CampaignId
from broadcast.rules import limits

# Expiries count whole seconds at many SMSCs: what leaves just before one would arrive after it.
ON_THE_WAY_S = 0.25
# A relative validity counts from when an SMSC takes a message, and is made anew so often: quiet hours begin no later.
VALIDITY_SLACK_S = 30.0


@dataclass(frozen=True, slots=True)
class CarrierCampaign:
    """A message of a campaign as one carrier gets it. claim: to its TPS, beside others. expires_at: Unix seconds; until
    when something of it may leave, if made anew then: its expiry, or some time before its next quiet hours."""

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
    opening = limits.read(campaign.rules).hours.opening(now)
    closes = opening.closes if opening.opens <= now else now  # they have begun since somebody wanted it
    ends_at = min(campaign.expires_at.timestamp(), opening.quiet - VALIDITY_SLACK_S)
    valid = datetime.fromtimestamp(ends_at, UTC)
    variants = campaign.content.variants
    made = {
        variant: CarrierCampaign(
            campaign.campaign_id,
            claim(campaign.category, campaign.status, campaign.priority, campaign.plan),
            channel.render(
                Words(campaign.campaign_id, variant.text, variant.alphabet, campaign.sender, valid), now
            ),
            min(math.floor(campaign.expires_at.timestamp()) - ON_THE_WAY_S, closes),
        )
        for variant in dict.fromkeys(variants)
    }
    return tuple(made[variant] for variant in variants)
