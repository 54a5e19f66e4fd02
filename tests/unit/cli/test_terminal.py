"""What a terminal of another character set shows."""

import io
import json
import sys

import pytest

from broadcast.cli import output
from broadcast.cli.terminal import any_terminal

TEXT = "Rửa tay… 😷 “é”"


def shown(monkeypatch: pytest.MonkeyPatch, encoding: str, *, as_json: bool = False) -> bytes:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, encoding))
    any_terminal()
    if as_json:
        output.print_json([TEXT])
    else:
        output.print_table("Tên → name", ("→",), [(TEXT,)])
        output.print_facts(TEXT, {TEXT: TEXT})
        output.say(TEXT)
    sys.stdout.flush()
    return octets.getvalue()


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("utf-8", TEXT),
        ("ascii", 'R\\u1eeda tay... \\U0001f637 "\\xe9"'),
        ("latin-1", 'R\\u1eeda tay... \\U0001f637 "é"'),
        ("cp1258", "Rư\u0309a tay… \\U0001f637 “é”"),
    ],
)
def test_what_is_lacking_is_legible(monkeypatch: pytest.MonkeyPatch, encoding: str, line: str) -> None:
    said = shown(monkeypatch, encoding).decode(encoding)
    assert said.splitlines()[-1] == line
    assert line in said.splitlines()[-2]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1258"])
def test_json_is_utf8_everywhere(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    assert json.loads(shown(monkeypatch, encoding, as_json=True).decode("utf-8")) == [TEXT]


def test_stderr_too(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(octets, "ascii", write_through=True))
    any_terminal()
    output.note("no campaign → \x1b[2J")
    assert octets.getvalue() == b"no campaign -> \\u001b[2J\n"
