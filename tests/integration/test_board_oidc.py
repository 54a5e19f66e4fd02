"""Logging in to the board by the site's own provider: the whole way, and what a provider or a stranger may do wrong."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from integration.board_world import Browser, browsing, serving
from integration.oidc_provider import CLIENT, SECRET, Lies, Provider, providing

from broadcast.config import Board, Config, Oidc
from broadcast.web.oidc import Provider as Asked
from broadcast.web.runtime import Runtime


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as made:
        yield made


@pytest.fixture
async def board(
    database_url: str, config: Config, provider: Provider, tmp_path: Path
) -> AsyncIterator[tuple[str, Runtime]]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    oidc = Oidc(provider.issuer, CLIENT, client_secret_file=str(secret), values=("epi", "duty"))
    async with serving(database_url, replace(config, board=Board(oidc=oidc))) as made:
        provider.redirect = f"{made[0]}/oidc/callback"
        yield made


@pytest.fixture
async def browser(board: tuple[str, Runtime]) -> AsyncIterator[Browser]:
    async with browsing(board[0]) as made:
        yield made


async def to_provider(browser: Browser) -> str:
    """Where the board sends a browser."""
    answer, _ = await browser.get("/oidc/login")
    assert answer.status == 303
    return answer.headers["Location"]


async def from_provider(browser: Browser, address: str) -> str:
    """Path and query with which the provider sends it back."""
    async with browser.client.get(address, allow_redirects=False) as answer:
        back = answer.headers.get("Location", "")
        assert back, (answer.status, await answer.text())
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


async def come(browser: Browser) -> int:
    """The whole way. Status of its end."""
    answer, _ = await browser.get(await from_provider(browser, await to_provider(browser)))
    return answer.status


async def looks(browser: Browser) -> bool:
    return (await browser.get("/document.json"))[0].status == 200


async def test_who_is_of_the_group_may_look_and_is_named(
    browser: Browser, board: tuple[str, Runtime]
) -> None:
    page = (await browser.get("/login"))[1]
    assert 'href="/oidc/login"' in page
    address = await to_provider(browser)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    answer, page = await browser.get(await from_provider(browser, address))
    assert answer.status == 200 and answer.headers["Refresh"] == "0;url=/"
    assert answer.cookies["broadcast-session"]["samesite"] == "Strict"
    assert await looks(browser)
    (login,) = board[1].sessions._logins.values()
    assert login.viewer.by_oidc and login.viewer.kinds == frozenset() and login.viewer.name == "an.nguyen"


@pytest.mark.parametrize("groups", [["other"], [], None, "epidemic", {"epi": 1}, [["epi"]]])
async def test_who_is_of_no_group_may_not(browser: Browser, provider: Provider, groups: Any) -> None:
    provider.user["groups"] = groups
    assert await come(browser) == 403
    assert not await looks(browser)


async def test_a_claim_may_be_one_text(browser: Browser, provider: Provider) -> None:
    provider.user["groups"] = "duty"
    assert await come(browser) == 200 and await looks(browser)


@pytest.mark.parametrize(
    "lies",
    [
        Lies(claims={"nonce": "another"}),
        Lies(claims={"nonce": None}),
        Lies(claims={"aud": ["somebody-else"]}),
        Lies(claims={"aud": None}),
        Lies(claims={"aud": [CLIENT, "other"], "azp": "other"}),
        Lies(claims={"iss": "http://127.0.0.1:1"}),
        Lies(claims={"exp": 1_000_000_000}),
        Lies(claims={"exp": None}),
        Lies(claims={"sub": None}),
        Lies(key=True),
        Lies(algorithm="none"),
        Lies(algorithm="HS256"),
    ],
    ids=str,
)
async def test_what_a_provider_signs_is_proved(browser: Browser, provider: Provider, lies: Lies) -> None:
    provider.lies = lies
    assert await come(browser) == 403
    assert not await looks(browser)


@pytest.mark.parametrize(
    "lies",
    [
        Lies(metadata={"issuer": "https://other.example"}),
        Lies(metadata={"token_endpoint": "ftp://127.0.0.1/"}),
        Lies(metadata={"jwks_uri": None}),
        Lies(status=500),
    ],
    ids=str,
)
async def test_a_provider_that_is_another_is_not_asked(
    browser: Browser, provider: Provider, lies: Lies
) -> None:
    provider.lies = lies
    answer, page = await browser.get("/oidc/login")
    assert answer.status == 500 and "Traceback" not in page


async def test_a_code_is_good_once_and_for_one_browser(
    board: tuple[str, Runtime], browser: Browser, provider: Provider
) -> None:
    back = await from_provider(browser, await to_provider(browser))
    async with browsing(board[0]) as other:  # somebody got hold of where it leads
        assert (await other.get(back))[0].status == 403 and not await looks(other)
        await to_provider(other)  # with a state of their own
        assert (await other.get(back))[0].status == 403 and not await looks(other)
    assert provider.asked == 0
    assert (await browser.get(back))[0].status == 200
    assert (await browser.get(back))[0].status == 403


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=x",
        "?state=x&code=x",
        "?error=access_denied&state=",
        "?state=%00&code=%00",
        "?code=a&code=b",
    ],
)
async def test_whoever_comes_without_having_gone(browser: Browser, provider: Provider, query: str) -> None:
    await to_provider(browser)
    answer, page = await browser.get(f"/oidc/callback{query}")
    assert answer.status == 403 and provider.asked == 0 and "Traceback" not in page


async def test_who_says_no_there_is_told(browser: Browser, provider: Provider) -> None:
    state = parse_qs(urlsplit(await to_provider(browser)).query)["state"][0]
    answer, page = await browser.get(f"/oidc/callback?error=access_denied&state={state}")
    assert answer.status == 403 and "access_denied" in page


async def test_another_provider_s_answer_is_refused(browser: Browser, provider: Provider) -> None:
    back = await from_provider(browser, await to_provider(browser))
    assert (await browser.get(f"{back}&iss=https://other.example"))[0].status == 403
    assert provider.asked == 0


async def test_keys_that_turned_are_asked_for(
    browser: Browser, board: tuple[str, Runtime], provider: Provider
) -> None:
    assert await come(browser) == 200
    provider.turn_keys()
    async with browsing(board[0]) as other:
        assert await come(other) == 200 and await looks(other)


async def test_a_login_that_is_begun_and_not_ended_is_bounded(provider: Provider) -> None:
    asked = Asked(Oidc(provider.issuer, CLIENT))
    for now in range(1500):
        await asked.begin("http://localhost/oidc/callback", float(now) / 10)
    assert len(asked._pending) == 1000
    await asked.begin("http://localhost/oidc/callback", 10_000.0)
    assert len(asked._pending) == 1


async def test_without_a_provider_there_is_none(database_url: str, config: Config) -> None:
    async with serving(database_url, config) as (base, _run), browsing(base) as browser:
        assert "/oidc/login" not in (await browser.get("/login"))[1]
        for path in ("/oidc/login", "/oidc/callback"):
            assert (await browser.get(path))[0].status == 404
