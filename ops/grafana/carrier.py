"""One carrier: its links, its pace against what is allowed, its answers and receipts, what is odd about it."""

from collections.abc import Iterator
from typing import Any, Final

from panels import (
    ACT,
    GREY,
    LOOK,
    ORANGE,
    PLAIN,
    PURPLE,
    SKY,
    STATES,
    VERMILION,
    WELL,
    WINE,
    Column,
    Level,
    Line,
    Panel,
    bands,
    bars,
    counted,
    curve,
    figure,
    rows,
)
from rooms import BOUND, CARRIER, WAITS, room, variable

_ONE: Final = 'carrier="$carrier"'
_NEVER: Final = "never in this time"
_UNSENT: Final = "nothing was sent in this time"
_ALARMING: Final = (Level(None, WELL, "none"), Level(1, LOOK, "look at it"))


def carrier() -> Any:
    board = room(
        CARRIER, "Carrier", "One carrier, from its links to the receipts that fit nothing."
    ).with_variable(
        variable(
            "carrier", "Carrier", "label_values(broadcast_carrier_tps, carrier)", "The carrier to look at."
        )
    )
    for panel in (*_figures(), *_pace(), *_people(), *_link(), *_odd()):
        board = board.with_panel(panel)
    return board


def _figures() -> Iterator[Any]:
    bound = Panel(
        "Links bound",
        "percentunit",
        "Of the links that workers keep.",
        "no worker has this carrier",
        BOUND,
        decimals=0,
    )
    links = f'sum(broadcast_links{{{_ONE}, state="bound"}}) / sum(broadcast_links{{{_ONE}}})'
    yield figure(bound, links).span(4).height(4)
    share = Panel(
        "Have it",
        "percentunit",
        "Of its people who are to be sent to, those who got it.",
        "no alert",
        decimals=1,
    )
    yield figure(share, f"carrier:broadcast_delivered:share{{{_ONE}}}").span(4).height(4)
    left = Panel("Until its last is sent", "dtdurations", "At the pace of the last minute.", "nobody waits")
    yield figure(left, f"carrier:broadcast_left:seconds{{{_ONE}}}").span(4).height(4)
    yield from _tests()


def _tests() -> Iterator[Any]:
    throttled = Panel(
        "Throttled",
        "percentunit",
        "Answers of the last minute that say too fast, or queue full.",
        "no answer in the last minute",
        (
            Level(None, WELL, "hardly any"),
            Level(0.005, LOOK, "some"),
            Level(0.02, ACT, "the carrier allows less"),
        ),
        decimals=1,
    )
    yield figure(throttled, f"carrier:broadcast_throttled:share1m{{{_ONE}}}").span(3).height(4)
    test = Panel(
        "Link test",
        "short",
        "The worst of its binds, as each was tried last; broadcast carrier links shows them.",
        "never tested",
        (Level(None, ACT, "some bind failed"), Level(1, WELL, "every bind was well")),
        words={0: "failed", 1: "well"},
    )
    yield figure(test, f"min(broadcast_link_test_success{{{_ONE}}})").span(3).height(4)
    tested = Panel(
        "Links tested", "s", "How long ago the bind that was tried first was tried.", "never", decimals=0
    )
    yield figure(tested, f"time() - min(broadcast_link_test_timestamp_seconds{{{_ONE}}})").span(3).height(4)
    certificate = Panel(
        "Certificate ends in",
        "dtdurations",
        "The first of ours and theirs to end.",
        "no TLS",
        (
            Level(None, ACT, "within a week"),
            Level(604_800, LOOK, "within a month"),
            Level(2_592_000, WELL, "later"),
        ),
    )
    ends = f"min(broadcast_certificate_expiry_timestamp_seconds{{{_ONE}}}) - time()"
    yield figure(certificate, ends).span(3).height(4)


