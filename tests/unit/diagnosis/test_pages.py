"""The pages that say what findings mean have all of them."""

import re
from pathlib import Path

import pytest

from broadcast.diagnosis.finding import Code

ROOT = Path(__file__).parents[3]
_ROW = re.compile(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", re.MULTILINE)


def codes(page: str, head: str) -> list[str]:
    """In the first column of the table below this head, in order."""
    _, _, below = (ROOT / page).read_text(encoding="utf-8").partition(f"\n## {head}\n")
    table = below.partition("\n## ")[0]
    return [code for row in _ROW.findall(table) for code in re.findall("`([a-z_]+)`", row)]


@pytest.mark.parametrize(
    ("page", "head"),
    [
        ("docs/screens.md", "What is wrong, and why it is slow"),
        ("ops/runbooks/carrier-down.md", "What `watch`, `report` and the lists say"),
    ],
)
def test_each_finding_is_explained_once(page: str, head: str) -> None:
    assert sorted(codes(page, head)) == sorted(Code)


def test_the_table_for_readers_is_in_the_order_of_hearing() -> None:
    assert codes("docs/screens.md", "What is wrong, and why it is slow") == [each.value for each in Code]
