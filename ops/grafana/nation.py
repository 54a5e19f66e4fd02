"""The nation: one screen for a wall, which answers how many have it, until when, and what is wrong."""

from collections.abc import Iterator
from typing import Any, Final

from panels import (
    ACT,
    GREEN,
    GREY,
    LOOK,
    PLAIN,
    PURPLE,
    SKY,
    WELL,
    Column,
    Level,
    Line,
    Panel,
    bands,
    curve,
    figure,
    rows,
)
from rooms import AGE, BOUND, CAMPAIGN, CARRIER, FORECAST_SPARES, GRAVE, IDLE, NATION, TO_SPARE, WAITS, room

_NO_ALERT: Final = "no alert"


def nation() -> Any:
    board = room(
        NATION,
        "Nation",
        "How many have it, until when, which carrier is sick. Alerts that run, are paused, or ended within the hour.",
    )
    for panel in (*_figures(), *_reach(), *_trouble(), *_pace()):
        board = board.with_panel(panel)
    return board


def _figures() -> Iterator[Any]:
    share = Panel(
        "Have it",
        "percentunit",
        "Of everybody who is to be sent to, those of whom a receipt says delivered.",
        _NO_ALERT,
        decimals=1,
    )
    people = Panel("People who have it", "locale", "Who has a receipt that says delivered.", _NO_ALERT)
    everybody = Panel("Of", "locale", "The audience without those who were left out.", _NO_ALERT)
    left = Panel(
        "Until the last is sent", "dtdurations", "At the pace of now, of the alert that takes longest.", IDLE
    )
    spare = Panel(
        "To spare before the expiry",
        "dtdurations",
        "From the forecast end of an alert until its expiry, of that with the least. Nothing leaves after it.",
        IDLE,
        FORECAST_SPARES,
    )
    for what, expr in (
        (share, "nation:broadcast_delivered:share"),
        (people, "nation:broadcast_delivered:count"),
        (everybody, "nation:broadcast_to_send:count"),
        (left, "nation:broadcast_left:seconds"),
        (spare, f"min({TO_SPARE})"),
    ):
        yield figure(what, expr).span(4).height(5)
    yield from _trusted()


def _trusted() -> Iterator[Any]:
    wrong = Panel(
        "Grave",
        "short",
        "Grave findings of the diagnosis; the table below names them.",
        "0",
        (Level(None, WELL, "nothing grave"), Level(1, ACT, "act: the table below says on what")),
    )
    grave = f'count({{__name__=~"broadcast_(campaign|carrier)_finding", {GRAVE}}})'
    yield figure(wrong, grave).span(2).height(5)
    age = "time() - max(broadcast_exporter_read_timestamp_seconds)"
    yield figure(AGE, age).span(2).height(5)


def _reach() -> list[Any]:
    reach = Panel(
        "How many have it",
        "locale",
        "People of all alerts shown. Between the lower two lines are those without a receipt that says delivered.",
        _NO_ALERT,
        low=0,
    )
    lines = (
        Line("nation:broadcast_to_send:count", "to be reached", GREY, (2, 6)),
        Line("nation:broadcast_sent:share * nation:broadcast_to_send:count", "sent to", SKY, (12, 6)),
        Line("nation:broadcast_delivered:count", "have it", GREEN, filled=True),
    )
    alerts = Panel(
        "Alerts",
        "short",
        "Each that runs, is paused or ended within the hour; its name leads to its own dashboard.",
        "no alert runs, and none ended within the hour",
    )
    columns = (
        Column("max by (campaign, state, category) (broadcast_campaign_info)", ""),
        Column("campaign:broadcast_delivered:share", "have it", "percentunit", decimals=1),
        Column("campaign:broadcast_to_send:count", "of", "locale"),
        Column("campaign:broadcast_left:seconds", "last sent in", "dtdurations"),
        Column(
            f"max by (campaign) ({TO_SPARE})",
            "to spare",
            "dtdurations",
            FORECAST_SPARES,
        ),
    )
    return [
        curve(reach, lines).span(12).height(9),
        rows(alerts, "campaign", columns, CAMPAIGN).span(12).height(9),
    ]


def _trouble() -> list[Any]:
    carriers = Panel(
        "Carriers",
        "short",
        "Each that is connected; its name leads to its own dashboard.",
        "no carrier is connected",
    )
    wrong = Panel(
        "What is wrong",
        "short",
        "What the diagnosis finds, by carrier (none: of all). `broadcast campaign watch` says what to run.",
        "nothing is wrong",
    )
    alarms = Panel(
        "Alarms",
        "short",
        "Alerts of Prometheus that fire; each has a runbook in ops/runbooks.",
        "no alarm",
    )
    findings = (
        Column("max by (carrier, code, grave) (broadcast_carrier_finding)", ""),
        Column("count by (carrier, code, grave) (broadcast_campaign_finding)", "alerts"),
    )
    firing = (Column('count by (alertname, severity) (ALERTS{alertstate="firing"})', "times"),)
    return [
        rows(carriers, "carrier", _carriers(), CARRIER).span(12).height(8),
        rows(wrong, "code", findings).span(7).height(8),
        rows(alarms, "alertname", firing).span(5).height(8),
    ]


def _carriers() -> tuple[Column, ...]:
    return (
        Column(
            'sum by (carrier) (broadcast_links{state="bound"}) / sum by (carrier) (broadcast_links)',
            "links bound",
            "percentunit",
            BOUND,
            decimals=0,
        ),
        Column("sum by (carrier) (broadcast_tps_used)", "segments/s", "locale"),
        Column("max by (carrier) (broadcast_carrier_tps)", "allowed", "locale"),
        Column("carrier:broadcast_delivered:share", "have it", "percentunit", decimals=1),
        Column('max by (carrier) (broadcast_carrier_recipients{state="waiting"})', "waiting", "locale"),
        Column('max by (carrier) (broadcast_carrier_handset_seconds{quantile="0.5"})', "half within", "s"),
        Column(
            "carrier:broadcast_throttled:share1m",
            "throttled",
            "percentunit",
            (Level(None, WELL, "none"), Level(0.001, LOOK, "some"), Level(0.02, ACT, "more than 2 %")),
            decimals=1,
        ),
    )


def _pace() -> list[Any]:
    pace = Panel(
        "Pace",
        "locale",
        "Per second: segments that left us, and people who got it, all carriers. A flat line at 0 is a pause.",
        "nothing was sent yet",
        low=0,
    )
    lines = (
        Line("sum(max by (carrier) (broadcast_carrier_tps))", "allowed", GREY, (2, 6)),
        Line("nation:broadcast_submitted_segments:rate1m", "segments", PLAIN, (12, 6)),
        Line("nation:broadcast_delivered:rate1m", "people reached", PURPLE),
    )
    why = Panel(
        "Why people wait",
        "percentunit",
        "Of the time of lanes that had people waiting, the share in which each reason held them.",
        "nobody waits",
        WAITS,
        low=0,
        high=1,
        decimals=0,
    )
    reasons = (
        "sum by (reason) (rate(broadcast_paused_seconds_total[$__rate_interval]))"
        " / on () group_left () count(broadcast_tps_granted) > 0.01"
    )
    return [curve(pace, lines).span(12).height(5), bands(why, (reasons, "{{reason}}")).span(12).height(5)]
