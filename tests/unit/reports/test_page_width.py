"""No page of a report is wider than who reads it sees: asked of a real browser, at the widths of screens and phones."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from unit.reports.made_up import BALANCED, made_up, states

from broadcast.audience.subscribers import PastImport
from broadcast.campaign.campaigns import CampaignEvent
from broadcast.forecast.moments import Moments
from broadcast.reports.foreseen import Compared
from broadcast.reports.page import render
from broadcast.reports.pauses import Steadiness
from broadcast.reports.progress import CarrierProgress, Progress
from broadcast.reports.received import Oddity
from broadcast.reports.report import Reason, Report, Times

WIDTHS = (1280, 1024, 821, 820, 390, 320)
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
LONG = "a-name-without-an-end-" * 8


def nation() -> Report:
    """Seven carriers, every state, every table, millions everywhere, names without an end."""
    names = ("viettel", "vinaphone", "mobifone", "vietnamobile", "gmobile", "itel", "wintel")
    many = dict.fromkeys(states(), 11_000_000)
    lines = tuple(CarrierProgress(name, 5_000, 2, 99_000_000, many) for name in names)
    moments = Moments(*(AT + timedelta(days=days) for days in (1, 2, 3, 4)))
    foreseen = tuple(
        Compared(name, moments, moments, moments, moments, 10**8, 10**8 + 1, Decimal(10**11), Decimal(10**10), "VND")
        for name in names
    )  # fmt: skip
    report = made_up()
    return replace(
        report,
        campaign=replace(report.campaign, name=LONG, text=LONG),
        progress=Progress(AT, "finished", True, True, 4, 0, lines),
        times=Times(60.0, {name: {0: 5_000_000} for name in names}, {name: {9: 5} for name in names}),
        steadiness={name: Steadiness(0.94, 2.25) for name in names},
        exclusions=(Reason("gmobile", "excluded", LONG, 640_000),),
        failures=(Reason("viettel", "undeliverable", LONG, 900_010),),
        oddities=(Oddity("viettel", "receipt_state", LONG, 12_000_000, AT, AT),),
        imports=(PastImport(1, LONG, AT, AT, 10**8, 10**8, 10**8, 10**8, {"landline": 10**7}, {}),),
        events=(CampaignEvent(AT, LONG, "drafted", {}),),
        foreseen=foreseen,
    )


def measured(page: str, folder: Path) -> dict[int, int]:
    """Width of a window -> how far the page goes beyond it. The browser is given a file, and no network."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no chromium: it is in Debian's package of that name")
    frames = "".join(
        f'<iframe width="{each}" height="800" style="border:0" srcdoc="{html.escape(page)}"></iframe>'
        for each in WIDTHS
    )
    script = """<script>onload = () => {
        const pages = [...document.querySelectorAll("iframe")].map(f => f.contentDocument.documentElement)
        document.body.replaceChildren(JSON.stringify(pages.map(page => page.scrollWidth - page.clientWidth)))
    }</script>"""
    file = folder / "frames.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{frames}{script}", encoding="utf-8")
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    words += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    words += [f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()]
    said = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout
    return dict(zip(WIDTHS, json.loads(re.findall(r"<body>(\[.*?\])</body>", said)[0]), strict=True))


def test_nothing_is_wider_than_the_page(tmp_path: Path) -> None:
    assert measured(render(nation(), BALANCED), tmp_path) == dict.fromkeys(WIDTHS, 0)
