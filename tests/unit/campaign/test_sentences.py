"""What the database's functions say themselves is known here, each sentence of the migrations and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.campaign.sentences import SENTENCES, said

MIGRATIONS = Path(__file__).parents[3] / "broadcast" / "store" / "migrations"
_TEXT = r"(?P<{name}>(?:'(?:[^']|'')*'\s*)+)"
_RAISED = re.compile(
    rf"RAISE(?: EXCEPTION)? {_TEXT.format(name='raised')}[^;]*?ERRCODE = 'BC00[34]'"
    rf"|desk_refuse\('BC00[34]',\s*{_TEXT.format(name='refused')}"
    rf"|ERRCODE = 'BC00[34]',\s*MESSAGE = {_TEXT.format(name='message')}"
)


def sentences() -> Iterator[str]:
    """With a % for each blank."""
    for path in sorted(MIGRATIONS.glob("*.sql")):
        for found in _RAISED.finditer(path.read_text(encoding="utf-8")):
            literals = next(each for each in found.groups() if each)
            yield "".join(re.findall(r"'((?:[^']|'')*)'", literals)).replace("''", "'")


def test_each_sentence_of_the_database_is_known() -> None:
    found = list(sentences())
    assert len(found) > 30
    assert set(found) == {re.sub(r"\{\w+\}", "%", each) for each in SENTENCES}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_is_said_as_itself(sentence: str) -> None:
    filled = sentence.format_map(dict.fromkeys(("who", "role", "group", "login", "other", "number"), "x"))
    assert said(filled) == filled


@pytest.mark.usefixtures("vietnamese")
def test_in_the_readers_language() -> None:
    assert said("proposal 7 was decided by an already") == "đề nghị 7 đã được an quyết định rồi"
    assert said("something else") == "something else"
