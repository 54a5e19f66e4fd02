"""By which names the board answers, where a form may come from, whose address counts."""

import pytest

from broadcast.web.security import CSP, Front, form_token, host_of, is_known, known_mark

LOCAL = Front(False, frozenset({"localhost", "127.0.0.1", "::1"}))
PUBLIC = Front(True, frozenset({"board.example"}))
PROXIED = Front(True, frozenset({"board.example"}), behind_proxy=True)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST:1"])
def test_it_knows_its_names(host: str) -> None:
    assert LOCAL.knows(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:8080", "localhost.evil.example", "localhost@evil.example",
             "evil.example#localhost", "evil.example/localhost", "[::1", "a b", "localhost:x", ":8080"],
)  # fmt: skip
def test_it_knows_no_others(host: str) -> None:
    if host == "localhost:x":  # a port that is none is nobody's name
        assert host_of(host) == "localhost"
        return
    assert not LOCAL.knows(host)


@pytest.mark.parametrize(
    ("origin", "site", "good"),
    [
        ("https://board.example", "same-origin", True),
        ("https://board.example", None, True),
        ("https://board.example:443", None, True),
        (None, "same-origin", True),
        (None, None, False),
        ("null", None, False),
        ("null", "same-origin", False),
        ("http://board.example", None, False),
        ("https://board.example:444", None, False),
        ("https://evil.example", None, False),
        ("https://evil.example", "cross-site", False),
        ("https://board.example", "same-site", False),
        ("https://board.example", "none", False),
        ("https://board.example@evil.example", None, False),
        ("https://board.example:99999999", None, False),
        ("", None, False),
    ],
)
def test_where_a_form_may_come_from(origin: str | None, site: str | None, good: bool) -> None:
    assert PUBLIC.comes_from_here("board.example", origin, site) is good


def test_a_port_is_a_part_of_where_it_comes_from() -> None:
    assert LOCAL.comes_from_here("localhost:8080", "http://localhost:8080", None)
    assert not LOCAL.comes_from_here("localhost:8080", "http://localhost:8081", None)
    assert not LOCAL.comes_from_here("localhost:8080", "http://localhost", None)


def test_addresses_are_of_the_proxy_only_where_there_is_one() -> None:
    assert PUBLIC.address("192.0.2.1", "10.0.0.1") == "192.0.2.1"
    assert (
        PROXIED.address("192.0.2.1", "10.0.0.1, 10.0.0.2") == "10.0.0.2"
    )  # what came before it anybody may write
    assert PROXIED.address("192.0.2.1", "") == "192.0.2.1"
    assert PROXIED.address("192.0.2.1", "10.0.0.1,") == "192.0.2.1"
    assert len(PROXIED.address("192.0.2.1", "x" * 5000)) <= 64


def test_headers() -> None:
    assert "unsafe" not in CSP and "*" not in CSP and "http" not in CSP
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(CSP.split("; "))
    assert "Strict-Transport-Security" in PUBLIC.headers()
    assert "Strict-Transport-Security" not in LOCAL.headers()
    assert PUBLIC.cookie("session").startswith("__Host-")


def test_a_mark_is_of_one_account_and_one_board() -> None:
    mark = known_mark(b"key", "an", "n1")
    assert is_known(b"key", "an", mark)
    assert not is_known(b"key", "binh", mark)
    assert not is_known(b"other", "an", mark)
    for wrong in ("", "n1", "n1.", ".", mark[:-1], mark + "0", "é.é"):
        assert not is_known(b"key", "an", wrong)


def test_tokens_of_forms_are_of_their_cookie() -> None:
    assert form_token(b"key", "a") == form_token(b"key", "a")
    assert len({form_token(b"key", "a"), form_token(b"key", "b"), form_token(b"other", "a")}) == 3
