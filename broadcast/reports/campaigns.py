"""Campaigns as they are listed and shown: what was decided, by whom, and what is wrong with those under way."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from broadcast.areas import tree as trees
from broadcast.campaign import campaigns, messages, whom
from broadcast.campaign.approval import Approval, content_hash
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.campaign.ruled import in_words, limits_for
from broadcast.config import Config
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.order import merged
from broadcast.forecast.reach import Reach, reach
from broadcast.ids import CampaignId
from broadcast.reports.progress import Progress
from broadcast.reports.withdrawals import Withdrawal
from broadcast.rules import limits
from broadcast.store.ledgers import parts_of
from broadcast.store.queries import sql
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
class Wanted:
    """People who are to approve it, and those of them that are missing; needed_large: of an exercise for more people
    than `large`, which is counted at its launch."""

    needed: int
    missing: int
    needed_large: int
    large: int


@dataclass(frozen=True, slots=True)
class Before:
    """What was approved or returned last (event), by whom, where that is not what there is now. changes: field -> what
    it was, and what it is."""

    event: str
    actor: str
    at: datetime
    changes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One campaign and its history, in order. approvals: those that hold. progress: of a launched one; corrects: the
    name of another."""

    campaign: Campaign
    events: Sequence[CampaignEvent]
    approvals: Sequence[Approval]
    wanted: Wanted
    before: Before | None
    rules: str = ""  # that hold, in words
    came_from: str = ""  # sender, identifier and time of a CAP message
    supersedes: tuple[str, ...] = ()
    progress: Progress | None = None
    corrects: str | None = None
    reach: Reach | None = None  # of its areas
    whom: str = ""  # its plan names, in words
    findings: Sequence[Finding] = ()  # while it is under way; and why it is not faster

    @property
    def withdrawals(self) -> Sequence[Withdrawal]:
        """Of a cancelled one."""
        return self.progress.withdrawals if self.progress and self.campaign.state == "cancelled" else ()

    def document(self) -> dict[str, Any]:
        """For JSON."""
        found, now = self.campaign, self.progress
        return {
            "campaign": found,
            "came_from": self.came_from or None,
            "supersedes": self.supersedes,
            "hash": content_hash(found.content),
            "code": found.code,
            "approvals": self.approvals,
            "wanted": self.wanted,
            "before": self.before,
            "events": self.events,
            "corrects": self.corrects,
            "withdrawals": [each.document() for each in self.withdrawals],
            "states": dict(now.total.states) if now else None,
            "carriers": [{"carrier": each.carrier, **each.states} for each in now.carriers] if now else [],
            "reach": self.reach,
            "whom": self.whom or None,
            "findings": [each.document() for each in self.findings],
        }


async def listed(home: Connection, config: Config | None = None) -> list[Listed]:
    """Every campaign, the newest first. config: where there are several ledgers."""
    return [
        Listed(each, await _wrong_with(home, config, each)) for each in await campaigns.all_campaigns(home)
    ]


async def shown(home: Connection, name: str, config: Config | None = None) -> Shown:
    """config: where there are several ledgers. Raises InputError when there is none of that name."""
    found = await campaigns.by_name(home, name)
    number = found.campaign_id
    wrong = None if found.corrects is None else await campaigns.get(home, CampaignId(found.corrects))
    wanted = await home.fetchrow(sql("approvals_wanted"), number)
    assert wanted is not None  # campaigns are never deleted at home
    return Shown(
        campaign=found,
        events=await campaigns.events(home, number),
        approvals=await campaigns.approvals(home, number),
        wanted=Wanted(**wanted),
        before=await _before(home, found),
        progress=await _progress(home, config, found),
        corrects=wrong.name if wrong else None,
        reach=await reach(home, found.content) if found.launched_at is None else None,
        whom=whom.in_words(found.plan, await trees.load(home)),
        rules=_rules(found, config),
        findings=await _wrong_with(home, config, found, why=True),
        **await _message(home, number),
    )


def _rules(found: Campaign, config: Config | None) -> str:
    """Under which it was launched, or would be."""
    if found.launched_at is not None or config is None:
        return in_words(limits.read(found.rules))
    return in_words(limits_for(config, found.content))


async def _progress(home: Connection, config: Config | None, found: Campaign) -> Progress | None:
    if found.launched_at is None:
        return None
    from broadcast.reports.whole import Whole  # as in `_wrong_with`

    whole = Whole(home, config, found.campaign_id)
    try:
        return await whole.progress()
    finally:
        whole.close()


async def _message(connection: Connection, number: CampaignId) -> dict[str, Any]:
    """What came as CAP; nothing of what was written here."""
    message = await messages.of_campaign(connection, number)
    if message is None:
        return {}
    ends = [await campaigns.get(connection, each) for each in message.ends]
    return {"came_from": str(message.key), "supersedes": tuple(each.name for each in ends)}


async def _before(connection: Connection, found: Campaign) -> Before | None:
    row = await connection.fetchrow(sql("version_before"), found.campaign_id)
    if row is None:
        return None
    old, new = json.loads(row["document"]), found.content.document()
    changes = {name: (old.get(name), new[name]) for name in new if old.get(name) != new[name]}
    return Before(row["event"], row["actor"], row["at"], changes)


async def _wrong_with(
    home: Connection, config: Config | None, each: Campaign, *, why: bool = False
) -> tuple[Finding, ...]:
    """why: as `diagnose`."""
    if each.launched_at is None or each.finished_at is not None:
        return ()
    # not before an alert is under way: what reads how it fares brings a large library, which a draft does not need
    from broadcast.diagnosis.gather import Diagnosis

    async with parts_of(home, config, each.campaign_id) as parts:
        found = [Diagnosis(part.connection, each.campaign_id, home) for part in parts.reached]
        return merged([await diagnosis.findings(why=why) for diagnosis in found])
