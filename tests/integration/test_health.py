"""The worker's HTTP server, asked over a real socket as Prometheus and an orchestrator ask it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from waiting import PATIENCE_S, until

from broadcast.errors import DatabaseDownError
from broadcast.monitor import health, http
from broadcast.monitor.health import HealthServer, PortInUseError
from broadcast.monitor.lag import measure_lag
from broadcast.monitor.metrics import Metrics


class Conditions:
    """What the checks say, changed by a test."""

    database: str | None = None
    fault: Exception | None = None
    hang = False

    async def check_database(self) -> str | None:
        if self.hang:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault
        return self.database

    async def check_registered(self) -> str | None:
        return None


@pytest.fixture
def conditions() -> Conditions:
    return Conditions()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def port(metrics: Metrics, conditions: Conditions) -> AsyncIterator[int]:
    checks = {"database": conditions.check_database, "registered": conditions.check_registered}
    server = HealthServer(metrics, checks)
    yield await server.start("127.0.0.1", 0)
    await server.stop()
    await server.stop()


async def ask(port: int, request: bytes) -> tuple[str, str, bytes]:
    """Send raw bytes; returns (status line, head, body) of what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return lines[0], "\n".join(lines[1:]), body


async def get(port: int, path: str, *headers: str) -> tuple[str, str, bytes]:
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]
    return await ask(port, "\r\n".join(lines).encode())


async def test_metrics_in_prometheus_text(port: int, metrics: Metrics) -> None:
    metrics.submitted.labels("viettel").inc(42)
    status, head, body = await get(port, "/metrics")
    assert status == "HTTP/1.1 200 OK"
    assert "Content-Type: text/plain; version=0.0.4" in head
    assert f"Content-Length: {len(body)}" in head
    assert b'broadcast_submitted_segments_total{carrier="viettel"} 42.0' in body


async def test_metrics_are_text_whatever_is_asked_for(port: int) -> None:
    _, head, body = await get(port, "/metrics?x=1", "Accept: application/openmetrics-text; version=1.0.0")
    assert "Content-Type: text/plain; version=0.0.4" in head
    assert body.startswith(b"# HELP broadcast_")


async def test_healthz_needs_no_database(port: int, conditions: Conditions) -> None:
    conditions.database = "down"
    status, _, body = await get(port, "/healthz")
    assert (status, json.loads(body)) == ("HTTP/1.1 200 OK", {"alive": True})


async def test_ready(port: int) -> None:
    status, _, body = await get(port, "/readyz")
    assert status == "HTTP/1.1 200 OK"
    assert json.loads(body) == {"ready": True, "checks": {"database": "ok", "registered": "ok"}}


@pytest.mark.parametrize(
    ("reason", "fault", "said"),
    [
        ("behind in migrations", None, "behind in migrations"),
        (None, DatabaseDownError("the database does not answer"), "the database does not answer"),
        (None, ConnectionRefusedError("refused"), "refused"),
    ],
)
async def test_not_ready_says_why(
    port: int, conditions: Conditions, reason: str | None, fault: Exception | None, said: str
) -> None:
    conditions.database, conditions.fault = reason, fault
    status, _, body = await get(port, "/readyz")
    assert status == "HTTP/1.1 503 Service Unavailable"
    assert json.loads(body) == {"ready": False, "checks": {"database": said, "registered": "ok"}}


async def test_a_check_that_hangs_is_cut_off(
    port: int, conditions: Conditions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_DEADLINE_S", 0.05)
    conditions.hang = True
    status, _, body = await get(port, "/readyz")
    assert status == "HTTP/1.1 503 Service Unavailable"
    assert json.loads(body)["checks"]["database"] == "no answer within 0.05 s"


async def test_other_paths_and_methods(port: int) -> None:
    assert (await get(port, "/"))[0] == "HTTP/1.1 404 Not Found"
    assert (await ask(port, b"POST /metrics HTTP/1.1\r\n\r\n"))[0] == "HTTP/1.1 405 Method Not Allowed"


@pytest.mark.parametrize(
    "junk", [b"\x00\x00\x00\x10" * 4096, b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 20_000]
)
async def test_junk_is_closed_and_the_next_client_served(port: int, junk: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(junk)
    writer.close()
    assert (await get(port, "/healthz"))[0] == "HTTP/1.1 200 OK"


async def test_who_scrapes_again_and_again_keeps_the_connection(port: int, metrics: Metrics) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for count in (1, 2, 3):
        metrics.submitted.labels("viettel").inc()
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        await asyncio.sleep(0)
        writer.write(b"\r\n")
        async with asyncio.timeout(PATIENCE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert "Connection" not in head
            body = await reader.readexactly(int(head.partition("Content-Length: ")[2].partition("\r")[0]))
        assert f'broadcast_submitted_segments_total{{carrier="viettel"}} {count}.0' in body.decode()
    writer.write(
        b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    )  # which is not said at once: it ends with the answer
    async with asyncio.timeout(PATIENCE_S):
        assert b"Connection: close" in await reader.read()
    writer.close()


async def test_few_connections_are_kept_and_not_for_ever(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "KEPT_MOST", 1)
    monkeypatch.setattr(http, "IDLE_S", 0.05)
    first, second = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for reader, writer in (second, first):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()  # to its end
        assert (b"Connection: close" in answer) == (reader is second[0])
        writer.close()


async def test_two_requests_at_once_and_a_body_end_the_connection(port: int) -> None:
    for request in (
        b"GET /healthz HTTP/1.1\r\n\r\n" * 2,
        b"GET /healthz HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
    ):
        status, head, body = await ask(port, request)
        assert (status, "Connection: close" in head) == ("HTTP/1.1 200 OK", True)
        assert json.loads(body) == {"alive": True}


async def test_stopping_ends_connections_that_are_kept(metrics: Metrics) -> None:
    server = HealthServer(metrics, {})
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.start("127.0.0.1", 0))
    writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        await reader.readuntil(b"}\n")
        await server.stop()
        assert await reader.read() == b""
    writer.close()


async def test_a_silent_client_is_cut_off(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ_DEADLINE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz")
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()


async def test_a_port_in_use_is_one_clear_line(port: int, metrics: Metrics) -> None:
    with pytest.raises(PortInUseError) as raised:
        await HealthServer(metrics, {}).start("127.0.0.1", port)
    message = str(raised.value)
    assert f"cannot serve metrics on 127.0.0.1 port {port}" in message
    assert "give another --metrics-port, or 0 for a free one" in message
    assert "\n" not in message
    assert raised.value.exit_code == 1


async def test_stopping_frees_the_port(metrics: Metrics) -> None:
    server = HealthServer(metrics, {})
    opened = await server.start("127.0.0.1", 0)
    await server.stop()
    again = HealthServer(metrics, {})
    assert await again.start("127.0.0.1", opened) == opened
    await again.stop()


async def test_lag_is_observed(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadcast.monitor.lag.EVERY_S", 0.01)
    task = asyncio.create_task(measure_lag(metrics))

    def observed() -> float:
        return metrics.registry.get_sample_value("broadcast_loop_lag_seconds_count") or 0

    await until(lambda: observed() >= 3, "it is observed again and again")
    task.cancel()
