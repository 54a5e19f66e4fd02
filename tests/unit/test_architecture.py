"""How long a module and a function may be, and that no import comes back to where it began.

What is past a limit today stands in a table with its reason, with how far past it may be; what no longer needs its line
there fails too, so that the tables only get shorter.
"""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import grimp
import pytest

PACKAGE: Final = Path(__file__).parents[2] / "broadcast"
MODULE_LINES: Final = 350
FUNCTION_LINES: Final = 40

# module: (so many lines at most, why)
LONG_MODULES: Final[Mapping[str, tuple[int, str]]] = {}
# function: (so many lines at most, why)
LONG_FUNCTIONS: Final[Mapping[str, tuple[int, str]]] = {}
# (who imports, what): why it may close a circle
CLOSING: Final[Mapping[tuple[str, str], str]] = {}


def modules() -> Iterator[tuple[str, str]]:
    """Dotted name and text of each."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path.read_text(encoding="utf-8")


def functions() -> Iterator[tuple[str, int]]:
    """module.name and the lines of each, its decorators left out. Of two of one name the last is the longer."""
    for module, text in modules():
        found = [
            (f"{module}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        yield from sorted(found)


def misfits(lengths: Mapping[str, int], most: int, allowed: Mapping[str, tuple[int, str]]) -> list[str]:
    """Whatever is longer than it may be, and what may be longer and is not."""
    too_long = [
        f"{name}: {lines} lines, {limit} at most"
        for name, lines in lengths.items()
        if lines > (limit := allowed.get(name, (most, ""))[0])
    ]
    needless = [
        f"{name}: has {lengths.get(name, 0)} lines and needs no exception"
        for name in allowed
        if lengths.get(name, 0) <= most
    ]
    return too_long + needless


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle, each imported by the next; none: an empty list."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Who imports whom, within functions and for types alone too."""
    graph = grimp.build_graph("broadcast", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_no_module_is_too_long() -> None:
    lengths = {name: text.count("\n") for name, text in modules()}
    assert len(lengths) > 200
    assert misfits(lengths, MODULE_LINES, LONG_MODULES) == []


def test_no_function_is_too_long() -> None:
    lengths = dict(functions())
    assert len(lengths) > 1000
    assert misfits(lengths, FUNCTION_LINES, LONG_FUNCTIONS) == []


def test_no_import_comes_back(imports: dict[str, set[str]]) -> None:
    assert len(imports) > 200
    needless = [edge for edge in CLOSING if edge[1] not in imports.get(edge[0], ())]
    assert needless == [], "these are gone, and their exceptions with them"
    kept = {who: {what for what in those if (who, what) not in CLOSING} for who, those in imports.items()}
    assert circle(kept) == []


def test_what_is_new_is_found() -> None:
    allowed = {"old": (12, "why"), "mended": (12, "why"), "gone": (12, "why")}
    assert misfits({"old": 12, "mended": 10, "new": 10}, 10, allowed) == [
        "mended: has 10 lines and needs no exception",
        "gone: has 0 lines and needs no exception",
    ]
    assert misfits({"old": 13, "new": 11}, 10, {"old": (12, "why")}) == [
        "old: 13 lines, 12 at most",
        "new: 11 lines, 10 at most",
    ]
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
