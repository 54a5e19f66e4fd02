"""`broadcast campaign list` and `show`: what there is, and who did what to it."""

import click

from broadcast.campaign import campaigns
from broadcast.campaign.approval import content_hash
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.cli.output import json_option, print_facts, print_json, print_table, say, say_hidden
from broadcast.cli.runner import run
from broadcast.store.pool import connect


@click.command("list")
@json_option
def campaign_list(as_json: bool) -> None:
    """Every alert, the newest first.

    \b
    Example:
      broadcast campaign list
    """
    found = run(_all())
    if as_json:
        print_json(found)
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


async def _all() -> list[Campaign]:
    conn = await connect()
    try:
        return await campaigns.all_campaigns(conn)
    finally:
        await conn.close()


async def _one(name: str) -> tuple[Campaign, list[CampaignEvent]]:
    conn = await connect()
    try:
        found = await campaigns.by_name(conn, name)
        return found, await campaigns.events(conn, found.campaign_id)
    finally:
        await conn.close()
