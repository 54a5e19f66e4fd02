"""The board in a browser: nothing that axe finds, all of it by keyboard, live, at every size, in both languages."""

import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from integration import npm_packages
from integration.browser import Chrome, Page, browsing
from integration.shown_board import PAGES, ShownBoard, showing
from unit.web.documents import campaign, finding, nation, paused, running, sick

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = Path(__file__).parent / "axe"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"phone": (390, 844), "desk": (1280, 900), "wall": (1920, 1080)}
# what can be focused, and is seen
CONTROLS = """[...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary, [tabindex="0"]')]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest('[hidden]'))"""
# all that is in an element, whatever the order of attributes
TOLD = """(function told(node) {
    if (node.nodeType === 3) return node.data.trim() ? [node.data.trim()] : []
    const given = [...node.attributes].map(({ name, value }) => `${name}=${value}`).sort()
    return [node.localName, ...given, ...[...node.childNodes].filter((each) => each.nodeType < 4).flatMap(told), '/']
})"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chrome]:
    async with browsing(tmp_path_factory.mktemp("chromium")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def board() -> AsyncIterator[tuple[ShownBoard, str]]:
    async with showing() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def page(chrome: Chrome) -> AsyncIterator[Page]:
    made = await chrome.page()
    await made.size(*SIZES["desk"])
    yield made
    complained = [each["entry"]["text"] for each in made.said("Log.entryAdded")]
    thrown = [each["exceptionDetails"]["text"] for each in made.said("Runtime.exceptionThrown")]
    await made.close()
    assert [each for each in complained if "Content Security" in each] == []
    assert thrown == []


@pytest.fixture(scope="module")
def axe(pytestconfig: pytest.Config) -> str:
    assert pytestconfig.cache is not None
    return (npm_packages.installed(pytestconfig.cache, AXE) / "axe-core" / "axe.min.js").read_text("utf-8")


async def violations(page: Page, axe: str) -> list[str]:
    """What axe finds, a line each."""
    await page.js(f"{axe}; true")
    found = await page.js(
        f"""axe.run(document, {{ runOnly: {TAGS} }}).then((found) => found.violations.flatMap((each) =>
            each.nodes.map((node) => `${{each.id}}: ${{node.target}}: ${{node.failureSummary}}`)))"""
    )
    return list(found)


# few tests, and each does much: every process that runs one starts a browser


@pytest.mark.long
async def test_axe_finds_nothing(board: tuple[ShownBoard, str], page: Page, axe: str) -> None:
    """With BOARD_AXE set every page in every way, else the three that differ most in two, and the others in one."""
    looks = [("en", "light", "desk"), ("vi", "dark", "phone")]
    every = (
        [*itertools.product(("en", "vi"), ("light", "dark"), SIZES)] if os.environ.get("BOARD_AXE") else []
    )
    for at, name in enumerate(PAGES):
        two = looks if name in ("sick", "login", "confirm") else [looks[at % 2]]
        for language, theme, size in every or two:
            await page.size(*SIZES[size])
            await page.goto(f"{board[1]}/page/{name}?lang={language}&theme={theme}")
            await page.js("document.querySelectorAll('details').forEach((each) => { each.open = true })")
            assert await violations(page, axe) == [], (name, language, theme)
            assert await page.js("document.documentElement.lang") == language
    await page.size(*SIZES["wall"])
    await page.goto(f"{board[1]}/page/sick?lang=vi&theme=light&wall=1")
    assert await violations(page, axe) == []
    await page.goto(f"{board[1]}/page/login")
    await page.js(
        "document.querySelector('label').remove(); document.querySelector('h1').style.color = '#eee'"
    )
    found = [each.partition(":")[0] for each in await violations(page, axe)]
    assert {"label", "color-contrast"} <= set(found), "it finds what there is"


async def test_the_keyboard_reaches_everything(board: tuple[ShownBoard, str], page: Page) -> None:
    """In the order of the page, each seen to have the focus."""
    for name in ("sick", "paused", "login", "confirm", "error"):
        await page.goto(f"{board[1]}/page/{name}")
        wanted = await page.js(
            f"{CONTROLS}.forEach((each, at) => {{ each.dataset.stop = at }}); {CONTROLS}.length"
        )
        seen = []
        for _ in range(wanted):
            await page.press("Tab")
            stop, outline = await page.js(
                "[document.activeElement.dataset.stop, getComputedStyle(document.activeElement).outlineStyle]"
            )
            assert outline == "solid", (name, stop)
            seen.append(int(stop))
        assert seen == list(range(wanted)), name


async def test_what_people_prefer(board: tuple[ShownBoard, str], page: Page) -> None:
    """A dark screen, less motion, no script."""
    grounds = []
    for theme in ("light", "dark"):
        await page.prefers(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
        await page.goto(f"{board[1]}/")
        grounds.append(await page.js("getComputedStyle(document.documentElement).backgroundColor"))
    assert grounds == ["rgb(244, 246, 248)", "rgb(12, 17, 22)"]
    assert (
        await page.js("getComputedStyle(document.querySelector('.bar .g-has-it')).transitionDuration") == "0s"
    )
    await page.do("Emulation.setScriptExecutionDisabled", value=True)
    await page.goto(f"{board[1]}/")
    assert "588,000" in str(await page.do("DOM.getDocument", depth=-1))
    await page.do("Emulation.setScriptExecutionDisabled", value=False)
    assert await page.js("document.getElementById('again').checkVisibility()") is True
    assert await page.js("document.getElementById('theme').checkVisibility()") is False


async def test_it_fits(board: tuple[ShownBoard, str], page: Page) -> None:
    """No page scrolls sideways; the wall shows one screen. Pictures go to BOARD_PICTURES, for people to look at."""
    folder = os.environ.get("BOARD_PICTURES")
    for name, (size, (width, height)) in itertools.product(PAGES, SIZES.items()):
        for theme in ("light", "dark") if folder else ("light",):
            await page.size(width, height, mobile=size == "phone")
            await page.goto(f"{board[1]}/page/{name}?theme={theme}&lang=vi&wall={int(size == 'wall')}")
            across, down = await page.js(
                "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
            )
            if folder:
                await page.picture(Path(folder) / f"{name}-{size}-{theme}.png")
            assert across <= width, (name, size)
            assert size != "wall" or name not in ("empty", "running", "finished") or down <= height, name


async def test_what_a_key_does(board: tuple[ShownBoard, str], page: Page) -> None:
    await page.goto(f"{board[1]}/page/sick")
    await page.press("Tab")
    await page.press("Enter")
    assert await page.js("document.activeElement.id") == "main"
    await page.js("document.getElementById('theme').focus()")
    themes = []
    for _ in range(3):
        await page.press("Enter")
        themes.append(await page.js("document.documentElement.dataset.theme"))
    assert themes == ["light", "dark", "auto"]
    await page.press("Enter")
    await page.goto(f"{board[1]}/page/login")
    assert await page.js("document.documentElement.dataset.theme") == "light"


async def test_a_change_is_seen_and_nothing_else_moves(board: tuple[ShownBoard, str], page: Page) -> None:
    shown, base = board
    await page.goto(f"{base}/")
    await page.until("document.documentElement.classList.contains('live')")
    assert await page.js("document.querySelector('.big.has b').textContent") == "588,000"
    await page.js("document.querySelector('details').open = true")
    await page.js("document.querySelector('summary').focus(); document.querySelector('.tall').scrollTop = 90")
    await page.js("window.kept = document.querySelector('.p-curve svg')")
    await watched(shown, page)
    shown.tell(nation(campaign(delivered=0.65, sent=0.8)))
    await page.until("document.querySelector('.big.has b').textContent === '637,000'")
    assert await page.js("document.querySelector('details').open") is True
    assert await page.js("document.activeElement.localName") == "summary"
    assert await page.js("document.querySelector('.tall').scrollTop") == 90
    assert await page.js("document.querySelector('.p-curve svg') === window.kept") is True


async def test_alerts_come_and_go(board: tuple[ShownBoard, str], page: Page) -> None:
    shown, base = board
    shown.document = nation()
    await page.goto(f"{base}/")
    assert await page.js("document.querySelectorAll('article').length") == 0
    await watched(shown, page)
    shown.tell(running())
    await page.until("document.querySelector('#a7 .big.has b')?.textContent === '588,000'")
    shown.tell(sick())
    await page.until("document.querySelectorAll('article').length === 3")
    assert await page.js("[...document.querySelectorAll('article')].map((each) => each.id)") == [
        "a7",
        "a8",
        "a9",
    ]
    assert await page.js("document.querySelectorAll('#a8 .p-head h2').length") == 1
    shown.tell(nation())
    await page.until("document.querySelector('.empty h2')")
    assert await page.js("document.querySelectorAll('article').length") == 0


async def test_what_is_live_is_what_a_page_would_have(board: tuple[ShownBoard, str], page: Page) -> None:
    """After many changes, and in any order."""
    shown, base = board
    await page.goto(f"{base}/")
    await watched(shown, page)
    for document in (sick(), paused(), nation(), sick(), running(), paused()):
        shown.tell(document)
    await page.until("document.querySelector('#a7 .s-paused')")
    live = await page.js(f"{TOLD}(document.getElementById('main'))")
    await page.goto(f"{base}/")
    await page.until("document.querySelector('#a7 .s-paused')")
    assert await page.js(f"{TOLD}(document.getElementById('main'))") == live


async def test_figures_that_are_old_are_said_to_be(board: tuple[ShownBoard, str], page: Page) -> None:
    shown, base = board
    await page.goto(f"{base}/")
    await watched(shown, page)
    assert await page.js("document.getElementById('old').hidden") is True
    shown.tell(running(), trouble="database", age_s=200)
    await page.until("!document.getElementById('old').hidden")
    said = await page.js("document.getElementById('old').textContent")
    assert said.startswith("These figures are old. The database does not answer.") and "3 min" in said
    shown.tell(running())
    await page.until("document.getElementById('old').hidden")
    assert await page.js("document.getElementById('say').textContent") == "The figures are live again."
    shown.tell(running(), age_s=200)
    await page.until("!document.getElementById('old').hidden")
    assert "The database does not answer." in await page.js("document.getElementById('old').textContent")
    shown.send("over", {})
    await page.until("document.querySelector('#old a')")
    assert await page.js("document.querySelector('#old a').getAttribute('href')") == "/login"


async def test_pages_that_are_left_hold_no_stream(board: tuple[ShownBoard, str], page: Page) -> None:
    """A browser keeps them to go back to, and has six connections for one host: with the seventh all would wait."""
    counted = """
        const add = (by) => sessionStorage.setItem('streams', Number(sessionStorage.getItem('streams')) + by)
        window.EventSource = class extends EventSource {
            constructor (...given) { super(...given); add(1) }
            close () { add(-1); super.close() }
        }"""
    await page.do("Page.addScriptToEvaluateOnNewDocument", source=counted)
    for name in ("empty", "running", "paused"):
        await page.goto(f"{board[1]}/page/{name}")
        await page.until("document.documentElement.classList.contains('live')")
        assert await page.js("sessionStorage.getItem('streams')") == "1"
    await page.js("history.back()")
    await page.until(
        "location.pathname === '/page/running' && document.documentElement.classList.contains('live')"
    )
    assert await page.js("sessionStorage.getItem('streams')") == "1", (
        "and one that is come back to has its own"
    )


async def test_a_page_whose_stream_is_refused_waits_before_it_is_read_anew(
    board: tuple[ShownBoard, str], page: Page
) -> None:
    """Else it would be read again and again, as fast as it can."""
    shown, base = board
    shown.refuses = True
    waits = "window.waits = []; window.setTimeout = (_done, ms) => window.waits.push(ms)"
    await page.do("Page.addScriptToEvaluateOnNewDocument", source=waits)
    await page.goto(f"{base}/")
    await page.until("window.waits.some((each) => each >= 1000)")
    assert 5000 <= await page.js("window.waits.find((each) => each >= 1000)") <= 10_000
    assert shown.pages == 2, "itself, and the question whether the board is there"


async def test_a_lost_connection_is_said_by_the_page_itself(
    board: tuple[ShownBoard, str], page: Page
) -> None:
    """Nothing tells it: no frame comes."""
    shown, base = board
    await page.goto(f"{base}/")
    await watched(shown, page)
    await page.until("!document.getElementById('old').hidden")
    assert "The connection to the board is lost." in await page.js(
        "document.getElementById('old').textContent"
    )
    assert await page.js("document.documentElement.classList.contains('live')") is False


async def test_aloud_is_said_what_matters_and_seldom(board: tuple[ShownBoard, str], page: Page) -> None:
    shown, base = board
    await page.goto(f"{base}/")
    await watched(shown, page)
    shown.tell(nation(campaign(delivered=0.61)))
    await page.until("document.querySelector('.big.has b').textContent === '597,800'")
    assert await page.js("document.getElementById('say').textContent") == ""
    shown.tell(nation(campaign(delivered=0.61, findings=[finding("binds_down", "viettel")])))
    await page.until("document.getElementById('say').textContent")
    assert (
        await page.js("document.getElementById('say').textContent")
        == "lu-song-hong: 61.0 % have it. 1 grave finding."
    )
    shown.tell(nation(campaign(delivered=0.75, sent=0.8)))
    await page.until("document.querySelector('.big.has b').textContent === '735,000'")
    assert "61.0 %" in await page.js("document.getElementById('say').textContent")


async def watched(shown: ShownBoard, page: Page) -> None:
    """The page's stream is there."""
    await page.until("document.documentElement.classList.contains('live')")
    while not shown.watching:
        await page.js("new Promise((done) => setTimeout(done, 10))")
