"""Requests that nobody sent, to a board that nobody serves."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Final
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from broadcast.web.app import make_runtime
from broadcast.web.runtime import RUNTIME, Runtime
from broadcast.web.security import Front

HOST: Final = {"Host": "board.example"}


@pytest.fixture
async def run() -> AsyncIterator[Runtime]:
    """A board that nobody serves, behind a proxy."""
    yield make_runtime(Front(True, frozenset({"board.example"}), behind_proxy=True), None, UTC)


def request(
    run: Runtime,
    method: str,
    path: str,
    *headers: tuple[str, str],
    body: str = "",
    match: Mapping[str, str] = MappingProxyType({}),
    **cookies: str,
) -> web.Request:
    """match: what of the path has a name in its route."""
    app = web.Application()
    app[RUNTIME] = run
    given = CIMultiDict([*HOST.items(), *headers])
    if cookies:
        given["Cookie"] = "; ".join(f"{run.front.cookie(name)}={value}" for name, value in cookies.items())
    payload = StreamReader(Mock(BaseProtocol), 2**16)
    payload.feed_data(body.encode())
    payload.feed_eof()
    return make_mocked_request(method, path, given, app=app, payload=payload, match_info=dict(match))