def _pace() -> Iterator[Any]:
    pace = Panel(
        "Pace",
        "locale",
        "Segments per second: what is allowed, granted to workers, used.",
        "no worker has it",
        low=0,
    )
    lines = (
        Line(f"max(broadcast_carrier_tps{{{_ONE}}})", "allowed", GREY, (2, 6)),
        Line(f"sum(broadcast_tps_granted{{{_ONE}}})", "granted", SKY, (12, 6)),
        Line(f"sum(broadcast_tps_used{{{_ONE}}})", "used", PLAIN),
        Line(f"carrier:broadcast_submitted_segments:rate1m{{{_ONE}}}", "used, by the minute", PURPLE, (6, 3)),
        Line(f"carrier:broadcast_delivered:rate1m{{{_ONE}}}", "people reached", STATES["delivered"]),
    )
    yield curve(pace, lines).span(12).height(8)
    why = Panel(
        "Why its people wait",
        "percentunit",
        "Of the time in which its lanes had people waiting, by what held them.",
        "nobody waited",
        WAITS,
        low=0,
        high=1,
        decimals=0,
    )
    reasons = (
        f"sum by (reason) (rate(broadcast_paused_seconds_total{{{_ONE}}}[$__rate_interval]))"
        f" / on () group_left () count(broadcast_tps_granted{{{_ONE}}}) > 0.01"
    )
    yield bands(why, (reasons, "{{reason}}")).span(12).height(8)


def _people() -> Iterator[Any]:
    people = Panel("Recipients by state", "locale", "Of the alerts that the nation shows.", "no alert", low=0)
    states = [
        Line(f'max(broadcast_carrier_recipients{{{_ONE}, state="{state}"}})', state, colour)
        for state, colour in STATES.items()
    ]
    yield curve(people, states, stacked=True).span(12).height(8)
    yield _handset()
    yield from _answers()


def _handset() -> Any:
    handset = Panel(
        "Time to the handset",
        "s",
        "From the carrier's answer to the receipt, of what was delivered in the last minutes; dotted, what is usual.",
        "nothing was delivered of late",
        low=0,
    )
    now = [
        Line(f'max(broadcast_carrier_handset_seconds{{{_ONE}, quantile="{quantile}"}})', name, colour, dash)
        for quantile, name, colour, dash in (
            ("0.5", "half within", PLAIN, ()),
            ("0.9", "90 % within", ORANGE, (12, 6)),
            ("0.99", "99 % within", VERMILION, (6, 3)),
        )
    ]
    usual = [
        Line(
            f'max(broadcast_carrier_handset_usual_seconds{{{_ONE}, quantile="{quantile}"}})',
            name,
            colour,
            (2, 6),
        )
        for quantile, name, colour in (("0.5", "half, usually", GREY), ("0.99", "99 %, usually", WINE))
    ]
    return curve(handset, [*now, *usual]).span(12).height(8)


def _answers() -> Iterator[Any]:
    receipts = Panel("Receipts by state", "locale", "Per second, as workers take them.", _UNSENT, low=0)
    kinds = [
        Line(
            f'sum(rate(broadcast_receipts_total{{{_ONE}, state="{state}"}}[$__rate_interval]))',
            state,
            colour,
            dash,
        )
        for state, colour, dash in (
            ("delivered", STATES["delivered"], ()),
            ("undeliverable", STATES["undeliverable"], (12, 6)),
            ("rejected", STATES["rejected"], (6, 3)),
            ("expired", STATES["expired"], (2, 6)),
            ("intermediate", GREY, (12, 3, 3, 3)),
        )
    ]
    yield curve(receipts, kinds).span(12).height(7)
    answers = Panel(
        "Answers",
        "locale",
        "submit_sm_resp in the time shown, by command_status. ESME_ROK accepts; any other refuses.",
        _UNSENT,
        low=0,
    )
    said = f"sum by (status) {counted(f'broadcast_responses_total{{{_ONE}}}')} > 0"
    yield bars(answers, (said, "{{status}}")).span(12).height(7)


