"""Every pair of colours that the style sheet lays one on the other, in both themes: WCAG 2.2's contrast, computed."""

import re
from pathlib import Path

import pytest

import broadcast.web

CSS = (Path(broadcast.web.__file__).parent / "static" / "board.css").read_text(encoding="utf-8")
TEXT, SHAPE = 4.5, 3.0  # 1.4.3, 1.4.11
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "quiet") for ground in ("ground", "card", "sunk")),
    *((ink, "card", TEXT) for ink in ("accent", "grave", "slow", "well")),
    *((ink, ground, TEXT) for ground in ("grave-ground", "slow-ground") for ink in ("ink", "quiet")),
    ("grave", "grave-ground", TEXT),
    ("slow", "slow-ground", TEXT),
    ("accent", "ground", TEXT),
    ("on-accent", "accent", TEXT),
    ("card", "grave", TEXT),
    ("on-mark", "mark", TEXT),
    *((shape, "card", SHAPE) for shape in ("edge", "focus", "has", "missed", "sent")),
    ("edge", "ground", SHAPE),
    ("focus", "ground", SHAPE),
    # over a pause's stripes the lines are still seen
    *((line, ground, SHAPE) for line in ("has", "sent") for ground in ("stop",)),
]  # fmt: skip


def themes() -> dict[str, dict[str, str]]:
    """Colour by name; the dark one stands twice, for who chose it and whose system did."""
    blocks = re.findall(r"([^{}]*)\{([^{}]*--ground:[^{}]*)\}", CSS)
    found = {head.strip(): dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", body)) for head, body in blocks}
    return dict(found.items())


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_both_dark_themes_are_the_same() -> None:
    found = list(themes().values())
    assert len(found) == 3
    assert found[1] == found[2] and set(found[0]) == set(found[1])


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_a_pair_can_be_read(theme: int, ink: str, ground: str, least: float) -> None:
    colours = list(themes().values())[theme]
    assert contrast(colours[ink], colours[ground]) >= least


@pytest.mark.parametrize("theme", [0, 1])
def test_shades_of_the_map_go_one_way(theme: int) -> None:
    """So that who sees no colour sees the order; each step can be told from the next."""
    colours = list(themes().values())[theme]
    steps = [luminance(colours[f"r{at}"]) for at in range(6)]
    assert steps == sorted(steps, reverse=theme == 0)
    for one, other in zip(range(5), range(1, 6), strict=True):
        assert contrast(colours[f"r{one}"], colours[f"r{other}"]) > 1.2


def test_no_colour_stands_outside_of_the_themes() -> None:
    rules = re.sub(r"[^{}]*\{[^{}]*--ground:[^{}]*\}", "", CSS)
    rules = re.sub(r"@media print \{.*", "", rules, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*\})", rules) == []
