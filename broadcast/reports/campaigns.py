"""Campaigns as they are listed and shown: what was decided, by whom, and what is wrong with those under way."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from broadcast.campaign import campaigns
from broadcast.campaign.approval import content_hash
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.config import Config
from broadcast.diagnosis.finding import Finding, merged
from broadcast.diagnosis.gather import Diagnosis
from broadcast.store.ledgers import parts_of
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Listed:
    """One of all campaigns. findings: none of those that are not under way."""

    campaign: Campaign
    findings: Sequence[Finding]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self.campaign), "findings": [each.document() for each in self.findings]}


@dataclass(frozen=True, slots=True)
class Shown:
    """One campaign and its history, in order."""

    campaign: Campaign
    events: Sequence[CampaignEvent]

    def document(self) -> dict[str, Any]:
        """For JSON."""
        found = self.campaign
        return {
            "campaign": found,
            "hash": content_hash(found.content),
            "code": found.code,
            "events": self.events,
        }


async def listed(home: Connection, config: Config | None = None) -> list[Listed]:
    """Every campaign, the newest first. config: where there are several ledgers."""
    return [
        Listed(each, await _wrong_with(home, config, each)) for each in await campaigns.all_campaigns(home)
    ]


async def shown(connection: Connection, name: str) -> Shown:
    """Raises InputError when there is none of that name."""
    found = await campaigns.by_name(connection, name)
    return Shown(found, await campaigns.events(connection, found.campaign_id))


async def _wrong_with(home: Connection, config: Config | None, each: Campaign) -> tuple[Finding, ...]:
    if each.launched_at is None or each.finished_at is not None:
        return ()
    async with parts_of(home, config, each.campaign_id) as parts:
        return merged(
            [await Diagnosis(part.connection, each.campaign_id).findings() for part in parts.reached]
        )
