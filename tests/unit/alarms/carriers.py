"""Alarms of carriers: what fires each, and what does not."""

from unit.alarms.case import Case, ending, finding, found, growing, new, turned

SHOW = "`broadcast carrier show viettel`"

CARRIERS = (
    found(
        "BroadcastCarrierDown",
        "binds_down",
        "Nothing can be sent to viettel (binds_down)",
        coded=True,
    ),
    Case(
        "BroadcastBindMissing",
        {finding("binds_down", grave="false"): new()},
        {"carrier": "viettel"},
        "Some binds of viettel are not up, or are lost again and again",
        {finding("binds_down", "mobifone"): "1x400"},
        f"The others carry what they can. {SHOW} says why.",
    ),
    found("BroadcastCannotSend", "cannot_send", "An alert cannot go through viettel"),
    found(
        "BroadcastCarrierSlow",
        "window_full",
        "viettel is sent to more slowly than it may be (window_full)",
        coded=True,
        grave="false",
    ),
    found("BroadcastThrottled", "slowed", "viettel says that it is sent to too fast", grave="false"),
    Case(
        "BroadcastRefuses",
        {
            finding("refused", grave="false"): new(),
            'broadcast_responses_total{carrier="viettel", status="ESME_RINVSRCADR"}': "0x12 10+10x300",
        },
        {"carrier": "viettel", "status": "ESME_RINVSRCADR"},
        "viettel refuses 10% with ESME_RINVSRCADR",
        {
            'broadcast_responses_total{carrier="viettel", status="ESME_ROK"}': "0+89x400",
            'broadcast_responses_total{carrier="viettel", status="ESME_RTHROTTLED"}': "0x12 1+1x300",
            # as many as ever: the diagnosis knows what is usual
            'broadcast_responses_total{carrier="mobifone", status="ESME_ROK"}': "0+90x400",
            'broadcast_responses_total{carrier="mobifone", status="ESME_RINVDSTADR"}': "0+10x400",
        },
        f"More than usual. {SHOW} says what the status means.",
    ),
    found("BroadcastRefusesMost", "refused", "viettel refuses most messages"),
    found(
        "BroadcastReceiptsMissing",
        "receipts_missing",
        "viettel accepts messages and sends no receipts",
    ),
    Case(
        "BroadcastReceiptsMissing",
        {finding("receipts_missing"): new(), finding("binds_down"): new()},
        None,
        "",
    ),
    found("BroadcastReceiptsMisfit", "receipts_misfit", "Receipts of viettel fit no message"),
    found(
        "BroadcastIdsComeAgain",
        "ids_come_again",
        "Message ids of viettel come again, and its receipts name no number",
    ),
    found(
        "BroadcastReceiptsUnclear",
        "receipts_unknown",
        "What the receipts of viettel say is not known (receipts_unknown)",
        coded=True,
        description=f"{SHOW} names the words; carriers.toml can explain them.",
    ),
    growing(
        "BroadcastUnreadable",
        "broadcast_quarantined_total",
        {"carrier": "viettel"},
        "viettel sent what could not be read",
    ),
    growing(
        "BroadcastProfileIncomplete",
        "broadcast_oddities_total",
        {"carrier": "viettel", "kind": "status"},
        "viettel says things that its profile does not know (status)",
        f"{SHOW} names them; carriers.toml can say what they mean. Until then "
        "unknown statuses count as refused for good, and unknown states of receipts as not final.",
    ),
    Case(
        "BroadcastHandsetSlow",
        {'broadcast_carrier_handset_seconds{carrier="viettel", quantile="0.9"}': turned("20", "90")},
        {"carrier": "viettel"},
        "viettel needs 1m 30s for nine in ten, twice its usual time",
        {
            'broadcast_carrier_handset_usual_seconds{carrier="viettel", quantile="0.9"}': "25x400",
            'broadcast_carrier_handset_usual_seconds{carrier="viettel", quantile="0.5"}': "1x400",
            'broadcast_submitted_segments_total{carrier="viettel", instance="a"}': "0+500x400",
            # everybody was sent to, and the last are those whose telephones are off
            'broadcast_carrier_handset_seconds{carrier="itelecom", quantile="0.9"}': turned("20", "90"),
            'broadcast_carrier_handset_usual_seconds{carrier="itelecom", quantile="0.9"}': "25x400",
            'broadcast_submitted_segments_total{carrier="itelecom", instance="a"}': "5500x400",
            # three times the usual, and nobody would notice; slow as ever; nothing known of before
            'broadcast_carrier_handset_seconds{carrier="mobifone", quantile="0.9"}': "9x400",
            'broadcast_carrier_handset_usual_seconds{carrier="mobifone", quantile="0.9"}': "3x400",
            'broadcast_carrier_handset_seconds{carrier="vinaphone", quantile="0.9"}': "300x400",
            'broadcast_carrier_handset_usual_seconds{carrier="vinaphone", quantile="0.9"}': "200x400",
            'broadcast_carrier_handset_seconds{carrier="gmobile", quantile="0.9"}': "300x400",
            **{
                f'broadcast_submitted_segments_total{{carrier="{carrier}", instance="a"}}': "0+500x400"
                for carrier in ("mobifone", "vinaphone", "gmobile")
            },
        },
    ),
    Case(
        "BroadcastLinkTestFailed",
        {'broadcast_link_test_success{carrier="viettel", bind="1"}': turned("1", "0")},
        {"carrier": "viettel", "bind": "1"},
        "No address of bind 1 of viettel was open when it was tried",
        {'broadcast_link_test_success{carrier="viettel", bind="2"}': "1x400"},
        "The next alert needs it. `broadcast carrier check viettel` says where the way ends.",
    ),
    Case(
        "BroadcastLinkTestFailed",
        {
            'broadcast_link_test_success{carrier="viettel", bind="1"}': turned("1", "0"),
            finding("binds_down"): new(),
        },
        None,
        "",
    ),
    Case(
        "BroadcastCertificateEnds",
        {ending("ours", "a"): "1814460x400"},
        {"carrier": "viettel", "whose": "ours"},
        "A certificate of viettel (ours) ends in 20d 23h 59m 30s",
        {
            ending("ours", "b"): "1900000x400",
            ending("theirs", "a"): "1900000x400",
        },
    ),
    Case(
        "BroadcastCertificateEnding",
        {ending("theirs", "a"): "172860x400"},
        {"carrier": "viettel", "whose": "theirs"},
        "A certificate of viettel (theirs) ends in 1d 23h 59m 30s",
        {ending("ours", "a"): "1900000x400"},
    ),
)  # fmt: skip
