"""One campaign: how many have it, what became of the others, until when."""

from collections.abc import Iterator
from typing import Any, Final

from panels import (
    ACT,
    GREY,
    PLAIN,
    STATES,
    WELL,
    Column,
    Level,
    Line,
    Panel,
    bars,
    curve,
    figure,
    rows,
)
from rooms import CAMPAIGN, FORECAST_SPARES, IDLE, TO_SPARE, room, variable

_ONE: Final = 'campaign="$campaign"'
_GONE: Final = "not running, and ended more than an hour ago"


def campaign() -> Any:
    board = room(
        CAMPAIGN,
        "Campaign",
        "One alert: how many have it, what became of the others, until when.",
        since="now-1h",
    ).with_variable(
        variable(
            "campaign",
            "Campaign",
            "label_values(broadcast_campaign_info, campaign)",
            "Alerts that run, are paused or ended within the hour.",
        )
    )
    for panel in (*_figures(), *_people(), *_course()):
        board = board.with_panel(panel)
    return board


def _figures() -> Iterator[Any]:
    recipients = f"broadcast_campaign_recipients{{{_ONE}"
    share = Panel(
        "Have it",
        "percentunit",
        "Of everybody who is to be sent to, those of whom a receipt says delivered.",
        _GONE,
        decimals=1,
    )
    yield figure(share, f"campaign:broadcast_delivered:share{{{_ONE}}}").span(4).height(4)
    for title, says, states in (
        ("People who have it", "Recipients with a receipt that says delivered.", "delivered"),
        (
            "Under way",
            "Waiting, in doubt, or accepted and without a receipt yet.",
            "waiting|in_doubt|accepted",
        ),
        (
            "Not reached",
            "Undeliverable, rejected, expired or unknown.",
            "undeliverable|rejected|expired|unknown",
        ),
    ):
        expr = f'sum(max by (state) ({recipients}, state=~"{states}"}}))'
        yield figure(Panel(title, "locale", says, _GONE), expr).span(3).height(4)
    left = Panel("Until the last is sent", "dtdurations", "At the pace of now.", IDLE)
    yield figure(left, f"campaign:broadcast_left:seconds{{{_ONE}}}").span(4).height(4)
    spare = Panel(
        "To spare before the expiry",
        "dtdurations",
        "From the forecast end to the expiry. Nothing leaves after it.",
        IDLE,
        FORECAST_SPARES,
    )
    yield (
        figure(spare, f"max(({TO_SPARE}) and on (campaign) broadcast_campaign_info{{{_ONE}}})")
        .span(4)
        .height(4)
    )
    yield _books()


def _books() -> Any:
    books = Panel(
        "The books",
        "short",
        "What the last recount of every recipient found that differs from the tallies.",
        "not recounted yet",
        (
            Level(None, WELL, "they balance"),
            Level(1, ACT, "a defect of ours: `broadcast campaign audit` explains each"),
        ),
        words={0: "balance"},
    )
    return figure(books, f"max(broadcast_campaign_audit_differences{{{_ONE}}})").span(3).height(4)


def _people() -> Iterator[Any]:
    people = Panel(
        "Recipients by state", "locale", "Everybody of the audience, each in one state.", _GONE, low=0
    )
    lines = [
        Line(f'max(broadcast_campaign_recipients{{{_ONE}, state="{state}"}})', state, colour)
        for state, colour in STATES.items()
    ]
    yield curve(people, lines, stacked=True).span(16).height(10)
    now = Panel("Now", "locale", "Recipients by state, in numbers.", _GONE, low=0)
    expr = f"max by (state) (broadcast_campaign_recipients{{{_ONE}}}) > 0"
    yield bars(now, (expr, "{{state}}")).span(8).height(10)


def _course() -> Iterator[Any]:
    pace = Panel(
        "People reached per second",
        "locale",
        "A flat line at 0 is a pause, or waits for receipts.",
        _GONE,
        low=0,
    )
    lines = [
        Line(f"campaign:broadcast_delivered:rate1m{{{_ONE}}}", "reached", STATES["delivered"], filled=True)
    ]
    yield curve(pace, lines).span(12).height(7)
    way = Panel("Share of the way", "percentunit", "Of everybody who is to be sent to.", _GONE, low=0, high=1)
    shares = (
        Line(f"campaign:broadcast_sent:share{{{_ONE}}}", "sent to", PLAIN, (12, 6)),
        Line(f"campaign:broadcast_delivered:share{{{_ONE}}}", "have it", STATES["delivered"]),
        Line(
            f"campaign:broadcast_to_send:count{{{_ONE}}} / on (campaign) broadcast_campaign_audience{{{_ONE}}}",
            "not left out, of the audience",
            GREY,
            (2, 6),
        ),
    )
    yield curve(way, shares).span(12).height(7)
    yield from _facts()


def _facts() -> Iterator[Any]:
    wrong = Panel(
        "What is wrong",
        "short",
        "What the diagnosis finds of it, by carrier (none: of all). `broadcast campaign watch` says what to run.",
        "nothing is wrong",
    )
    found = (Column(f"max by (code, carrier, grave) (broadcast_campaign_finding{{{_ONE}}})", ""),)
    yield rows(wrong, "code", found).span(12).height(6)
    facts = Panel(
        "Its times", "short", "When it was launched, expires, is forecast to end, was recounted.", _GONE
    )
    times = (
        Column(f"max by (campaign, state, category) (broadcast_campaign_info{{{_ONE}}})", ""),
        *(
            Column(
                f"1000 * max by (campaign) (broadcast_campaign_{metric}_timestamp_seconds{{{_ONE}}})",
                name,
                "dateTimeAsIso",
            )
            for metric, name in (
                ("launched", "launched"),
                ("forecast_end", "last sent"),
                ("expiry", "expires"),
                ("audit", "recounted"),
            )
        ),
    )
    yield rows(facts, "campaign", times).span(12).height(6)
