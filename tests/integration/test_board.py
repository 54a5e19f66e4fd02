"""The board as its users meet it: logging in, looking, what is refused, what every answer has."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import asyncpg
import pytest
from acting import PEOPLE
from integration.board_world import (
    HERE,
    PASSWORD,
    Browser,
    browsing,
    make_database,
    owner,
    serving,
    token_of,
)
from integration.ledger_world import make_world
from waiting import until

from broadcast.config import Config
from broadcast.store.embedded import Server
from broadcast.web.runtime import Runtime
from broadcast.web.security import CSP
from broadcast.web.watching import Moment

ROUTES = ("/", "/document.json", "/healthz", "/login", "/static/board.css", "/static/none.css", "/nowhere")
ROUTES += ("/campaign/1/approve", "/campaign/1/launch", "/campaign/x/cancel", "/oidc/login", "/oidc/callback")


@pytest.fixture(scope="session")
def url(guarded: Server) -> str:
    """One database for all of these tests, with a campaign under way."""

    async def make() -> str:
        made = await make_database(guarded, "board")
        connection = await owner(made)
        world = await make_world(made, connection)
        await world.slice([84320000000 + each for each in range(10)])
        await world.writer._drop()
        await connection.close()
        return made

    return asyncio.run(make())


@pytest.fixture
async def board(url: str, config: Config) -> AsyncIterator[tuple[str, Runtime]]:
    async with serving(url, config) as made:
        yield made


@pytest.fixture
async def browser(board: tuple[str, Runtime]) -> AsyncIterator[Browser]:
    async with browsing(board[0]) as made:
        yield made


def check_headers(answer: aiohttp.ClientResponse) -> None:
    """Those that every answer has."""
    said = answer.headers
    assert said["Content-Security-Policy"] == CSP
    assert said["X-Content-Type-Options"] == "nosniff" and said["X-Frame-Options"] == "DENY"
    assert said["Referrer-Policy"] == "same-origin" and said["Server"] == "broadcast"
    assert said["Cache-Control"] == (
        "no-cache" if answer.status in (200, 304) and "ETag" in said else "no-store"
    )


async def test_nothing_is_shown_to_who_is_not_logged_in(browser: Browser) -> None:
    for path in ("/", "/campaign/1/approve", "/nowhere"):
        answer, _text = await browser.get(path)
        assert (answer.status, answer.headers["Location"]) == (303, "/login")
    for path in ("/document.json", "/events"):
        answer, text = await browser.get(path)
        assert answer.status == 401 and "typhoon" not in text
    assert (await browser.get("/healthz"))[1] == '{"alive": true}'


async def test_who_has_an_account_sees_the_board_and_leaves_it(browser: Browser) -> None:
    answer = await browser.log_in("lan")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.cookies["broadcast-session"]
    assert (
        cookie["httponly"]
        and cookie["samesite"] == "Strict"
        and cookie["path"] == "/"
        and not cookie["domain"]
    )
    answer, page = await browser.get("/")
    assert answer.status == 200 and "typhoon" in page and "84320000" not in page
    answer, _ = await browser.post("/logout", {"csrf": token_of(page)})
    assert answer.headers["Location"] == "/login"
    assert (await browser.get("/document.json"))[0].status == 401


async def test_the_document_is_of_the_tallies(browser: Browser) -> None:
    await browser.log_in("an")
    answer, text = await browser.get("/document.json")
    said = json.loads(text)
    (campaign,) = said["campaigns"]
    assert answer.headers["X-Trouble"] == ""
    assert (campaign["name"], campaign["state"], campaign["states"]["waiting"]) == ("typhoon", "running", 10)
    assert campaign["carriers"] == [{"carrier": "viettel", "states": campaign["states"]}]
    assert campaign["curve"][-1]["sent"] == 0 and said["country"] == "Vietnam"
    assert said["databases"][0]["up"] and said["databases"][0]["size"] > 1_000_000


@pytest.mark.parametrize(
    "name", ["lan", "", "broadcast", "nobody", "postgres", "lan\0", "x" * 5000, "' OR 1=1"]
)
@pytest.mark.parametrize("password", ["wrong", "", PASSWORD + " "])
async def test_everybody_else_hears_one_answer(browser: Browser, name: str, password: str) -> None:
    """The server's owner too, whom an embedded server asks for no password at all."""
    if (name, password) == ("x" * 5000, "wrong"):
        name = "x" * 300
    answer = await browser.log_in(name, password)
    assert answer.status == 403
    assert "broadcast-session" not in answer.cookies


@pytest.mark.parametrize("password", [PASSWORD, ""])
async def test_who_needs_no_password_is_not_let_in(browser: Browser, password: str) -> None:
    assert (await browser.log_in("broadcast", password)).status == 403


