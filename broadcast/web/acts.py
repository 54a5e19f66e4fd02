"""Approve, pause, resume, cancel: a page that shows what will be done, then the same action as the command's.

It is done by a connection of the person's own login, opened with the password that is typed for this one act: so the
database itself decides whether they may, and the audit chain names them. Who is logged in by OIDC has no such login
here, and gives it for the act.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from broadcast.actions import campaign as actions
from broadcast.actions.notice_words import line
from broadcast.actions.notices import NotActual, Notice, Training
from broadcast.actions.session import Session
from broadcast.actions.witness import witnessed
from broadcast.campaign import campaigns
from broadcast.campaign.approval import content_hash
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.marks import mark_words
from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId
from broadcast.languages import N_, _, term
from broadcast.monitor import board_events as events
from broadcast.monitor.loggable import Name, Word
from broadcast.monitor.logger import logger
from broadcast.reports import campaigns as reports
from broadcast.reports import reach_words, shown
from broadcast.reports.campaigns import Shown
from broadcast.store.pool import logged_in_as
from broadcast.store.queries import sql
from broadcast.visible import hidden, visible
from broadcast.web import pages
from broadcast.web.limits import network_of
from broadcast.web.login import who, wrong
from broadcast.web.runtime import Asking, Runtime, asking, html, leads_to, runtime
from broadcast.web.view import Asked
from broadcast.words import words

TURN_S: Final = 5.0  # whoever has no turn by then is told to come again

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Act:
    """do: the action, given the content code that was typed. grave: it cannot be undone."""

    title: str
    what: str
    button: str
    done: str
    do: Callable[[Session, str, str], Awaitable[Campaign]]
    asks_code: bool = False
    grave: bool = False


async def _approve(session: Session, name: str, code: str) -> Campaign:
    return await actions.approve(session, name, code)


async def _pause(session: Session, name: str, _code: str) -> Campaign:
    return await actions.pause(session, name)


async def _resume(session: Session, name: str, _code: str) -> Campaign:
    return await actions.resume(session, name)


async def _cancel(session: Session, name: str, _code: str) -> Campaign:
    return await actions.cancel(session, name)


ACTS: Final[Mapping[str, Act]] = {
    "approve": Act(
        N_("Approve {name}?"),
        N_("You say that exactly these words may go to exactly these people. Nothing is sent yet."),
        N_("Approve"),
        N_("{name}: your approval is noted, content {code}. It is: {state}."),
        _approve,
        asks_code=True,
    ),
    "pause": Act(
        N_("Pause {name}?"),
        N_("Nothing leaves from two seconds on, until somebody resumes it. Receipts still count."),
        N_("Pause"),
        N_("{name} is paused."),
        _pause,
    ),
    "resume": Act(
        N_("Let {name} go on?"),
        N_("It goes on where it stood; where its first share was held, everybody else hears it now."),
        N_("Resume"),
        N_("{name} runs again."),
        _resume,
    ),
    "cancel": Act(
        N_("Cancel {name} for good?"),
        N_("Nothing leaves from two seconds on, and it cannot go on. What was sent stays sent."),
        N_("Cancel it for good"),
        N_("{name} is cancelled."),
        _cancel,
        grave=True,
    ),
}


async def confirm(request: web.Request) -> web.Response:
    """GET /campaign/ID/ACT."""
    found = await _shown(request)
    return html(pages.confirm_page(asking(request).view, _asked(request, found)))


async def act(request: web.Request) -> web.StreamResponse:
    """POST /campaign/ID/ACT: content, where it is asked for; password, and name of who has none here."""
    run, asked, chosen = runtime(request), asking(request), _act(request)
    name = _login_name(asked)
    person = await who(request, name, asked.form.get("password", ""))
    if isinstance(person, web.Response):
        return person
    if person is None:
        return await _again(request, wrong(), 403)
    told: list[str] = []
    what, campaign, by = Word(_name_of(request)), CampaignId(_number(request)), Name(person.name)
    try:
        with logged_in_as(person.name, asked.form.get("password", "")):
            done = await _do(run, asked, chosen, _number(request), told)
    except BroadcastError as error:
        log(events.BOARD_ACT_REFUSED, act=what, campaign=campaign, by=by)
        return await _again(request, str(error), 409)
    log(events.BOARD_ACT_DONE, act=what, campaign=campaign, by=by)
    assert asked.login is not None  # guarded
    state = term(done.state)
    said = _(chosen.done, name=visible(done.name), code=done.code, state=state)
    asked.login.notice = " ".join([said, *told])
    return leads_to("/")


async def _do(run: Runtime, asked: Asking, chosen: Act, number: CampaignId, told: list[str]) -> Campaign:
    """As the command does it. told: gets what comes up meanwhile. Raises as the action; HTTPServiceUnavailable."""

    def tell(notice: Notice) -> None:
        if not isinstance(notice, Training | NotActual):  # the page has these marks
            told.append(line(notice, lambda value: words(value, lambda: run.zone)))

    async with _turn(run.acts), Session.open(run.config, tell) as session, witnessed(session):
        await session.connection.execute(sql("board_acts"), f"broadcast board, {network_of(asked.address)}")
        found = await campaigns.get(session.connection, number)
        return await chosen.do(session, found.name, asked.form.get("content", ""))


async def _again(request: web.Request, refused: str, status: int) -> web.Response:
    """The same page, with why nothing was done; what it shows is read anew."""
    found = await _shown(request)
    return html(pages.confirm_page(asking(request).view, _asked(request, found, refused)), status)


async def _shown(request: web.Request) -> Shown:
    """As the command `show` has it, by the board's own login. Raises HTTPNotFound, HTTPServiceUnavailable,
    BroadcastError."""
    _act(request)
    run = runtime(request)
    async with _turn(run.looks), Session.open(run.config) as session:
        found = await campaigns.get(session.connection, _number(request))
        return await reports.shown(session.connection, found.name, run.config)


@asynccontextmanager
async def _turn(turns: asyncio.Semaphore) -> AsyncIterator[None]:
    """So that whoever asks again and again opens no more connections than these. Raises HTTPServiceUnavailable."""
    try:
        async with asyncio.timeout(TURN_S):
            await turns.acquire()
    except TimeoutError:
        raise web.HTTPServiceUnavailable from None
    try:
        yield
    finally:
        turns.release()


def _asked(request: web.Request, found: Shown, refused: str = "") -> Asked:
    """All that who does it should read: what the command `show` prints."""
    run, asked, chosen, alert = runtime(request), asking(request), _act(request), found.campaign

    def said(value: object) -> str:
        return words(value, lambda: run.zone)

    reach = found.reach
    assert asked.login is not None  # guarded
    marks = [mark_words(alert.status)]
    facts = {**shown.facts(found), _("hash"): content_hash(alert.content).hex()}
    return Asked(
        title=_(chosen.title, name=visible(alert.name)),
        what=_(chosen.what),
        button=_(chosen.button),
        action=request.path,
        marks=tuple(filter(None, marks)),
        text=alert.text,
        hidden=(*hidden(alert.text), *hidden(alert.sender)),
        hearers=(*shown.hearers(found), *(reach_words.lines(reach) if reach else ())),
        heads=reach_words.heads() if reach and reach.areas else (),
        rows=tuple(reach_words.row(reach, each) for each in reach_words.most(reach)) if reach else (),
        facts={name: said(value) for name, value in facts.items()},
        lines=(
            *shown.approvals(found, said),
            *(f"{said(each.at)} {visible(each.actor)}: {shown.event_words(each)}" for each in found.events),
        ),
        asks_code=chosen.asks_code,
        asks_name=asked.login.viewer.by_oidc,
        asks_password=True,
        grave=chosen.grave,
        refused=refused,
    )


def _login_name(asked: Asking) -> str:
    """Of the database: who is logged in by it acts as nobody else."""
    assert asked.login is not None  # guarded
    viewer = asked.login.viewer
    return asked.form.get("name", "").strip() if viewer.by_oidc else viewer.name


def _act(request: web.Request) -> Act:
    """Raises HTTPNotFound."""
    found = ACTS.get(_name_of(request))
    if found is None:
        raise web.HTTPNotFound
    return found


def _name_of(request: web.Request) -> str:
    return request.match_info["act"]


def _number(request: web.Request) -> CampaignId:
    """Raises HTTPNotFound for what is none."""
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise web.HTTPNotFound
    return CampaignId(int(text))
