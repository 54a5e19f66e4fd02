"""tests/quirks.md names a test for every case, and every test that it names is there."""

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
CASES = [*range(1, 56)]
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


@cache
def functions(path: str) -> frozenset[str]:
    """The test functions of a file, read and not imported."""
    if not (TESTS / path).is_file():
        return frozenset()
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_every_case_has_its_row_and_every_row_its_tests() -> None:
    rows = ROW.findall((TESTS / "quirks.md").read_text(encoding="utf-8"))
    assert [int(number) for number, _, _ in rows] == CASES
    for number, case, cell in rows:
        named = NAMED.findall(cell)
        assert named, f"case {number} ({case}) names no test"
        assert NAMED.sub("", cell).strip(" ,") == "", (
            f"case {number}: write `path.py::name`, parted by commas"
        )
        missing = [f"{path}::{name}" for path, name in named if name not in functions(path)]
        assert not missing, f"case {number} names tests that are not there: {missing}"
