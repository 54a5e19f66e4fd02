"""Every language says all of it: nothing that a person reads is left out of the catalogues, or stands outside them."""

import ast
import importlib.util
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from babel.messages import Catalog, pofile
from click.testing import CliRunner

from broadcast.cli.main import broadcast
from broadcast.cli.output import json_option
from broadcast.cli.translated import translated
from broadcast.languages import LANGUAGES, _, grouped, headings, ngettext, preferred, term

ROOT = Path(__file__).parents[2]
# Rooms whose words operators read.
ROOMS = (
    "cli",
    "actions",
    "campaign",
    "audience",
    "config",
    "diagnosis",
    "reports",
    "archive",
    "store",
    "capacity",
)
ROOMS += ("access", "cap", "demo", "web")
# What stays English, and why.
ENGLISH = {
    "audience/generator.py": "the dirt of real lists",
    "audience/parquet_pages.py": "how a damaged file is damaged, for who mends it",
    "store/copying.py": "as asyncpg says it",
    "store/plans.py": "SQL",
    "store/queries.py": "faults of the program's own SQL",
    "reports/invoice_heads.py": "as carriers write them",
    "campaign/marks.py": "patterns of what texts say",
    "access/apply.py": "SQL",
    "access/rights.py": "SQL",
    "access/page.py": "the page of rights, which is in English",
    "access/roles.py": "of that page",
    "campaign/alphabets.py": "characters",
    "cli/shell.py": "the demo's and the bench's own",
    "web/security.py": "headers of HTTP",
    "web/stream.py": "frames of a stream of events",
    "cli/carrier_simulate.py": "a rehearsal's simulator",
}
# Texts that are no sentences: names, keys, codes, what goes to a log.
NAMES = frozenset(
    {"GSM 03.38", "legible in ", "in doubt", "still is", "not connected", " (law 1)", "$ export ="}
)
NAMES |= {"Value | Shape", " ngày /", "--set : ", "No space left on device", "database system is ready"}
NAMES |= {"ALTER ROLE SESSION_USER PASSWORD ''", "local all  trust\nlocal all all \n"}
NAMES |= {" not under ", "in list ", "not in"}  # a filter is written so in every language
NAMES |= {"list imported", "list added to", "consent withdrawn"}  # acts, that `term` says
NAMES |= {"first share passed", "first share asks", "first share failed"}  # events, that it says too
_SAID = frozenset({"_", "N_", "ngettext", "headings", "codes", "term", "_down", "_unusable"})
# Calls whose texts nobody reads as sentences: logs, SQL, patterns, what Python calls things.
_UNREAD = frozenset(
    {
        "sql",
        "compile",
        "create_task",
        "getLogger",
        "strftime",
        "debug",
        "info",
        "warning",
        "error",
        "exception",
        "log",
    }
)
_UNREAD |= {
    "ValueError",
    "TypeError",
    "RuntimeError",
    "KeyError",
    "AssertionError",
    "ConnectionDoesNotExistError",
}
_UNREAD |= {
    "split",
    "startswith",
    "endswith",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "fullmatch",
}
_UNREAD_NAMED = frozenset({"help", "epilog", "metavar", "style", "name", "param_hint"})
_SHOWN = frozenset(
    {"say", "note", "print_table", "print_facts", "prompt", "confirm", "UsageError", "BadParameter"}
)


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    """ops/messages.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "ops" / "messages.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return pofile.read_po(file)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_catalogue_has_all_that_is_said(messages: ModuleType, language: str) -> None:
    """`make words` brings it there, and takes out what is said no more."""
    known = {(str(each.id), each.context) for each in read(messages.catalogue(language))}
    assert [each.id for each in messages.found() if (str(each.id), each.context) not in known] == []


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_everything_is_translated_with_the_same_values(messages: ModuleType, language: str) -> None:
    for each in read(messages.catalogue(language)):
        if not each.id:
            continue
        said = each.string if isinstance(each.string, tuple) else (each.string,)
        assert all(said), each.id
        asked = each.id[-1] if isinstance(each.id, tuple) else each.id
        for one in said:
            assert values(one) == values(asked), each.id
            assert one[:1].isspace() == asked[:1].isspace(), each.id
            assert one[-1:].isspace() == asked[-1:].isspace(), each.id


def values(text: str) -> list[tuple[str, str | None, str | None]]:
    """The `{name!r:form}` of a text, and its `%(name)s`."""
    named = [
        (name, form, how) for _text, name, form, how in string.Formatter().parse(text) if name is not None
    ]
    named += [(each.partition(")")[0], "", "") for each in text.split("%(")[1:]]
    return sorted(named, key=str)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_compiled_catalogue_is_of_its_text(messages: ModuleType, language: str) -> None:
    po = messages.catalogue(language)
    assert po.with_suffix(".mo").read_bytes() == messages.compiled(po)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "vi_VN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "vi_VN", "LC_ALL": "C"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "vi"}, "vi"),
        ({"LANGUAGE": "fr:vi:en"}, "vi"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_the_environment_says_which(environment: dict[str, str], language: str) -> None:
    assert preferred(environment) == language


def test_numbers_are_grouped_as_the_language_does(vietnamese: None) -> None:
    assert (grouped(1234567), grouped(1234.56, ",.1f")) == ("1.234.567", "1.234,6")
    assert (
        _("sent {sent:,} of {to_send:,} ({percent})", sent=1234, to_send=5678, percent="21%").count(".") == 2
    )


def test_what_has_no_translation_is_said_as_it_is(vietnamese: None) -> None:
    assert _("no such text {here}", here=1) == "no such text 1"
    assert _("{braces}") == "{braces}"
    assert (_(""), term(""), term("viettel")) == ("", "", "viettel")


def test_english_is_as_it_is_written() -> None:
    assert _("{count:,} of {name!r}", count=1234, name="a") == "1,234 of 'a'"
    assert (ngettext("{n} worker", "{n} workers", 1), ngettext("{n} worker", "{n} workers", 2)) == (
        "1 worker",
        "2 workers",
    )
    assert headings("carrier", "") == ("carrier", "")


def commands(
    command: click.Command, context: click.Context, path: str
) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if found := command.get_command(context, name):
                yield from commands(found, context, f"{path} {name}")


def test_help_is_in_the_language_down_to_the_last_option(vietnamese: None) -> None:
    root = translated(broadcast)
    for path, each in commands(root, click.Context(root), "broadcast"):
        for written in (each.help, *(getattr(option, "help", None) for option in each.params)):
            if written:
                lines = [
                    line for line in written.split("\n") if line.strip("\b ") and not line.startswith("  ")
                ]
                assert lines and all(not line.isascii() or len(line.split()) < 3 for line in lines), (
                    path,
                    written,
                )


def test_a_command_speaks_it_and_json_does_not() -> None:
    def run(*words: str, **environment: str) -> str:
        command = [sys.executable, "-m", "broadcast", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={"PATH": "", **environment}
        )
        return done.stdout + done.stderr

    assert "Usage:" in run("--help")
    assert "Usage:" not in run("--help", LANG="vi_VN.UTF-8", PYTHONUTF8="1")
    assert "Usage:" not in run("--lang", "vi", "campaign", "--help", PYTHONUTF8="1")
    assert "Usage:" in run("--lang=en", "campaign", "--help", LANG="vi_VN.UTF-8")


def test_with_json_a_command_speaks_english(vietnamese: None) -> None:
    @click.command()
    @json_option
    def told(as_json: bool) -> None:
        click.echo(_("nobody"))

    assert CliRunner().invoke(told).output == "không ai\n"
    assert CliRunner().invoke(told, ["--json"]).output == "nobody\n"


def test_nothing_that_a_person_reads_stands_outside_the_catalogue() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for room in ROOMS
        for path in sorted((ROOT / "broadcast" / room).rglob("*.py"))
        if str(path.relative_to(ROOT / "broadcast")) not in ENGLISH
        for line, text in unsaid(ast.parse(path.read_text(encoding="utf-8")))
        if text not in NAMES
    ]
    assert found == []


def test_what_stays_english_is_there() -> None:
    assert [name for name in ENGLISH if not (ROOT / "broadcast" / name).exists()] == []


@pytest.mark.parametrize(
    "source",
    [
        'raise InputError("the text is empty")',
        'raise InputError(f"{name} is no file: give another")',
        'say("nobody")',
        'said = f"{count} of them wait"',
        'print_table("", ("carrier", "state"), rows)',
    ],
)
def test_the_rule_sees_what_breaks_it(source: str) -> None:
    assert list(unsaid(ast.parse(source)))


def unsaid(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of what is prose, or shown, and not given to the catalogue."""
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        text = written(node)
        if (
            any(map(str.isalpha, text))
            and not isinstance(above.get(node), ast.JoinedStr)
            and is_unsaid(node, text, above)
        ):
            yield node.lineno, text  # type: ignore[attr-defined]


def written(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(each.value for each in node.values if isinstance(each, ast.Constant))
    return ""


def is_unsaid(node: ast.AST, text: str, above: dict[ast.AST, ast.AST]) -> bool:
    """By what is around it, from the inside outwards."""
    prose = " " in text.strip() and not text.startswith("broadcast ")
    inner = node
    while (outer := above.get(inner)) is not None:
        if isinstance(outer, ast.Call) and inner is not outer.func:
            name = getattr(outer.func, "id", None) or getattr(outer.func, "attr", "")
            if name in _SAID or name in _UNREAD:
                return False
            if name in _SHOWN or name.endswith("Error"):
                return inner in outer.args[:2] and (prose or name != "note" or inner is outer.args[0])
        if isinstance(outer, ast.Assert | ast.Compare | ast.FormattedValue | ast.arguments):
            return False
        if isinstance(outer, ast.Dict) and inner in outer.keys and not prose:  # codes
            return False
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) and inner in outer.decorator_list:
            return False
        if isinstance(outer, ast.keyword) and outer.arg in _UNREAD_NAMED:
            return False
        if isinstance(outer, ast.Expr):
            return False
        inner = outer
    return prose
