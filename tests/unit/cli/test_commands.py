"""A command parses, calls and renders: it connects to nothing by itself, and is read at a glance."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import broadcast.cli

FOLDER = Path(broadcast.cli.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))
LINES_MOST = 20


def commands(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(is_command, node.decorator_list)):
            yield node


def is_command(decorator: ast.expr) -> bool:
    """`@click.command(...)`, `@group.command("name")`, `@click.group()`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in ("command", "group")


def lines(command: ast.FunctionDef) -> int:
    """Of its body, without the help."""
    body = command.body[1:] if ast.get_docstring(command) is not None else command.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


def connects(tree: ast.Module) -> bool:
    """Whether it takes `connect` from store.pool, by either of its names."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="broadcast.store.pool", names=names):
                if any(each.name == "connect" for each in names):
                    return True
            case ast.Attribute(value=ast.Name(id="pool"), attr="connect"):
                return True
    return False


def test_the_rules_see_what_breaks_them() -> None:
    long = "@x.command('a')\ndef f():\n    '''Help.'''\n" + "    pass\n" * (LINES_MOST + 1)
    assert [lines(each) for each in commands(ast.parse(long))] == [LINES_MOST + 1]
    assert connects(ast.parse("from broadcast.store.pool import connect, within"))
    assert connects(ast.parse("from broadcast.store import pool\npool.connect()"))
    assert not connects(ast.parse("from broadcast.store import pool\npool.database_url()"))
    assert sum(1 for path in MODULES for _ in commands(ast.parse(path.read_text()))) > 20


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_command_connects_by_itself(path: Path) -> None:
    assert not connects(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_commands_are_short(path: Path) -> None:
    long = {each.name: lines(each) for each in commands(ast.parse(path.read_text()))}
    assert {name: count for name, count in long.items() if count > LINES_MOST} == {}
