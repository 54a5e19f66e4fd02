"""Acts on the board: the commands' own actions by the person's own login; the database refuses whoever may not."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from html import unescape

import asyncpg
import pytest
from acting import PEOPLE
from integration import steps
from integration.board_world import PASSWORD, Browser, browsing, make_database, owner, serving, words

from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Config
from broadcast.store.embedded import Server
from broadcast.web.runtime import Runtime
from broadcast.web.sessions import Viewer

TEXT = "Wash your hands often, with soap & <water>."
APPROVERS = {name for name, kinds in PEOPLE.items() if "approver" in kinds}
OPERATORS = {name for name, kinds in PEOPLE.items() if "operator" in kinds}


@pytest.fixture(scope="session")
def url(guarded: Server) -> str:
    return asyncio.run(make_database(guarded, "acts"))


@pytest.fixture
async def home(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await owner(url)
    yield connection
    await connection.close()


@pytest.fixture
async def board(url: str, config: Config) -> AsyncIterator[tuple[str, Runtime]]:
    async with serving(url, config) as made:
        yield made


@pytest.fixture
async def browser(board: tuple[str, Runtime]) -> AsyncIterator[Browser]:
    async with browsing(board[0]) as made:
        yield made


async def drafted(home: asyncpg.Connection, name: str) -> Campaign:
    return await steps.draft(home, name, words(TEXT), "an")


async def running(home: asyncpg.Connection, name: str) -> Campaign:
    """As after a launch, without its audience."""
    found = await steps.approved(home, name, words(TEXT))
    await home.execute(
        "UPDATE campaign SET state = 'running', launched_at = now(), audience = 0 WHERE campaign_id = $1",
        found.campaign_id,
    )
    return found


async def act(browser: Browser, found: Campaign, what: str, **form: str) -> tuple[int, str]:
    """Give the form of the page before it. Status, and the page that comes of it."""
    path = f"/campaign/{found.campaign_id}/{what}"
    csrf = await browser.token(path)
    answer, text = await browser.post(path, {"csrf": csrf, "password": PASSWORD, **form})
    return answer.status, text


async def state(home: asyncpg.Connection, found: Campaign) -> str:
    return str((await campaigns.get(home, found.campaign_id)).state)


async def test_the_page_before_an_approval_shows_what_the_command_shows(
    home: asyncpg.Connection, browser: Browser
) -> None:
    found = await drafted(home, "shown")
    await browser.log_in("binh")
    answer, page = await browser.get(f"/campaign/{found.campaign_id}/approve")
    said = unescape(re.sub(r"<[^>]+>", " ", page))
    assert answer.status == 200
    for each in (TEXT, found.code, "BOYTE", "viettel", "health", "gsm0338", "drafted"):
        assert each in said, each
    assert re.search(r"\b[0-9a-f]{64}\b", said)
    assert "<water>" not in page  # it is text


async def test_a_second_person_approves_and_the_chain_names_them(
    home: asyncpg.Connection, browser: Browser
) -> None:
    found = await drafted(home, "approved-here")
    await browser.log_in("binh")
    assert (await act(browser, found, "approve", content=found.code))[0] == 303
    assert await state(home, found) == "approved"
    row = await home.fetchrow("SELECT who, what FROM act ORDER BY act_no DESC LIMIT 1")
    assert row is not None and (row["who"], row["what"]) == ("binh", "approved")
    page = (await browser.get("/"))[1]
    assert found.code in page
    assert found.code not in (await browser.get("/"))[1]  # said once


async def test_the_code_of_something_else_approves_nothing(
    home: asyncpg.Connection, browser: Browser
) -> None:
    """Somebody edits it between the page and the password."""
    found = await drafted(home, "edited-meanwhile")
    await browser.log_in("binh")
    path = f"/campaign/{found.campaign_id}/approve"
    csrf = await browser.token(path)
    await steps.edit(home, found, words("Something else."), "an")
    form = {"csrf": csrf, "password": PASSWORD, "content": found.code}
    answer, page = await browser.post(path, form)
    assert answer.status == 409 and "Something else." in page
    for wrong in ("", "zz", "0000-0000"):
        assert (await browser.post(path, {**form, "content": wrong}))[0].status == 409
    assert await state(home, found) == "draft"


async def test_who_drafted_it_may_not_approve_it(home: asyncpg.Connection, browser: Browser) -> None:
    found = await steps.draft(home, "own", words(TEXT), "mai")
    await browser.log_in("mai")
    status, page = await act(browser, found, "approve", content=found.code)
    assert (status, await state(home, found)) == (409, "draft")
    assert 'role="alert"' in page


@pytest.mark.parametrize("who", sorted(PEOPLE))
async def test_every_role_that_may_not_act_is_refused_by_the_database(
    home: asyncpg.Connection, board: tuple[str, Runtime], who: str
) -> None:
    """The board asks for no role: what it shows, it shows everybody."""
    draft = await drafted(home, f"draft-{who}")
    runs = await running(home, f"runs-{who}")
    async with browsing(board[0]) as browser:
        await browser.log_in(who)
        status, _ = await act(browser, draft, "approve", content=draft.code)
        allowed = who in APPROVERS
        assert (status, await state(home, draft)) == ((303, "approved") if allowed else (409, "draft"))
        for what, after in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
            status, _ = await act(browser, runs, what)
            allowed = who in OPERATORS
            assert (status, await state(home, runs)) == ((303, after) if allowed else (409, "running")), what


async def test_a_login_that_is_open_acts_for_nobody_without_the_password(
    home: asyncpg.Connection, browser: Browser
) -> None:
    found = await running(home, "unlocked-screen")
    await browser.log_in("binh")
    for password in ("", "wrong"):
        assert (await act(browser, found, "cancel", password=password))[0] == 403
    assert await state(home, found) == "running"
    # and in nobody else's name: who is logged in acts as nobody else
    assert (await act(browser, found, "pause", name="an", password=PASSWORD))[0] == 303
    row = await home.fetchrow("SELECT who FROM act ORDER BY act_no DESC LIMIT 1")
    assert row is not None and row["who"] == "binh"


async def test_wrong_passwords_before_an_act_cost_waiting_too(
    home: asyncpg.Connection, browser: Browser
) -> None:
    found = await running(home, "guessed")
    await browser.log_in("an")
    found_out = [(await act(browser, found, "cancel", password=f"guess {each}"))[0] for each in range(7)]
    assert found_out[:5] == [403] * 5 and set(found_out[5:]) == {429}


async def test_who_came_by_the_provider_gives_a_login_of_the_database(
    home: asyncpg.Connection, board: tuple[str, Runtime], browser: Browser
) -> None:
    found = await running(home, "by-oidc")
    _base, run = board
    token = run.sessions.begin(Viewer("An Nguyen", by_oidc=True), asyncio.get_running_loop().time())
    browser.client.cookie_jar.update_cookies({"broadcast-session": token})
    assert (await browser.get("/document.json"))[0].status == 200
    page = (await browser.get(f"/campaign/{found.campaign_id}/cancel"))[1]
    assert 'name="name"' in page
    for form in ({}, {"name": "An Nguyen"}, {"name": "broadcast"}, {"name": "lan", "password": "wrong"}):
        assert (await act(browser, found, "cancel", **form))[0] == 403
    assert (await act(browser, found, "cancel", name="lan"))[0] == 409  # an auditor
    assert await state(home, found) == "running"
    assert (await act(browser, found, "cancel", name="an"))[0] == 303
    assert await state(home, found) == "cancelled"
    row = await home.fetchrow("SELECT who FROM act ORDER BY act_no DESC LIMIT 1")
    assert row is not None and row["who"] == "an"


@pytest.mark.parametrize("path", ["/campaign/1/launch", "/campaign/1/approve/x", "/campaign/-1/approve",
                                  "/campaign/99999999/approve", "/campaign/99999999999999/pause", "/campaign/1;x/pause",
                                  "/campaign/%00/pause", "/campaign//pause"])  # fmt: skip
async def test_what_there_is_not(browser: Browser, path: str) -> None:
    await browser.log_in("an")
    answer, text = await browser.get(path)
    assert answer.status in (400, 404) and "Traceback" not in text


async def test_drafts_are_in_the_document_and_no_text_is(home: asyncpg.Connection, browser: Browser) -> None:
    found = await drafted(home, "waits")
    await browser.log_in("lan")
    text = (await browser.get("/document.json"))[1]
    assert found.campaign_id in [each["id"] for each in json.loads(text)["drafts"]]
    assert "soap" not in text
