"""What the dashboards are made of: panels, each with a unit, what it says, what stands there while there is nothing,
and what its colours mean.

Colours are Okabe and Ito's, which people with any kind of colour blindness tell apart; and nothing is said by colour
alone: a line has its own name and dash, a row and a bar its name beside it, a number stands on its colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
YELLOW: Final = "#F0E442"
WINE: Final = "#882255"
GREY: Final = "#999999"
SLATE: Final = "#5A6470"

WELL: Final = GREEN
LOOK: Final = ORANGE
ACT: Final = VERMILION
PLAIN: Final = BLUE  # of a figure that is neither good nor bad

# In the order in which they lie on each other.
STATES: Final = {
    "delivered": GREEN,
    "accepted": SKY,
    "in_doubt": YELLOW,
    "waiting": GREY,
    "undeliverable": WINE,
    "rejected": VERMILION,
    "expired": ORANGE,
    "unknown": PURPLE,
    "excluded": SLATE,
}


@dataclass(frozen=True, slots=True)
class Level:
    """From this value on (None: from the lowest) a figure has this colour, which means this."""

    at: float | None
    colour: str
    means: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What every panel has. unit: a word of Grafana's; says: one or two sentences; empty: stands there without data.

    words: values that are shown as words; low, high: ends of the axis or bar; decimals: None lets Grafana choose.
    """

    title: str
    unit: str
    says: str
    empty: str
    levels: Sequence[Level] = (Level(None, PLAIN, ""),)
    words: dict[int, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    decimals: int | None = None

    @property
    def description(self) -> str:
        """With the meaning of its colours, for who does not see them."""
        meanings = [each for each in self.levels if each.means]
        return " ".join([self.says, *(self._meaning(each) for each in meanings)])

    def _meaning(self, level: Level) -> str:
        return f"{'Otherwise' if level.at is None else f'From {level.at:g}'}: {level.means}."

    def dressed(self, panel: Any) -> Any:
        """The same of every kind."""
        panel = (
            panel.title(self.title)
            .description(self.description)
            .datasource(SOURCE)
            .unit(self.unit)
            .no_value(self.empty)
            .thresholds(thresholds(self.levels))
        )
        for name, value in (("min", self.low), ("max", self.high), ("decimals", self.decimals)):
            if value is not None:
                panel = getattr(panel, name)(value)
        if self.words:
            panel = panel.mappings([words(self.words)])
        return panel


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a curve. dash: lengths of strokes and gaps in pixels, none for a whole line; filled: down to 0."""

    expr: str
    name: str
    colour: str
    dash: tuple[int, ...] = ()
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, from a query that has a row a label. name "": the query gives labels alone, no value."""

    expr: str
    name: str
    unit: str = "short"
    levels: Sequence[Level] = ()
    words: dict[int, str] = field(default_factory=dict)
    decimals: int | None = None


def figure(what: Panel, expr: str) -> Any:
    """One large number; its colour fills the tile where it can mean something."""
    speaks = len(what.levels) > 1
    mode = looks.BigValueColorMode.BACKGROUND_SOLID if speaks else looks.BigValueColorMode.NONE
    return (
        what.dressed(stat.Panel())
        .color_scheme(_by_level())
        .color_mode(mode)
        .graph_mode(looks.BigValueGraphMode.NONE)
        .reduce_options(_last())
        .with_target(query(expr).instant())
    )


def curve(what: Panel, lines: Sequence[Line], *, stacked: bool = False) -> Any:
    """Lines over time, each with a colour, a dash and a name of its own, and its last value beside the name."""
    panel = (
        what.dressed(timeseries.Panel())
        .line_width(2)
        .fill_opacity(0)
        .span_nulls(False)
        .show_points(looks.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(looks.LegendDisplayMode.TABLE)
            .placement(looks.LegendPlacement.RIGHT)
            .calcs(["lastNotNull"])
        )
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    if stacked:
        panel = (
            panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
            .fill_opacity(70)
            .line_width(1)
        )
    if len(what.levels) > 1:
        panel = panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.DASHED)
        )
    for line in lines:
        panel = panel.with_target(query(line.expr, line.name).range()).override_by_name(
            line.name, _look(line)
        )
    return panel


