"""The steps of an alert, each by a person of tests/acting.py, over a connection of the server's owner."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
from acting import acting

from broadcast.actions.session import Session
from broadcast.campaign import campaigns, orders
from broadcast.campaign import launch as launching
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Content
from broadcast.config import Config

Result = TypeVar("Result")


async def draft(
    conn: asyncpg.Connection, name: str, content: Content, who: str = "an", *changes: Any
) -> Campaign:
    async with acting(conn, who):
        return await campaigns.draft(conn, name, content, *changes)


async def edit(conn: asyncpg.Connection, campaign: Campaign, content: Content, who: str = "an") -> Campaign:
    async with acting(conn, who):
        return await campaigns.edit(conn, campaign, content)


async def approve(
    conn: asyncpg.Connection, campaign: Campaign, who: str = "binh", code: str | None = None
) -> Campaign:
    """code: None: the right one."""
    async with acting(conn, who):
        return await campaigns.approve(conn, campaign, campaign.code if code is None else code)


async def approved(conn: asyncpg.Connection, name: str, content: Content) -> Campaign:
    """Drafted by one and approved by another."""
    return await approve(conn, await draft(conn, name, content))


async def launch(
    conn: asyncpg.Connection,
    config: Config,
    campaign: Campaign,
    who: str = "an",
    untold: orders.Untold = orders.to_nobody,
) -> Campaign:
    async with acting(conn, who):
        return await launching.launch(conn, config, campaign, untold)


async def pause(conn: asyncpg.Connection, campaign: Campaign, who: str = "an") -> Campaign:
    async with acting(conn, who):
        return await campaigns.pause(conn, campaign)


async def resume(conn: asyncpg.Connection, campaign: Campaign, who: str = "an") -> Campaign:
    async with acting(conn, who):
        return await campaigns.resume(conn, campaign)


async def cancel(conn: asyncpg.Connection, campaign: Campaign, who: str = "an") -> Campaign:
    async with acting(conn, who):
        return await campaigns.cancel(conn, campaign)


async def by(
    who: str, action: Callable[..., Awaitable[Result]], session: Session, *given: Any, **how: Any
) -> Result:
    """An action of a session, by this person."""
    async with acting(session.connection, who):
        return await action(session, *given, **how)
