"""What `db migrate` and `db status` say of who logs in."""

import pytest

from broadcast.access.logins import Logins


@pytest.mark.parametrize(
    ("logins", "said"),
    [
        (Logins("boyte", True, (), 0), "broadcast user begin"),
        (Logins("boyte", True, ("old",), 1), "broadcast user begin"),
        (
            Logins("boyte", True, ("old", "older"), 2),
            "old, older owned the tables and may do everything still",
        ),
    ],
)
def test_what_is_to_be_done(logins: Logins, said: str) -> None:
    assert said in (logins.advice() or "")


def test_nothing_is() -> None:
    assert Logins("boyte", True, (), 2).advice() is None