async def test_who_is_no_account_any_more_is_not_let_in(browser: Browser, url: str) -> None:
    connection = await owner(url)
    await connection.execute("UPDATE account SET disabled_at = now() WHERE name = 'dung'")
    try:
        assert (await browser.log_in("dung")).status == 403
    finally:
        await connection.execute("UPDATE account SET disabled_at = NULL WHERE name = 'dung'")
        await connection.close()


async def test_a_server_that_asks_for_no_password_lets_nobody_in(database_url: str, config: Config) -> None:
    """As the tests' own, where whoever reaches the socket may be anybody."""
    async with serving(database_url, config) as (base, _run), browsing(base) as browser:
        assert (await browser.log_in("lan", "anything at all")).status == 403


async def test_every_answer_has_every_header(browser: Browser) -> None:
    for path in ROUTES:
        check_headers((await browser.get(path))[0])
        check_headers((await browser.post(path, {}))[0])
    await browser.log_in("lan")
    for path in ROUTES:
        answer, _ = await browser.get(path)
        check_headers(answer)
        check_headers((await browser.post(path, {}))[0])
        async with browser.client.request("PUT", browser.base + path) as answer:
            check_headers(answer)
            assert answer.status in (404, 405)
    async with browser.client.get(f"{browser.base}/events") as stream:
        check_headers(stream)
        assert stream.headers["Content-Type"].startswith("text/event-stream")


POSTS = (
    "/login",
    "/logout",
    "/campaign/1/approve",
    "/campaign/1/pause",
    "/campaign/1/resume",
    "/campaign/1/cancel",
)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("logged_in", [False, True])
async def test_every_post_without_its_token_is_refused(browser: Browser, path: str, logged_in: bool) -> None:
    form = {"name": "an", "password": PASSWORD}
    other = await browser.token("/login")
    if logged_in:
        await browser.log_in("an")
    others = [{"csrf": other}] if logged_in and path != "/login" else []  # that one's holds in a second tab
    for csrf in ({}, {"csrf": ""}, {"csrf": "guessed"}, *others):
        answer, _ = await browser.post(path, {**form, **csrf})
        assert answer.status == 403 and "broadcast-session" not in answer.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": None, "Sec-Fetch-Site": None},
        {"Content-Type": "text/plain"},
    ],
)
async def test_a_form_of_elsewhere_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    answer = await browser.log_in("lan", headers=headers)
    assert answer.status == 403 and "broadcast-session" not in answer.cookies


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", ""])
async def test_another_name_for_it_is_not_heard(browser: Browser, host: str) -> None:
    for path in ("/", "/login", "/healthz", "/static/board.css"):
        answer, _ = await browser.get(path, headers={"Host": host})
        assert answer.status == 421
        check_headers(answer)


async def test_too_much_too_slow_and_no_http(board: tuple[str, Runtime], browser: Browser) -> None:
    answer, _ = await browser.post("/login", {"csrf": "x" * 20_000})
    assert answer.status == 413
    port = int(board[0].rpartition(":")[2])
    for octets in (b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
                   b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 500 + b"\r\n"):  # fmt: skip
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(octets)
        writer.write_eof()
        said = (await reader.read()).decode()
        writer.close()
        assert said == "" or (said.startswith("HTTP/1.1 400") and "Content-Security-Policy" in said), said
        assert "Traceback" not in said and "aaaa" not in said


async def test_tries_are_limited_and_the_owner_still_comes_in(
    board: tuple[str, Runtime], browser: Browser
) -> None:
    """From a browser that has logged in before, whoever tries from the same address meanwhile."""
    assert (await browser.log_in("an")).status == 303
    async with browsing(board[0]) as stranger:
        answers = [(await stranger.log_in("an", f"guess {each}")).status for each in range(7)]
        assert answers[:5] == [403] * 5 and set(answers[5:]) == {429}
        right = await stranger.log_in("an")
        assert right.status == 429 and int(right.headers["Retry-After"]) > 0
    await browser.post("/logout", {"csrf": token_of((await browser.get("/"))[1])})
    assert (await browser.log_in("an")).status == 303


async def test_tries_at_once_are_not_one(board: tuple[str, Runtime], browser: Browser) -> None:
    token = await browser.token("/login")
    forms = [{"csrf": token, "name": "mai", "password": f"guess {each}"} for each in range(30)]
    found = await asyncio.gather(*(browser.post("/login", each) for each in forms))
    refused = sorted(answer.status for answer, _ in found)
    assert refused.count(403) <= 6 and set(refused) <= {403, 429}


async def test_pages_are_in_the_asker_s_language(browser: Browser) -> None:
    english = (await browser.get("/login"))[1]
    vietnamese = (await browser.get("/login", headers={"Accept-Language": "vi-VN,vi;q=0.9"}))[1]
    assert '<html lang="en"' in english and '<html lang="vi"' in vietnamese
    answer, page = await browser.get("/login?lang=vi")
    assert '<html lang="vi"' in page and answer.cookies["lang"].value == "vi"
    page = (await browser.get("/login?lang=xx"))[1]
    assert '<html lang="vi"' in page  # the cookie's: what is no language is not heard


