"""What PostgreSQL keeps of a password."""

import re

import pytest

from broadcast.access import scram
from broadcast.errors import InputError


def test_as_postgresql_makes_it() -> None:
    """Its form; that PostgreSQL makes the same is tried in tests/integration/test_accounts.py."""
    salt = bytes(range(16))
    made = scram.verifier("correct horse battery", salt)
    assert re.fullmatch(
        r"SCRAM-SHA-256\$4096:AAECAwQFBgcICQoLDA0ODw==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=", made
    )
    assert (
        made == scram.verifier("correct horse battery", salt) != scram.verifier("correct horse batterz", salt)
    )


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("mật khẩu dài lắm", "ma\u0323\u0302t kha\u0302\u0309u da\u0300i la\u0306\u0301m"),
        ("twelve\u00a0letters", "twelve letters"),
        ("soft\u00adhyphened pass", "softhyphened pass"),
    ],
)
def test_however_it_is_typed(typed: str, same: str) -> None:
    """SASLprep (RFC 4013): an editor's way to write a letter is none of the password's."""
    salt = bytes(16)
    assert scram.verifier(typed, salt) == scram.verifier(same, salt)


def test_what_saslprep_forbids_is_taken_as_it_is() -> None:
    salt = bytes(16)
    assert scram.verifier("bell\a and whistle", salt) != scram.verifier("bell and whistle", salt)


def test_too_short() -> None:
    with pytest.raises(InputError, match="at least 12 characters"):
        scram.verifier("short")


def test_code() -> None:
    assert re.fullmatch("[0-9a-f]{4}-[0-9a-f]{4}", scram.code(scram.verifier("correct horse battery")))
