"""How long a module and a function may be, and that no import comes back to where it began. No exceptions."""

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


def too_long(lengths: Mapping[str, int], most: int) -> list[str]:
    """A line for each of them."""
    return [f"{name}: {lines} lines, {most} at most" for name, lines in lengths.items() if lines > most]


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle, each imported by the next; none: an empty list."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


@pytest.fixture(scope="session")
def imports() -> dict[str, set[str]]:
    """Who imports whom, within functions and for types alone too."""
    graph = grimp.build_graph("broadcast", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_no_module_is_too_long() -> None:
    lengths = {name: text.count("\n") for name, text in modules()}
    assert len(lengths) > 200
    assert too_long(lengths, MODULE_LINES) == []


def test_no_function_is_too_long() -> None:
    lengths = dict(functions())
    assert len(lengths) > 1000
    assert too_long(lengths, FUNCTION_LINES) == []


def test_no_import_comes_back(imports: dict[str, set[str]]) -> None:
    assert len(imports) > 200
    assert circle(imports) == []


def test_what_is_new_is_found() -> None:
    assert too_long({"new": 11, "old": 10}, 10) == ["new: 11 lines, 10 at most"]
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