async def test_a_login_that_ended_is_over(board: tuple[str, Runtime], browser: Browser) -> None:
    await browser.log_in("lan")
    login = next(iter(board[1].sessions._logins.values()))
    login.began_at -= 13 * 3600
    assert (await browser.get("/"))[0].headers["Location"] == "/login"


async def test_all_roles_may_look(board: tuple[str, Runtime]) -> None:
    for name in PEOPLE:
        async with browsing(board[0]) as browser:
            assert (await browser.log_in(name)).status == 303, name
            assert (await browser.get("/document.json"))[0].status == 200


def frames(text: str) -> list[dict[str, object]]:
    """The data of each event of a stream."""
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


async def heard(browser: Browser, events: int, **how: object) -> str:
    """A stream's beginning, until it has so many events."""
    said = ""
    async with browser.client.get(f"{browser.base}/events", **how) as stream:  # type: ignore[arg-type]
        async for piece in stream.content.iter_any():
            said += piece.decode()
            if said.count("\n\n") > events:
                break
    return said


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_figures_come_live(
    url: str, board: tuple[str, Runtime], browser: Browser, encoding: str
) -> None:
    """What changed in the ledger is in the stream; what did not change is not."""
    await browser.log_in("lan")
    how = {"headers": {"Accept-Encoding": encoding, "Last-Event-ID": "99999999999999999999 nonsense"}}
    connection = await owner(url)
    try:
        said = ""
        async with browser.client.get(f"{browser.base}/events", **how) as stream:  # type: ignore[arg-type]
            changed = False
            async for piece in stream.content.iter_any():
                said += piece.decode()
                if not changed and said.count("event: parts") == 1:
                    await connection.execute("UPDATE tally SET waiting = 9, delivered = delivered + 1")
                    changed = True
                found = frames(said) if said.endswith("\n\n") else []
                if changed and len(found) > 2 and any(each["parts"] for each in found[1:]):
                    break
    finally:
        await connection.execute("UPDATE tally SET waiting = 10, delivered = 0")
        await connection.close()
    first, *later = frames(said)
    assert set(first["parts"]) >= {"overview", "articles", "wrong"}  # type: ignore[call-overload]
    assert all(len(each["parts"]) < len(first["parts"]) for each in later)  # type: ignore[arg-type]
    assert "84320000" not in said


async def test_the_database_away_is_told_and_figures_stay(
    url: str, board: tuple[str, Runtime], browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.log_in("lan")
    await browser.get("/document.json")
    watching = board[1].watching

    async def lost() -> dict[str, object]:
        raise asyncpg.ConnectionDoesNotExistError("gone")

    monkeypatch.setattr(watching, "_document", lost)
    said = await heard(browser, 4)
    assert frames(said)[-1]["trouble"] == "database"
    answer, text = await browser.get("/document.json")
    assert answer.headers["X-Trouble"] == "database" and json.loads(text)["campaigns"]


async def test_figures_that_hang_are_told_as_old_everywhere(
    board: tuple[str, Runtime], browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reading has failed yet: whoever looks gets the last one."""
    await browser.log_in("lan")
    await browser.get("/document.json")
    watching = board[1].watching
    old = replace(watching.last, read_at=watching.last.read_at - 3600)

    async def last() -> Moment:
        return old

    monkeypatch.setattr(watching, "moment", last)
    assert (await browser.get("/document.json"))[0].headers["X-Trouble"] == "database"
    assert 'data-trouble="database"' in (await browser.get("/"))[1]
    first = frames(await heard(browser, 1))[0]
    assert first["trouble"] == "database" and float(str(first["age_s"])) > 3000


async def test_who_takes_nothing_is_dropped_and_others_hear(
    board: tuple[str, Runtime], browser: Browser
) -> None:
    """A client that reads nothing any more: its frames are bounded, and nobody waits for it."""
    await browser.log_in("lan")
    run = board[1]
    port = int(board[0].rpartition(":")[2])
    cookies = "; ".join(f"{each.key}={each.value}" for each in browser.client.cookie_jar)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(f"GET /events HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookies}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await until(lambda: len(run.hub), "it watches")
    (viewer,) = run.hub._viewers
    for _ in range(200):
        run.hub._put(viewer, (b"x" * 1_000_000, b""))
        await asyncio.sleep(0)
        if viewer.dropped:
            break
    assert viewer.dropped
    await until(lambda: not len(run.hub), "it is gone")
    assert frames(await heard(browser, 2))
    writer.close()


async def test_nobody_watches_and_nothing_is_read(url: str, config: Config) -> None:
    async with serving(url, config, HERE) as (_base, run):
        await asyncio.sleep(0)
        assert run.watching.last.number == 0
