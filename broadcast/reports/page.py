"""The report as one self-contained HTML file: charts are inline SVG, nothing is loaded from anywhere."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jinja2

from broadcast.campaign.marks import mark_words
from broadcast.diagnosis.finding import Finding
from broadcast.languages import _, chosen, grouped, ngettext, term
from broadcast.reports.audit import AuditResult
from broadcast.reports.charts import delay_chart, rate_chart, states_chart
from broadcast.reports.document import STATES, document
from broadcast.reports.foreseen_table import foreseen_table
from broadcast.reports.report import Report
from broadcast.reports.withdrawals import GAVE_UP
from broadcast.visible import visible
from broadcast.words import Zone, duration, effect_words, utc, words


def render(report: Report, audit: AuditResult, findings: Sequence[Finding] = (), zone: Zone = utc) -> str:
    """The whole page. zone: in which it shows times."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("broadcast.reports", "templates"),
        autoescape=True,
        finalize=_seen,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "words": partial(words, zone=zone),
        "duration": duration,
        "effect_words": effect_words,
        "term": term,
        "grouped": grouped,
    }
    environment.globals |= {"_": _, "ngettext": ngettext, "language": chosen()}
    page = environment.get_template("report.html.j2")
    charts = [states_chart(report), rate_chart(report), delay_chart(report)]
    return page.render(
        report=document(report, audit, findings),
        marks=marks(report),
        gave_up=GAVE_UP,
        foreseen=foreseen_table(report.foreseen, report.campaign.launched_at, zone),
        states=[state for state in STATES if report.progress.total.states[state]],
        charts=[chart for chart in charts if chart],
    )


def marks(report: Report) -> list[str]:
    """What nobody may take for a live alert: TRAINING, EXERCISE, TEST."""
    training = term("TRAINING") if report.training else ""
    return [each for each in (training, mark_words(report.campaign.status)) if each]


def _seen(value: Any) -> Any:
    """What others wrote, with nothing in it that a reader does not see; text that is markup (a chart) as it is."""
    return visible(value, lines=True) if type(value) is str else value
