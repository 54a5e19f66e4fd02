"""A campaign that cannot be read is told where an operator looks, and stops no other."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from broadcast.campaign import campaigns
from broadcast.config import Config
from broadcast.engine.feeder import Feeder
from broadcast.engine.wake import Wake


async def test_watch_is_given_the_reason(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreadable(*_: object) -> None:
        raise KeyError("84912345678")

    monkeypatch.setattr(campaigns, "get", unreadable)
    anything = cast(Any, None)
    feeder = Feeder(config, anything, anything, {}, anything, anything, Wake(), anything)
    lane = SimpleNamespace(carrier_no=1, name="viettel", cannot_send={})
    assert await feeder._at_carrier(cast(Any, None), cast(Any, lane), cast(Any, 3)) == ()
    assert lane.cannot_send == {3: "it cannot be read: see the worker's log"}
