"""What a report's charts show, and that none of it is said by colour alone."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from unit.reports.made_up import made_up

from broadcast.reports.charts import _FILLS, Chart, delay_chart, rate_chart, states_chart
from broadcast.reports.document import STATES
from broadcast.reports.report import Times

SVG = "{http://www.w3.org/2000/svg}"


def texts(chart: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(chart).iter(f"{SVG}text")]


def both(chart: Chart | None) -> tuple[str, str]:
    assert chart is not None
    return chart.wide, chart.narrow


def test_every_state_has_a_fill_of_its_own_without_its_colour() -> None:
    assert set(_FILLS) == set(STATES)
    patterns = [(fill.hatch, fill.ink) for fill in _FILLS.values()]
    assert len(set(patterns)) == len(patterns)


def test_bars_have_their_shares_and_the_legend_their_states() -> None:
    for chart in both(states_chart(made_up())):
        said = texts(chart)
        assert said[0] == "Recipients by state (%)"
        assert said[-3:] == ["delivered", "undeliverable", "excluded"]
        assert {"90.9 %", "9.1 %", "100.0 %", "0 %", "50 %", "100 %"} <= set(said)  # 100, 10 of 110; 3 of 3
        assert "waiting" not in said
    assert "viettel, 110" in texts(states_chart(made_up()).narrow)


def test_lines_have_a_name_and_an_axis_that_says_its_unit() -> None:
    for chart in both(rate_chart(made_up())):
        said = texts(chart)
        assert said[0] == "Recipients sent per second"
        assert said[-1] == "viettel"
        assert "since the launch, seconds" in said
        assert "paused" not in said
    wide, narrow = both(delay_chart(made_up()))
    assert "since accepted, seconds" in texts(wide)
    assert [each for each in texts(narrow) if each in ("25", "50", "75", "100")] == ["25", "50", "75", "100"]


@pytest.mark.parametrize(
    ("step_s", "unit", "tick"),
    [(1.0, "seconds", "10"), (60.0, "minutes:seconds", "30:00"), (3600.0, "hours:minutes", "12:00")],
)
def test_the_axis_of_time_is_of_its_length(step_s: float, unit: str, tick: str) -> None:
    long = replace(made_up(), times=Times(step_s, {"viettel": dict.fromkeys(range(40), 5)}, {}))
    for chart in both(rate_chart(long)):
        assert f"since the launch, {unit}" in texts(chart)
    assert tick in texts(both(rate_chart(long))[0])


def test_a_pause_is_a_band_with_its_word() -> None:
    sent = Times(1.0, {"viettel": dict.fromkeys(range(40), 5)}, {})
    paused = replace(made_up(), times=sent, paused=((10.0, 25.0), (30.0, 99.0)))
    for chart in both(rate_chart(paused)):
        assert texts(chart).count("paused") >= 2  # in the band, and in the legend
        bands = re.findall(r'<svg x="([\d.]+)" y="36" width="([\d.]+)"', chart)
        assert len(bands) == 2
        right = float(ElementTree.fromstring(chart).attrib["width"]) - 12
        assert [float(x) + float(width) <= right + 0.1 for x, width in bands] == [True, True]


def test_names_are_text_in_it() -> None:
    report = made_up()
    odd = tuple(replace(line, carrier=f"<{line.carrier}>&") for line in report.progress.carriers)
    chart = states_chart(replace(report, progress=replace(report.progress, carriers=odd)))
    assert "&lt;viettel&gt;&amp;" in chart.wide
    assert "<viettel>&" in texts(chart.wide)