def bars(what: Panel, *queries: tuple[str, str]) -> Any:
    """A bar a series, its name at its left and its number at its right. queries: (expression, legend)."""
    panel = (
        what.dressed(bargauge.Panel())
        .color_scheme(_by_level())
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .name_placement(looks.BarGaugeNamePlacement.LEFT)
        .value_mode(looks.BarGaugeValueMode.TEXT)
        .show_unfilled(True)
        .reduce_options(_last())
    )
    for expr, legend in queries:
        panel = panel.with_target(query(expr, legend).instant())
    return panel


def bands(what: Panel, *queries: tuple[str, str]) -> Any:
    """A row a series, its name at its left, over time; its colour is its level. queries: (expression, legend)."""
    panel = (
        what.dressed(statetimeline.Panel())
        .color_scheme(_by_level())
        .merge_values(True)
        .show_value(looks.VisibilityMode.AUTO)
        .row_height(0.8)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(looks.LegendDisplayMode.LIST)
            .placement(looks.LegendPlacement.BOTTOM)
            .calcs([])
        )
    )
    for expr, legend in queries:
        panel = panel.with_target(query(expr, legend).range())
    return panel


def rows(what: Panel, by: str, columns: Sequence[Column], to: str = "", hide: Sequence[str] = ()) -> Any:
    """A row for each value of the label `by`, which leads to another dashboard where `to` is its uid."""
    panel = what.dressed(table.Panel()).color_scheme(_by_level()).cell_height(looks.TableCellHeight.SM)
    for letter, column in zip("ABCDEFGHIJKLMNOP", columns, strict=False):
        asked = query(column.expr).instant().format(PromQueryFormat.TABLE).ref_id(letter)
        panel = panel.with_target(asked)
        if column.name:
            panel = panel.override_by_name(column.name, _cell(column))
    return (
        panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(_named(by, columns, hide))
        .override_by_name(by, _link(by, to))
        .sort_by([common.TableSortByFieldState().display_name(by)])
    )


def counted(counter: str) -> str:
    """What a counter, with its selector, counted in the time shown, series by series.

    One that was not there when that began has counted all of it since: `increase` alone would not see its first event,
    with which it came.
    """
    return f"(({counter} unless {counter} offset $__range) or increase({counter}[$__range]))"


def query(expr: str, legend: str = "__auto") -> Any:
    return prometheus.Dataquery().expr(expr).legend_format(legend).datasource(SOURCE)


def thresholds(levels: Sequence[Level]) -> Any:
    steps = [models.Threshold(value=each.at, color=each.colour) for each in levels]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def words(said: dict[int, str]) -> models.ValueMap:
    """Values as words: {0: "failed", 1: "well"}."""
    return models.ValueMap(
        options={
            str(value): models.ValueMappingResult(text=text, index=place)
            for place, (value, text) in enumerate(said.items())
        }
    )


def _by_level() -> Any:
    return dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)


def _last() -> Any:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)


def _look(line: Line) -> list[models.DynamicConfigValue]:
    style = {"fill": "dash", "dash": list(line.dash)} if line.dash else {"fill": "solid"}
    look: dict[str, object] = {
        "color": {"mode": "fixed", "fixedColor": line.colour},
        "custom.lineStyle": style,
    }
    if line.filled:
        look["custom.fillOpacity"] = 25
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in look.items()]


def _cell(column: Column) -> list[models.DynamicConfigValue]:
    """How its numbers look; a level that means something fills the cell."""
    look: dict[str, object] = {"unit": column.unit}
    if column.decimals is not None:
        look["decimals"] = column.decimals
    if column.levels:
        look["thresholds"] = thresholds(column.levels).build()
        look["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
    if column.words:
        look["mappings"] = [words(column.words)]
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in look.items()]


def _named(by: str, columns: Sequence[Column], hide: Sequence[str]) -> models.DataTransformerConfig:
    """Columns by their names, in their order; the time of the query and what has no name is not shown."""
    values = {
        f"Value #{letter}": each.name for letter, each in zip("ABCDEFGHIJKLMNOP", columns, strict=False)
    }
    unseen = ["Time", *hide, *(value for value, name in values.items() if not name)]
    return models.DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": dict.fromkeys(unseen, True),
            "renameByName": {value: name for value, name in values.items() if name},
            "indexByName": {by: 0, **{value: place + 10 for place, value in enumerate(values)}},
        },
    )


def _link(by: str, to: str) -> list[models.DynamicConfigValue]:
    if not to:
        return []
    url = f"/d/{to}?var-{by}=${{__value.text:percentencode}}&${{__url_time_range}}"
    link = {"title": f"this {by}", "url": url, "targetBlank": False}
    return [models.DynamicConfigValue(id_val="links", value=[link])]
