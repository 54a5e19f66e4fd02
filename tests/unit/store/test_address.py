"""A URL that cannot be read is one line, exit code 2, and nothing of it is repeated."""

import pytest

from broadcast.errors import ConfigError
from broadcast.store import address

SECRET = "Gehe1m"
ENCODE = "percent-encode the user and the password"


@pytest.mark.parametrize(
    ("url", "line"),
    [
        (f"postgresql://minh:p@{SECRET}@db.example/alerts", ENCODE),
        (f"postgresql://minh:p@{SECRET}:77@db.example:5432/alerts", ENCODE),
        (f"postgresql://minh:p/{SECRET}@db.example/alerts", ENCODE),
        (f"postgresql://minh:12/{SECRET}@db.example/alerts", ENCODE),
        (f"postgresql://minh:p?{SECRET}@db.example/alerts", ENCODE),
        (f"postgresql://minh:p?a={SECRET}@db.example/alerts", ENCODE),
        (f"postgresql://minh:p#{SECRET}@db.example/alerts", ENCODE),
        (f"postgresql://minh:{SECRET}#x@db.example/alerts", ENCODE),
        (f"postgresql://minh:{SECRET}[x@db.example/alerts", ENCODE),
        (f"postgresql://minh:{SECRET} x@db.example/alerts", "a blank or a line break"),
        (f"postgresql://minh:{SECRET}\n@db.example/alerts", "a blank or a line break"),
        (f"postgresql://minh:{SECRET}@db.example:99999/alerts", "not a number from 1 to 65535"),
        (f"postgresql://minh:{SECRET}@db.example:0/alerts", "not a number from 1 to 65535"),
        (f"postgresql://minh:{SECRET}@db.example:-1/alerts", "not a number from 1 to 65535"),
        (f"postgresql://minh:{SECRET}@db.example:port/alerts", "not a number from 1 to 65535"),
        (f"postgresql://minh:{SECRET}@db.example:/alerts", "not a number from 1 to 65535"),
        (f"postgresql://minh:{SECRET}", "not a number from 1 to 65535"),
        (f"postgresql://minh:{SECRET}/alerts", "or is it a password"),
        (f"postgresql://minh:{SECRET}@one,,two/alerts", "lacks a host"),
        (f"postgresql://minh:{SECRET}@:5432/alerts", "lacks a host"),
        (f"postgresql://minh:{SECRET}@::1/alerts", "an IPv6 address in brackets"),
        (f"postgresql://minh:{SECRET}@[::1/alerts", "an IPv6 address in brackets"),
        (f"postgresql://minh:{SECRET}@db.example/alerts?sslmode", "a parameter without a value"),
        (
            f"postgresql://minh:{SECRET}@db.example/alerts?sslmode=yes",
            "sslmode in BROADCAST_DATABASE_URL is none of",
        ),
        (
            f"postgresql://minh:{SECRET}@db.example/alerts?target_session_attrs=rw",
            "is none of any, read-write",
        ),
        (f"postgresql://minh:{SECRET}@db.example/alerts?ssl_min_protocol_version=1.2", "is none of TLSv1, "),
        (f"postgresql://minh:{SECRET}@db.example/alerts?port=x", "not a number from 1 to 65535"),
        (f"mysql://minh:{SECRET}@db.example/alerts", "is not a usable URL: write postgresql://"),
        (f"host=db.example password={SECRET}", "is not a usable URL: write postgresql://"),
        (SECRET, "is not a usable URL: write postgresql://"),
    ],
)
def test_what_cannot_be_read(url: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        address.check(url)
    said = str(caught.value)
    assert line in said
    assert "\n" not in said
    assert not any(part in said for part in (SECRET, "minh", "alerts", "db.example", "99999"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "where", "database"),
    [
        ("postgresql://minh:a%40b%2Fc%3F@db.example/alerts", "db.example:5432", "alerts"),
        ("postgres://minh:a:b,c@db.example:5433/al%20erts", "db.example:5433", "al erts"),
        ("postgresql://one:5433,[::1],two:5434/alerts", "one:5433, ::1:5432, two:5434", "alerts"),
        ("postgresql:///alerts", address.HERE, "alerts"),
        ("postgresql://b@/b?host=/run/x", address.HERE, "b"),
        ("postgresql://minh:x@/alerts?host=db.example&port=6432", "db.example:6432", "alerts"),
        ("postgresql:///alerts?host=db.example&user=lan@example", "db.example:5432", "alerts"),
        ("postgresql://db.example?sslmode=verify-full&sslrootcert=/etc/ca.pem", "db.example:5432", ""),
        ("postgresql://[fe80::1%25eth0]:5432/alerts", "fe80::1%eth0:5432", "alerts"),
    ],
)
def test_what_can(url: str, where: str, database: str) -> None:
    address.check(url)
    assert (address.place(url), address.database(url)) == (where, database)


def test_settings_of_the_server_are_told_apart() -> None:
    url = "postgresql://db.example/alerts?sslmode=require&connect_timeout=3&work_mem=4MB"
    assert address.settings(url) == ["connect_timeout", "work_mem"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://boyte:se%40cret@db.example:5432/live", "postgresql://an@db.example:5432/live"),
        (
            "postgresql://db1,db2:6432/live?sslmode=require",
            "postgresql://an@db1,db2:6432/live?sslmode=require",
        ),
        ("postgres:///live?host=/run/pg&user=x&password=y", "postgres://an@/live?host=%2Frun%2Fpg"),
    ],
)
def test_another_login(url: str, expected: str) -> None:
    """With its own password, or none: the first one's goes."""
    found = address.as_user(url, "an")
    address.check(found)
    assert found == expected
    assert address.user(found) == "an"


def test_a_login_of_any_letters() -> None:
    found = address.as_user("postgresql://x@h/d", "Bình @/:?#")
    address.check(found)
    assert address.user(found) == "Bình @/:?#"
