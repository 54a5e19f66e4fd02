"""A report that is made up."""

from datetime import UTC, datetime

from broadcast.audience.subscribers import PastImport
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.campaign.lifecycle import CampaignState
from broadcast.ledger.books import Doubt
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import AuditResult
from broadcast.reports.pauses import Steadiness
from broadcast.reports.progress import CarrierProgress, Progress
from broadcast.reports.received import Oddity
from broadcast.reports.report import Reason, Report, Times

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BALANCED = AuditResult(True, 113, 113, (), ())


def states(**counts: int) -> dict[str, int]:
    return {state.column: 0 for state in RecipientState} | counts


def made_up() -> Report:
    campaign = Campaign(
        campaign_id=1, name="<wash>", category="health", priority=5, sender="BOYTE",
        text="Rửa tay <script>x</script>", alphabet="ucs2", carriers=("viettel", "gmobile"),
        in_doubt_policy="hold", grace_s=30, expires_at=AT, state=CampaignState.FINISHED, drafted_by="an",
        drafted_at=AT, hears_opted_out=False, approved_by="binh", approved_at=AT, approved_hash=b"", launched_by="binh",
        launched_at=AT, finished_at=AT, audience=113, segments=4,
    )  # fmt: skip
    viettel = CarrierProgress("viettel", 100, 1, 440, states(delivered=100, undeliverable=10))
    gmobile = CarrierProgress("gmobile", None, 0, 0, states(excluded=3))
    return Report(
        campaign=campaign,
        took_s=75.0,
        progress=Progress(AT, "finished", True, True, 4, 0, (viettel, gmobile)),
        exclusions=(Reason("gmobile", "excluded", "not_connected", 3),),
        failures=(Reason("viettel", "undeliverable", "<012>", 10),),
        doubts=(Doubt("viettel", "worker_lost", None, 1),),
        oddities=(Oddity("viettel", "receipt_state", "SEEN&", 12, AT, AT),),
        imports=(PastImport(1, "people.csv", AT, AT, 120, 113, 0, 4, {"landline": 3}, {}),),
        events=(CampaignEvent(AT, "an", "drafted", {"hash": "00"}),),
        times=Times(1.0, {"viettel": {0: 60, 9: 50}}, {"viettel": {2: 100, 7: 10}}),
        steadiness={"viettel": Steadiness(0.9449, 2.25)},
    )
