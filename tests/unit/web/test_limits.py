"""Who may try to log in when: failures cost waiting, and nobody can spend another's."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.web import limits
from broadcast.web.limits import FORGOTTEN_S, FREE, FREE_ADDRESS, MOST_S, Limiter, network_of

HERE, THERE = "192.0.2.1", "198.51.100.7"


def failed(limiter: Limiter, times: int, address: str = HERE, account: str = "an", known: str = "") -> None:
    for _ in range(times):
        limiter.failed(0.0, address, account, known)


def test_some_failures_cost_nothing_then_each_costs_twice_as_long() -> None:
    limiter = Limiter()
    failed(limiter, FREE - 1)
    assert limiter.wait_s(0.0, HERE, "an") == 0
    waits = []
    for _ in range(12):
        limiter.failed(0.0, HERE, "an")
        waits.append(limiter.wait_s(0.0, HERE, "an"))
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert waits[-1] == MOST_S
    assert limiter.wait_s(MOST_S, HERE, "an") == 0
    assert limiter.wait_s(FORGOTTEN_S, HERE, "an") == 0


def test_the_right_password_forgets_them() -> None:
    limiter = Limiter()
    failed(limiter, FREE - 1)
    limiter.failed(0.0, HERE, "an")
    limiter.passed(HERE, "an")
    failed(limiter, FREE - 1)
    assert limiter.wait_s(0.0, HERE, "an") == 0


@given(st.integers(1, 500), st.integers(1, 50))
def test_nobody_locks_an_account_from_elsewhere(failures: int, addresses: int) -> None:
    """Whatever strangers do with a name, its owner's own address may try."""
    limiter = Limiter()
    for each in range(failures):
        limiter.failed(0.0, f"198.51.100.{each % addresses}", "an")
    assert limiter.wait_s(0.0, HERE, "an") == 0


def test_a_browser_that_is_known_waits_for_its_own_failures_alone() -> None:
    limiter = Limiter()
    failed(limiter, 1000)  # from behind the same address, with the same name
    assert limiter.wait_s(0.0, HERE, "an") > 0
    assert limiter.wait_s(0.0, HERE, "an", "mark") == 0
    failed(limiter, FREE, known="mark")
    assert limiter.wait_s(0.0, HERE, "an", "mark") > 0
    assert limiter.wait_s(0.0, HERE, "an", "another") == 0


def test_an_address_that_tries_names_waits_over_all_of_them() -> None:
    limiter = Limiter()
    for each in range(FREE_ADDRESS):
        limiter.failed(0.0, HERE, f"name{each}")
    assert limiter.wait_s(0.0, HERE, "another") > 0
    assert limiter.wait_s(0.0, THERE, "another") == 0
    limiter.passed(HERE, "name1")
    assert limiter.wait_s(0.0, HERE, "another") == 0  # one fewer: it was no failure


def test_what_is_remembered_is_bounded() -> None:
    limiter = Limiter()
    for each in range(limits.MOST):
        limiter.failed(0.0, f"10.{each // 65536}.{each // 256 % 256}.{each % 256}", "an")
    assert len(limiter._failures) == limits.MOST


def test_an_ipv6_network_is_one_address() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("whatever") == "whatever"


@given(st.floats(0, 1e6), st.integers(0, 100))
def test_no_wait_is_longer_than_the_longest(later: float, failures: int) -> None:
    limiter = Limiter()
    failed(limiter, failures)
    assert 0 <= limiter.wait_s(later, HERE, "an") <= MOST_S
