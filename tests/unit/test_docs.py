"""What the README and the other pages promise is there: links, files, commands with their options, keys, metrics."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import click
import pytest
from command_tree import commands

from broadcast.cli.main import broadcast
from broadcast.config import load

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "broadcast"
COUNTRY = ROOT / "config" / "vietnam.toml"
EXAMPLES = tuple(
    ROOT / "config" / name
    for name in (
        "cap.example.toml",
        "carriers.example.toml",
        "example-country.toml",
        "nation.toml",
        "site.example.toml",
    )
)

# decisions and the changelog tell of what was: their links hold, their files and commands may be gone
TOLD = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("ops/**/*.md"), *ROOT.glob("tests/**/*.md")]
)
HELD = [page for page in TOLD if page.name != "CHANGELOG.md" and page.parent.name != "decisions"]

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_PLACEHOLDER = re.compile(r"[A-Z]+(?:,[A-Z]+)*|\.\.\.")
_FILE = re.compile(
    r"(?![/.]*/)[\w.*-]+(?:/[\w.*-]+)*(?:/|\.(?:py|sql|toml|md|yml|yaml|json|service|txt|lock))"
)
_MADE = ("demo-out/", "chaos-out/", "site/", ".venv/")  # by commands, not by hand


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", HELD, ids=named)


@cache
def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for language, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language in languages:
            yield block


def code(page: Path) -> Iterator[str]:
    """What stands between backticks in a sentence or table, on one line."""
    for span in _CODE.findall(prose(page)):
        yield " ".join(span.split())


# ---------------------------------------------------------------- links and files


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    found = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", TOLD, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](page.md#here) [b](page.md#there) [c](other.md)\n", encoding="utf-8")
    assert broken(page) == ["page.md#there", "other.md"]


def gone(page: Path) -> list[str]:
    """Files that a page names and that are not there: under the top, the package, the tests, or beside the page."""
    found = []
    for span in code(page):
        path, _, function = span.partition("::")
        if not _FILE.fullmatch(path) or path.startswith(_MADE) or "NAME" in path or "/" not in path:
            continue
        pattern = path.rstrip("/")
        there = [
            *(file for top in (ROOT, PACKAGE, ROOT / "tests", page.parent) for file in top.glob(pattern))
        ]
        if not there or (function and f"def {function}(" not in there[0].read_text(encoding="utf-8")):
            found.append(span)
    return found


@every_page
def test_every_file_that_is_named_is_there(page: Path) -> None:
    assert gone(page) == []


# ---------------------------------------------------------------- commands


def shell_commands(line: str) -> Iterator[list[str]]:
    """The words behind `broadcast` of each command of a line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split, lexer.commenters = True, "#"
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;<>"):
            if command and command[0].rpartition("/")[2] == "broadcast":
                yield command[1:]
            command = []
        else:
            command.append(word)


def misread(words: Sequence[str], *, whole: bool) -> str:
    """What click has against a command line, or nothing. whole: with every argument that it needs."""
    command: click.Command = broadcast
    context = click.Context(command, info_name="broadcast")
    rest = list(words)
    try:
        while True:
            values, rest, _ = command.make_parser(context).parse_args(rest)
            _check_values(command, context, values, whole=whole)
            if not isinstance(command, click.Group):
                return f"too many arguments: {rest}" if rest and rest != ["..."] else ""
            if not rest or _PLACEHOLDER.fullmatch(rest[0]):
                return "" if not whole or rest else "no command"
            found = command.get_command(context, rest[0])
            if found is None:
                return f"no command {rest[0]}"
            command, context = found, click.Context(found, info_name=rest[0], parent=context)
            rest = rest[1:]
    except click.ClickException as error:
        return error.format_message()


def _check_values(
    command: click.Command, context: click.Context, values: dict[str, object], *, whole: bool
) -> None:
    for param in command.get_params(context):
        value = values.get(param.name or "")
        given = value if isinstance(value, list | tuple) else [value]
        words = [word for word in given if isinstance(word, str)]
        if whole and isinstance(param, click.Argument) and param.required and not words:
            raise click.MissingParameter(ctx=context, param=param)
        if isinstance(param.type, click.Choice | click.types._NumberRangeBase):
            for word in words:
                if not _PLACEHOLDER.fullmatch(word):
                    param.type.convert(word, param, context)


