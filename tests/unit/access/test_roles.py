"""Names of roles: of the cluster, so they carry the database's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.access.apply import KINDS
from broadcast.access.roles import role_name


@pytest.mark.parametrize(
    ("database", "kind", "name"),
    [
        ("live", "author", "live_author"),
        ("Huấn luyện", "owner", "Huấn luyện_owner"),
        ("x" * 54, "operator", "x" * 54 + "_operator"),
    ],
)
def test_carry_the_database(database: str, kind: str, name: str) -> None:
    assert role_name(database, kind) == name


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
        lambda n: len(n.encode()) <= 63
    )
)
def test_fit_and_differ(database: str) -> None:
    names = {role_name(database, kind) for kind in KINDS}
    assert len(names) == len(KINDS)
    assert max(len(name.encode()) for name in names) <= 63


def test_long_names_with_one_beginning() -> None:
    one, other = "alerts" * 10 + "abc", "alerts" * 10 + "abd"
    assert role_name(one, "approver") != role_name(other, "approver")
