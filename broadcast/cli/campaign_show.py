"""`broadcast campaign list` and `show`: what there is, and who did what to it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from broadcast.campaign import campaigns
from broadcast.campaign.approval import content_hash
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.cli.findings import finding_document, show_findings
from broadcast.cli.output import json_option, print_facts, print_json, print_table, say, say_hidden
from broadcast.cli.runner import run
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.store.pool import connect


@click.command("list")
@json_option
def campaign_list(as_json: bool) -> None:
    """Every alert, the newest first.

    \b
    Example:
      broadcast campaign list
    """
    found, findings = run(_all())
    if as_json:
        print_json([_document(each, findings.get(each.name, ())) for each in found])
        return
    columns = ("name", "state", "category", "priority", "audience", "drafted by", "approved by", "expires")
    rows = [
        (
            each.name,
            each.state,
            each.category,
            each.priority,
            each.audience,
            each.drafted_by,
            each.approved_by,
            each.expires_at,
        )
        for each in found
    ]
    print_table("", columns, rows)
    for name, mine in findings.items():
        show_findings(mine, f"What is wrong with {name}")


def _document(each: Campaign, findings: Sequence[Finding]) -> dict[str, Any]:
    return {**asdict(each), "findings": [finding_document(finding) for finding in findings]}


@click.command("show")
@click.argument("name")
@json_option
def campaign_show(name: str, as_json: bool) -> None:
    """One alert: its text, what was decided about it, and by whom. Its content code is what `approve` asks for.

    \b
    Example:
      broadcast campaign show wash-hands
    """
    found, events = run(_one(name))
    if as_json:
        print_json(
            {"campaign": found, "hash": content_hash(found.content), "code": found.code, "events": events}
        )
        return
    print_facts("", _facts(found))
    say("")
    say(found.text)
    say_hidden(text=found.text, sender=found.sender)
    say("")
    print_table("", ("at", "who", "what"), [(each.at, each.actor, _what(each)) for each in events])


def _what(each: CampaignEvent) -> str:
    """An audit with what it found; the other events say it all."""
    found = each.details.get("differences") if each.event == "audited" else None
    return each.event if found is None else f"audited: {found or 'no'} difference{'' if found == 1 else 's'}"


def _facts(found: Campaign) -> dict[str, object]:
    return {
        "name": found.name,
        "state": found.state,
        "category": found.category,
        "priority": found.priority,
        "sender": found.sender,
        "alphabet": found.alphabet,
        "carriers": found.carriers,
        "expires": found.expires_at,
        "in doubt": f"{found.in_doubt_policy} after {found.grace_s} s",
        "audience": found.audience,
        "segments each": found.segments,
        "content code": found.code,
    }


async def _all() -> tuple[list[Campaign], dict[str, tuple[Finding, ...]]]:
    """Every campaign, and what is wrong with those under way."""
    conn = await connect()
    try:
        found = await campaigns.all_campaigns(conn)
        under_way = [each for each in found if each.launched_at is not None and each.finished_at is None]
        findings = {each.name: await Diagnosis(conn, each.campaign_id).findings() for each in under_way}
        return found, findings
    finally:
        await conn.close()


async def _one(name: str) -> tuple[Campaign, list[CampaignEvent]]:
    conn = await connect()
    try:
        found = await campaigns.by_name(conn, name)
        return found, await campaigns.events(conn, found.campaign_id)
    finally:
        await conn.close()
