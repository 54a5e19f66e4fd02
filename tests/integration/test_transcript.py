"""The exercise in the docs, from a CAP file to the report by two people: each command prints what stands there."""

from pathlib import Path

import pytest
from integration.transcript import CODE, NO_CODE, ROOT, Step, comparable, session, steps

PAGE = ROOT / "docs" / "dien-tap.md"
HURRIED = "\n## Khi vội\n"


@pytest.mark.long
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    with session(tmp_path) as terminals:
        for step in steps(PAGE.read_text(encoding="utf-8")):
            printed, code = terminals.type(step.who, step.command)
            where = f"{PAGE.name}, line {step.line}: {step.who}$ {step.command}"
            assert comparable(printed) == comparable(step.printed), where
            assert (code != 0) == any(each.startswith("broadcast: ") for each in printed.splitlines()), where
    report = (tmp_path / "bao-cao.html").read_text(encoding="utf-8")
    assert '<p class="mark">TẬP HUẤN</p>' in report
    assert '<p class="mark">DIỄN TẬP</p>' in report


def test_the_page_approves_the_code_that_it_showed() -> None:
    shown = ""
    for step in steps(PAGE.read_text(encoding="utf-8")):
        if NO_CODE not in step.command:
            assert CODE.findall(step.command) in ([], [shown]), step.line
        shown = next(iter(reversed(CODE.findall(step.printed))), shown)
    assert shown


def test_the_readme_tells_the_same_way() -> None:
    way, _, _ = PAGE.read_text(encoding="utf-8").partition(HURRIED)
    assert typed(way) == typed((ROOT / "README.md").read_text(encoding="utf-8"))


def typed(page: str) -> list[tuple[str, str]]:
    """Whatever the language."""
    return [
        (step.who, CODE.sub("CODE", step.command))
        for step in steps(page)
        if not step.command.startswith("export LANG")
    ]


def test_what_is_compared() -> None:
    page = "```console\nan$ one\nat 2026-11-30 03:58:39 +07:00, ab12-cd34\nan$ two\n```\n```console\nan$ three\n```\n"
    one, two, three = steps(page)
    assert one == Step(2, "an", "one", "at 2026-11-30 03:58:39 +07:00, ab12-cd34\n")
    assert (two.line, three) == (4, Step(7, "an", "three", ""))
    assert comparable(one.printed) == comparable("at 2027-01-01 00:00:00 +07:00, 0123-4567\n")
    assert comparable("1.559 người") != comparable("1.558 người")
