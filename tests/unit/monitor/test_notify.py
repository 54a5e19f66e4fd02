"""What is told a service manager, and whether there is one. (The datagrams: tests/integration/test_notify.py.)"""

import os

import pytest

from broadcast.monitor.notify import Notify, status


@pytest.mark.parametrize(
    ("found", "words", "said"),
    [
        ({"lease": "ok", "links": "ok"}, "worker 3", "ready; worker 3"),
        ({"lease": "ok"}, "", "ready"),
        (
            {"lease": "ok", "links": "no link is bound: viettel 1 refused", "receipts": "late"},
            "worker 3",
            "not ready: links: no link is bound: viettel 1 refused; receipts: late; worker 3",
        ),
    ],
)
def test_status(found: dict[str, str], words: str, said: str) -> None:
    assert status(found, words) == said


def test_nobody_wants_to_know() -> None:
    made = Notify.taken({"PATH": "/bin"})
    assert not made
    made.tell(READY="1")
    made.close()


@pytest.mark.parametrize(
    ("usec", "pid", "watchdog_s"),
    [
        ("30000000", "", 30.0),
        pytest.param("30000000", str(os.getpid()), 30.0, id="ours"),  # processes of xdist must name it alike
        ("30000000", "1", None),  # another process is meant
        ("", "", None),
        ("0", "", None),
        ("-5", "", None),
        ("²", "", None),
    ],
)
def test_the_watchdog_that_the_environment_names(usec: str, pid: str, watchdog_s: float | None) -> None:
    environment = {"NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": usec, "WATCHDOG_PID": pid, "PATH": "/bin"}
    made = Notify.taken(environment)
    assert made.watchdog_s == watchdog_s
    assert environment == {"PATH": "/bin"}  # for no child of it
    made.close()


def test_a_manager_that_is_no_socket_here_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    assert not Notify.taken({"NOTIFY_SOCKET": "vsock:2:1234", "WATCHDOG_USEC": "1"})
    assert "manager_unknown" in caplog.text