def lines_of(block: str) -> Iterator[str]:
    for line in block.replace("\\\n", " ").splitlines():
        if "broadcast" in line and not line.lstrip().startswith(("#", "export ", "eval ")):
            yield line.strip().removeprefix("$ ")


@every_page
def test_every_command_of_an_example_is_one(page: Path) -> None:
    wrong = []
    for block in blocks(page, "", "bash", "sh", "console"):
        for line in lines_of(block):
            for words in shell_commands(line):
                if said := misread(words, whole=True):
                    wrong.append((line, said))
    assert wrong == []


@every_page
def test_every_command_of_a_sentence_is_one(page: Path) -> None:
    """`broadcast campaign audit NAME`, and the short `campaign audit`, `bench --pacing`; arguments may be left out."""
    groups = set(broadcast.list_commands(click.Context(broadcast)))
    wrong = []
    for span in code(page):
        first, _, others = span.partition(" ")
        if first in groups and re.match(r"-*[a-z]", others):
            commands: list[list[str]] = [shlex.split(span)]
        else:
            commands = [*shell_commands(span)] if re.search(r"\bbroadcast \S", span) else []
        for words in commands:
            if said := misread(words, whole=False):
                wrong.append((span, said))
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("broadcast campaign audit", "NAME"),
        ("broadcast campaign audit one two", "too many"),
        ("broadcast campaign audit one --bok x=y", "--bok"),
        ("broadcast campaign draft one --category important", "important"),
        ("zstdcat x | broadcast subscriber imprt -", "imprt"),
    ],
)
def test_a_command_that_is_none_is_found(line: str, said: str) -> None:
    [words] = shell_commands(line)
    assert said in misread(words, whole=True)


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    for place, command in commands(broadcast):
        if not isinstance(command, click.Group):
            yield " ".join(("broadcast", *place)), command


def test_the_reference_has_every_command() -> None:
    text = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(broadcast[a-z -]+)` \|", text, re.MULTILINE)
    assert told == [name for name, command in leaves() if not command.hidden]


@every_page
def test_every_make_that_is_named_is_a_target(page: Path) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    lines = [*code(page), *(line for block in blocks(page, "") for line in block.splitlines())]
    named = {match[1] for line in lines if (match := re.match(r"make ([a-z]+)\b", line.strip()))}
    assert named <= targets


def options() -> frozenset[str]:
    every = [*broadcast.params, *(param for _, command in leaves() for param in command.params)]
    return frozenset({word for param in every for word in (*param.opts, *param.secondary_opts)} | {"--help"})


@every_page
def test_every_option_that_is_named_is_one(page: Path) -> None:
    known = options()
    named = {match[1] for span in code(page) if (match := re.match(r"(--[a-z][a-z-]*)\b", span))}
    assert named - known == set()


# ---------------------------------------------------------------- configuration, environment, metrics


@every_page
def test_every_example_of_a_configuration_loads(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page, "toml")):
        example = tmp_path / f"{number}.toml"
        example.write_text(block, encoding="utf-8")
        assert load([COUNTRY, example]) != load([COUNTRY])


def keys() -> frozenset[str]:
    """Every key that the annotated examples explain, those too that are commented out."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in EXAMPLES)
    return frozenset(re.findall(r"^(?:# )?(\w+) = ", text, re.MULTILINE))


@every_page
def test_every_setting_that_is_named_is_one(page: Path) -> None:
    wrong = []
    for span in code(page):
        if re.match(r'[a-z_]+ = ["\d{\[]', span):
            [(key, _)] = tomllib.loads(span).items()
            if key not in keys():
                wrong.append(span)
    assert wrong == []


def test_the_reference_has_every_setting_of_a_worker() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \|", (ROOT / "docs/reference.md").read_text(), re.MULTILINE)
    engine = load([COUNTRY]).engine
    assert dict(rows) == {name: str(getattr(engine, name)) for name in engine.__slots__}


def test_the_reference_has_every_variable_of_the_environment() -> None:
    told = set(
        re.findall(r"^\| `(BROADCAST_\w+)` \|", (ROOT / "docs/reference.md").read_text(), re.MULTILINE)
    )
    read = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(
            r"""(?:environ(?:\.get\(|\[)|getenv\()["'](BROADCAST_\w+)""", path.read_text(encoding="utf-8")
        )
    }
    assert read <= told
