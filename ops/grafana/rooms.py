"""What the four dashboards share: their names, how they lead to each other, their variables."""

from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models
from panels import ACT, LOOK, SOURCE, WELL, Level, Panel

TAG: Final = "broadcast"
NATION: Final = "broadcast-nation"
CARRIER: Final = "broadcast-carrier"
CAMPAIGN: Final = "broadcast-campaign"
WORKERS: Final = "broadcast-workers"

GRAVE: Final = 'grave="true"'
IDLE: Final = "nothing is being sent"

TO_SPARE: Final = (
    "broadcast_campaign_expiry_timestamp_seconds"
    " - on (campaign) broadcast_campaign_forecast_end_timestamp_seconds"
)
FORECAST_SPARES: Final = (
    Level(None, ACT, "the forecast end is after the expiry, and who is left then is not told"),
    Level(0, LOOK, "less than five minutes to spare"),
    Level(300, WELL, "time enough"),
)
BOUND: Final = (
    Level(None, ACT, "no link is bound, and its subscribers wait"),
    Level(0.01, LOOK, "some link is missing"),
    Level(1, WELL, "every link is bound"),
)
WAITS: Final = (
    Level(None, WELL, "hardly ever"),
    Level(0.1, LOOK, "at times"),
    Level(0.5, ACT, "most of the time"),
)
AGE: Final = Panel(
    "Age of the figures",
    "s",
    "Since the exporter read the databases last; it does every 2 s.",
    "no exporter",
    (
        Level(None, WELL, "they are of now"),
        Level(15, LOOK, "late, the databases are slow"),
        Level(60, ACT, "old; believe no figure, look at the exporter and the databases"),
    ),
    decimals=0,
)


def room(uid: str, title: str, says: str, *, since: str = "now-30m") -> Any:
    """An empty dashboard. Files of a repository are its only source, so nobody edits it in Grafana."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(says)
        .tags([TAG])
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .refresh("5s")
        .timezone("browser")
        .time(since, "now")
        .timepicker(dashboard.TimePicker().refresh_intervals(["5s", "10s", "30s", "1m"]))
        .link(
            dashboard.DashboardLink("Broadcast")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .keep_time(True)
            .include_vars(False)
            .as_dropdown(False)
        )
        .with_variable(
            dashboard.DatasourceVariable("datasource")
            .label("Data source")
            .type("prometheus")
            .hide(models.VariableHide.HIDE_VARIABLE)
        )
    )


def variable(name: str, label: str, query: str, says: str, *, many: bool = False) -> Any:
    """Values of a label, in order. many: several at once, and all of them at first, also what has no such label."""
    found = (
        dashboard.QueryVariable(name)
        .label(label)
        .description(says)
        .query({"query": query, "refId": name})
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(many)
        .include_all(many)
    )
    if many:
        everything = models.VariableOption(text="All", value="$__all")
        found = found.all_value(".*").current(everything)
    return found
