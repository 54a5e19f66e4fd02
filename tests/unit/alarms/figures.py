"""What each recorded figure is made of, and what it must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """One recorded figure, two minutes in. values: its labels as PromQL writes them -> what it is; empty: it is not
    there."""

    record: str
    series: Mapping[str, str]
    values: Mapping[str, float]


def _states(of: str, name: str, **states: str) -> dict[str, str]:
    return {
        f'broadcast_{of}_recipients{{{of}="{name}", state="{state}"}}': each for state, each in states.items()
    }


_SENT: Final = {
    'broadcast_submitted_segments_total{carrier="viettel", instance="a"}': "0+500x40",
    'broadcast_submitted_segments_total{carrier="viettel", instance="b"}': "0+250x40",
    'broadcast_submitted_segments_total{carrier="mobifone", instance="a"}': "0+50x40",
}
# a campaign that left takes its people along
_CARRIERS: Final = {
    **_states(
        "carrier", "viettel", waiting="1000-20x40", delivered="0+15x40", accepted="100x40", excluded="70x40"
    ),
    **_states("carrier", "mobifone", waiting="0x40", delivered="900-10x40", rejected="30x40"),
}
_CAMPAIGNS: Final = {
    **_states(
        "campaign", "flood", waiting="250x40", delivered="0+20x40", accepted="510-20x40", excluded="70x40"
    ),
    **_states("campaign", "drill", waiting="0x40", delivered="240x40"),
    **_states("campaign", "none", waiting="0x40", delivered="0x40", excluded="70x40"),
}
_ANSWERS: Final = {
    'broadcast_responses_total{carrier="viettel", status="ESME_ROK"}': "0+75x40",
    'broadcast_responses_total{carrier="viettel", status="ESME_RTHROTTLED"}': "0+20x40",
    'broadcast_responses_total{carrier="viettel", status="vendor"}': "0+5x40",
    'broadcast_throttled_total{carrier="viettel"}': "0+20x40",
    'broadcast_responses_total{carrier="mobifone", status="ESME_ROK"}': "7x40",
}
_FLOOD, _DRILL = '{campaign="flood"}', '{campaign="drill"}'
_VIETTEL, _MOBIFONE = '{carrier="viettel"}', '{carrier="mobifone"}'

FIGURES: Final = (
    Figure("carrier:broadcast_submitted_segments:rate1m", _SENT, {_VIETTEL: 150, _MOBIFONE: 10}),
    Figure("nation:broadcast_submitted_segments:rate1m", _SENT, {"": 160}),
    Figure("carrier:broadcast_delivered:rate1m", _CARRIERS, {_VIETTEL: 3, _MOBIFONE: 0}),
    Figure("campaign:broadcast_delivered:rate1m", _CAMPAIGNS, {_FLOOD: 4, _DRILL: 0, '{campaign="none"}': 0}),
    Figure("nation:broadcast_delivered:rate1m", _CARRIERS, {"": 3}),
    Figure(
        "campaign:broadcast_to_send:count", _CAMPAIGNS, {_FLOOD: 760, _DRILL: 240, '{campaign="none"}': 0}
    ),
    Figure("carrier:broadcast_to_send:count", _CARRIERS, {_VIETTEL: 980, _MOBIFONE: 690}),
    Figure("nation:broadcast_to_send:count", _CAMPAIGNS, {"": 1000}),
    Figure("campaign:broadcast_delivered:share", _CAMPAIGNS, {_FLOOD: 480 / 760, _DRILL: 1}),
    Figure("carrier:broadcast_delivered:share", _CARRIERS, {_VIETTEL: 360 / 980, _MOBIFONE: 660 / 690}),
    Figure("nation:broadcast_delivered:count", _CAMPAIGNS, {"": 720}),
    Figure("nation:broadcast_delivered:share", _CAMPAIGNS, {"": 0.72}),
    Figure("campaign:broadcast_sent:share", _CAMPAIGNS, {_FLOOD: 1 - 250 / 760, _DRILL: 1}),
    Figure("nation:broadcast_sent:share", _CAMPAIGNS, {"": 0.75}),
    Figure(
        "campaign:broadcast_left:seconds",
        {
            'broadcast_campaign_forecast_end_timestamp_seconds{campaign="flood"}': "300x40",
            'broadcast_campaign_forecast_end_timestamp_seconds{campaign="drill"}': "90x40",
        },
        {_FLOOD: 180, _DRILL: 0},
    ),
    Figure(
        "nation:broadcast_left:seconds",
        {
            'broadcast_campaign_forecast_end_timestamp_seconds{campaign="flood"}': "300x40",
            'broadcast_campaign_forecast_end_timestamp_seconds{campaign="drill"}': "90x40",
        },
        {"": 180},
    ),
    Figure("carrier:broadcast_left:seconds", _CARRIERS, {_VIETTEL: 520 / 4}),
    Figure(
        "campaign:broadcast_to_expiry:seconds",
        {
            'broadcast_campaign_expiry_timestamp_seconds{campaign="flood"}': "3720x40",
            'broadcast_campaign_expiry_timestamp_seconds{campaign="drill"}': "90x40",
        },
        {_FLOOD: 3600, _DRILL: 0},
    ),
    Figure("carrier:broadcast_throttled:share1m", _ANSWERS, {_VIETTEL: 0.2}),
    Figure(
        "carrier_status:broadcast_refused:share1m",
        _ANSWERS,
        {'{carrier="viettel", status="vendor"}': 0.05},
    ),
    Figure(
        "carrier:broadcast_window_used:share",
        {
            'broadcast_in_flight_segments{carrier="viettel", instance="a"}': "30x40",
            'broadcast_in_flight_segments{carrier="viettel", instance="b"}': "20x40",
            'broadcast_window_segments{carrier="viettel", instance="a"}': "100x40",
            'broadcast_window_segments{carrier="viettel", instance="b"}': "100x40",
            'broadcast_in_flight_segments{carrier="mobifone", instance="a"}': "0x40",
            'broadcast_window_segments{carrier="mobifone", instance="a"}': "0x40",
        },
        {_VIETTEL: 0.25},
    ),
)
