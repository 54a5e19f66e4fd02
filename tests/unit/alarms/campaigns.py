"""Alarms of alerts to the public: what fires each, and what does not."""

from unit.alarms.case import Case, finding, told, turned

_WAITING = 'broadcast_campaign_recipients{{campaign="{}", state="waiting"}}'
_INFO = 'broadcast_campaign_info{{campaign="{}", state="{}", category="emergency"}}'

CAMPAIGNS = (
    told(
        "BroadcastExpiryAtRisk", "expiry_at_risk", "Campaign flood will not reach everybody before it expires"
    ),
    Case(
        "BroadcastStalled",
        {_WAITING.format("flood"): "9000-500x11 3000x300"},
        {"campaign": "flood"},
        "3000 people wait for campaign flood, and nothing is sent",
        {
            _INFO.format("flood", "running"): "1x400",
            # it moves; it waits for the end of its quiet hours; it is through
            _WAITING.format("storm"): "90000-10x400",
            _INFO.format("storm", "running"): "1x400",
            _WAITING.format("notice"): "70x400",
            _INFO.format("notice", "running"): "1x400",
            finding("quiet", of="campaign").replace("flood", "notice"): "1x400",
            # whoever waits is held by a cap
            _WAITING.format("offer"): "70x400",
            _INFO.format("offer", "running"): "1x400",
            finding("capped", of="campaign", grave="false").replace("flood", "offer"): "1x400",
            _WAITING.format("drill"): "0x400",
            _INFO.format("drill", "running"): "1x400",
        },
    ),
    told(
        "BroadcastHeld",
        "first_share_failed",
        "Campaign flood waits for somebody to decide (first_share_failed)",
        coded=True,
    ),
    told("BroadcastPaused", "paused", "Campaign flood has been paused for a quarter of an hour"),
    told("BroadcastOverridden", "overridden", "Campaign flood was approved by one person alone, by override"),
    Case(
        "BroadcastAuditDifference",
        {'broadcast_campaign_audit_differences{campaign="flood"}': turned("0", "2")},
        {"campaign": "flood"},
        "The books of campaign flood do not balance (2 differences)",
        {'broadcast_campaign_audit_differences{campaign="storm"}': "0x400"},
    ),
    Case(
        "BroadcastInDoubt",
        {'broadcast_submitted_segments_total{carrier="viettel", instance="a"}': "0+500x11 5500x300"},
        {"carrier": "viettel"},
        "7 recipients at viettel stay in doubt",
        {
            'broadcast_carrier_recipients{carrier="viettel", state="in_doubt"}': "7x400",
            'broadcast_carrier_recipients{carrier="mobifone", state="in_doubt"}': "30x400",
            'broadcast_submitted_segments_total{carrier="mobifone", instance="a"}': "0+500x400",
        },
    ),
    Case(
        "BroadcastInDoubtGrows",
        {'broadcast_carrier_recipients{carrier="viettel", state="in_doubt"}': turned("90", "5201")},
        {"carrier": "viettel"},
        "5201 recipients at viettel are in doubt, more than can be on the wire",
        {
            'broadcast_window_segments{carrier="viettel", instance="a"}': "100x400",
            'broadcast_window_segments{carrier="viettel", instance="b"}': "100x400",
            'broadcast_carrier_tps{carrier="viettel"}': "500x400",
            'broadcast_carrier_recipients{carrier="mobifone", state="in_doubt"}': "5200x400",
            'broadcast_window_segments{carrier="mobifone", instance="a"}': "200x400",
            'broadcast_carrier_tps{carrier="mobifone"}': "500x400",
        },
    ),
)