def _link() -> Iterator[Any]:
    links = Panel(
        "Links by state",
        "short",
        "How many are in which state: bound, and those that are not.",
        "no worker has this carrier",
        (Level(None, GREY, "none"), Level(1, PLAIN, "some")),
        decimals=0,
    )
    yield bands(links, (f"sum by (state) (broadcast_links{{{_ONE}}}) > 0", "{{state}}")).span(8).height(7)
    trips = Panel(
        "Round trips",
        "s",
        "From a submit_sm to its answer, and of enquire_link. A long one fills the window.",
        "no answer in this time",
        low=0,
    )
    lines = [
        Line(_quantile(metric, share), f"{name}{what}", colour, dash)
        for metric, what, colour in (("round_trip", "", PLAIN), ("enquire_link", ", enquire_link", ORANGE))
        for share, name, dash in ((0.5, "half within", ()), (0.99, "99 % within", (6, 3)))
    ]
    yield curve(trips, lines).span(8).height(7)
    window = Panel(
        "Window",
        "locale",
        "Segments without an answer, against the places for them. Full: the carrier answers too slowly.",
        "no link is bound",
        low=0,
    )
    places = (
        Line(f"sum(broadcast_window_segments{{{_ONE}}})", "places", GREY, (2, 6)),
        Line(f"sum(broadcast_in_flight_segments{{{_ONE}}})", "in flight", PLAIN),
    )
    yield curve(window, places).span(8).height(7)


def _quantile(metric: str, share: float) -> str:
    buckets = f"rate(broadcast_{metric}_seconds_bucket{{{_ONE}}}[$__rate_interval])"
    return f"histogram_quantile({share:g}, sum by (le) ({buckets}))"


def _odd() -> Iterator[Any]:
    wrong = Panel("What is wrong", "short", "What the diagnosis finds of it.", "nothing is wrong")
    columns = (Column(f"max by (code, grave) (broadcast_carrier_finding{{{_ONE}}})", ""),)
    yield rows(wrong, "code", columns).span(6).height(8)
    yield _counts(
        "Reconnects",
        "Links that were lost, by why.",
        ("broadcast_reconnects_total", "reason", ""),
    )
    yield _counts(
        "What fits nothing",
        "Receipts that fit no message, by why; what the profile does not know; what could not be read (it is kept).",
        ("broadcast_misfits_total", "reason", ""),
        ("broadcast_oddities_total", "kind", "unknown to the profile: "),
        ("broadcast_quarantined_total", "", "unreadable"),
    )
    yield _counts(
        "What people answered",
        "Texts from subscribers by kind of keyword, and how many opted out.",
        ("broadcast_replies_total", "kind", ""),
        ("broadcast_opt_outs_total", "", "opted out"),
        levels=(Level(None, PLAIN, ""),),
    )
    yield from _settling()


def _settling() -> Iterator[Any]:
    settling = Panel(
        "Settling",
        "s",
        "For how long its receipts wait to be settled.",
        "no resolver has it",
        (
            Level(None, WELL, "at once"),
            Level(10, LOOK, "late"),
            Level(60, ACT, "screens and reports lag behind"),
        ),
        low=0,
    )
    lag = Line(f"max(broadcast_resolve_lag_seconds{{{_ONE}}})", "receipts wait", PLAIN)
    yield curve(settling, [lag]).span(12).height(7)
    waiting = Panel(
        "What waits for receipts",
        "locale",
        "Segments in the resolver's memory, receipts that fit no message, receipts settled per second.",
        "no resolver has it",
        low=0,
    )
    lines = (
        Line(f"sum(broadcast_open_segments{{{_ONE}}})", "open segments", PLAIN),
        Line(
            f"max(broadcast_carrier_unmatched_receipts{{{_ONE}}})",
            "receipts that fit nothing",
            VERMILION,
            (6, 3),
        ),
        Line(f"sum(broadcast_parked_receipts{{{_ONE}}})", "parked receipts", WINE, (2, 6)),
        Line(
            f"sum(rate(broadcast_resolved_receipts_total{{{_ONE}}}[$__rate_interval]))",
            "settled/s",
            SKY,
            (12, 6),
        ),
    )
    yield curve(waiting, lines).span(12).height(7)


def _counts(title: str, says: str, *what: tuple[str, str, str], levels: tuple[Level, ...] = _ALARMING) -> Any:
    """Counters in the time shown, a bar each. what: (counter, its label or none, words before the label's value)."""
    panel = Panel(title, "locale", says, _NEVER, levels, low=0, decimals=0)
    queries = [
        (
            f"sum by ({label}) {counted(f'{counter}{{{_ONE}}}')} > 0",
            f"{before}{{{{{label}}}}}" if label else before,
        )
        for counter, label, before in what
    ]
    return bars(panel, *queries).span(6).height(8)
