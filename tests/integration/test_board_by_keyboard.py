"""The board as one person meets it, from the login to an approval, with a keyboard alone; what they then see change."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from integration import steps
from integration.board_world import PASSWORD, make_database, owner, serving, words
from integration.browser import Page, browsing
from waiting import until

from broadcast.campaign import campaigns
from broadcast.config import Config
from broadcast.store.embedded import Server

TABS_MOST = 60


@pytest.fixture(scope="session")
def url(guarded: Server) -> str:
    return asyncio.run(make_database(guarded, "keyboard"))


@pytest.fixture
async def home(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await owner(url)
    yield connection
    await connection.close()


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with browsing(tmp_path) as chrome:
        yield await chrome.page()


async def tab_to(page: Page, what: str) -> None:
    """what: a CSS selector of the control."""
    for _ in range(TABS_MOST):
        await page.press("Tab")
        if await page.js(f"document.activeElement.matches({what!r})"):
            return
    raise AssertionError(f"no Tab leads to {what}")


async def test_from_the_login_to_an_approval(
    home: asyncpg.Connection, url: str, config: Config, page: Page
) -> None:
    draft = await steps.draft(home, "rua-tay", words(), "an")
    async with serving(url, config) as (base, _run):
        await page.goto(base)
        assert await page.js("location.pathname") == "/login"
        await tab_to(page, "#name")
        await page.type("binh")
        await tab_to(page, "#password")
        await page.type(PASSWORD)
        await page.press("Enter")
        await page.until("location.pathname === '/' && document.documentElement.classList.contains('live')")
        assert await page.js("document.querySelector('.who .name').textContent") == "binh"

        await tab_to(page, f"a[href='/campaign/{draft.campaign_id}/approve']")
        await page.press("Enter")
        await page.until("document.querySelector('#content')")
        assert draft.code in await page.js("document.querySelector('main').textContent")
        await tab_to(page, "#content")
        await page.type(draft.code)
        await tab_to(page, "#password")
        await page.type(PASSWORD)
        await tab_to(page, "button.main")
        await page.press(" ")
        await page.until("document.querySelector('.notice')")
        assert draft.code in await page.js("document.querySelector('.notice').textContent")
        assert str((await campaigns.get(home, draft.campaign_id)).state) == "approved"

        # others launch it, and pause it: nothing is pressed here
        change = "UPDATE campaign SET state = $2, launched_at = now(), audience = 0 WHERE campaign_id = $1"
        await home.execute(change, draft.campaign_id, "running")
        article = f"#a{draft.campaign_id}"
        await page.until(f"document.querySelector('{article} .s-running')")
        await home.execute(change, draft.campaign_id, "paused")
        await page.until(f"document.querySelector('{article} .s-paused')")
        assert await page.js("document.querySelector('.notice') !== null")

        await tab_to(page, ".who button")
        await page.press("Enter")
        await page.until("location.pathname === '/login'")


async def test_a_board_that_ends_is_said_to_be_away(
    home: asyncpg.Connection, url: str, config: Config, page: Page
) -> None:
    async with serving(url, config) as (base, run):
        await page.goto(base)
        await page.js(
            f"document.querySelector('#name').value = 'lan'; document.querySelector('#password').value = '{PASSWORD}'"
        )
        await page.js("document.querySelector('form.fields button').click()")
        await page.until("location.pathname === '/' && document.documentElement.classList.contains('live')")
        await until(lambda: len(run.hub) == 1, "the page's stream")
    await page.until("!document.getElementById('old').hidden")
    assert "These figures are old." in await page.js("document.getElementById('old').textContent")
