"""Texts over a real link to a simulated SMSC and back out of its book, which reads with tables of its own.

The simulator's tables were made apart from ours; what it read must be what was written, in as many segments
as the forecast said.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from integration.rig import make_rig
from integration.simulated import simulated
from unit.campaign.texts import JOINS, SHIFTS, Case, cases
from unit.smpp.fake import Diary
from waiting import PATIENCE_S

from broadcast.campaign.text import compose
from broadcast.channel.link import Submission
from broadcast.channel.receipt import Receipt
from broadcast.config import Bind, Carrier, Config, DefaultAlphabet, Smpp
from broadcast.forecast.ways import CarrierLoad, forecast
from broadcast.simulator.book_server import BookServer
from broadcast.simulator.habits import Rules
from broadcast.smpp.binding import connect
from broadcast.smpp.link import Link
from broadcast.smpp.rendering import submit_fields
from broadcast.smpp.template import Template

FIRST = 84912000000


class Owner(Diary):
    """Counts answers, acks receipts."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[int] = []
        self.answers = asyncio.Event()

    def answered(self, link: Link, answers: list[tuple[Any, int, str]], left_at: float) -> None:
        self.statuses += [status for _, status, _ in answers]
        self.answers.set()

    def receipts(self, link: Link, receipts: list[Receipt]) -> None:
        link.ack([receipt[0] for receipt in receipts])

    async def all_answered(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.statuses) < count:
                self.answers.clear()
                await self.answers.wait()


def profile(case: Case, bind: Bind) -> Carrier:
    return Carrier(
        tps=1000,
        binds=(bind,),
        smpp=Smpp(concatenation=case.join, default_alphabet=case.default, national_shift=case.shift),
    )


def foreseen(sent: Sequence[Case]) -> list[int]:
    """Segments of each, as the forecast has them."""
    now = datetime.now(UTC)
    found = []
    for case in sent:
        load = CarrierLoad("c", 1, 1000, case.join, case.default, case.shift)
        found.append(forecast(case.text, case.alphabet, [load], now, now)[0].total_segments)
    return found


async def sent_and_read(sent: Sequence[Case], default: DefaultAlphabet) -> list[dict[str, Any]]:
    """What the book has of them, in the order of their recipients."""
    rules = Rules(default_alphabet=default, strict_senders=True)
    async with simulated(record=100_000, window=10_000, rules=rules) as (
        smsc,
        port,
    ):
        server = BookServer(smsc.exchange)
        book_port = await server.start("127.0.0.1")
        bind = Bind("127.0.0.1", port, "esme", password_env="TEXT_TEST_PASSWORD", window=10_000)
        owner = Owner()
        link = await connect(bind, profile(sent[0], bind), owner, "c-0")
        link._window.answered(bind.window, 0.0)  # as wide as it goes
        count = 0
        for number, case in enumerate(sent):
            count += submit(link, case, profile(case, bind), number)
        await owner.all_answered(count)
        assert set(owner.statuses) == {0}
        book = await get(book_port, f"/book/messages?limit={len(sent)}")
        await link.unbind(2)
        await server.stop()
    assert book["total"] == len(sent)
    return sorted(book["messages"], key=lambda message: int(message["msisdn"]))


def submit(link: Link, case: Case, carrier: Carrier, number: int) -> int:
    """To a recipient of its own, as the engine does; the segments."""
    message = compose(
        case.text, case.alphabet, case.join, case.default, 0xFFF0 + number, carrier.smpp.national_shift
    )
    fields = submit_fields(message, carrier, "BOYTE", datetime.now(UTC) + timedelta(hours=1), time.time())
    template = Template(fields)
    first = link.reserve(template.segments)
    tokens = [(number, segment) for segment in range(template.segments)]
    assert link.room >= template.segments
    link.submit(
        Submission(first, tokens, template.stamp(first, [FIRST + number])), asyncio.get_running_loop().time()
    )
    return template.segments


async def get(port: int, path: str) -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: book\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 200 " in head.splitlines()[0], head
    return json.loads(body)


@pytest.mark.parametrize("default", ["gsm0338", "ascii", "latin1"])
def test_every_text_comes_back_from_the_smsc(
    default: DefaultAlphabet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every alphabet, way to join and national table; a few hundred texts in batches."""
    monkeypatch.setenv("TEXT_TEST_PASSWORD", "secret")
    seen: list[Case] = []

    @settings(
        max_examples=12,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(cases(default), min_size=8, max_size=24))
    def round_trip(sent: list[Case]) -> None:
        messages = asyncio.run(sent_and_read(sent, default))
        assert [message["text"] for message in messages] == [case.text for case in sent]
        assert [len(message["segments"]) for message in messages] == foreseen(sent)
        assert all(message["complete"] and message["taken"] for message in messages)
        seen.extend(sent)

    round_trip()
    assert len(seen) >= 96
    assert {case.join for case in seen} == set(JOINS)
    written = {compose(case.text, case.alphabet, case.join, default, 0, case.shift).shift for case in seen}
    assert written == (set(SHIFTS) if default == "gsm0338" else {"none"})


async def test_a_campaign_costs_what_its_forecast_says(
    tmp_path: Path, database_url: str, conn: asyncpg.Connection, config: Config
) -> None:
    """One text, two carriers with alphabets and ways to join of their own, through a worker."""
    text = "Sağlık Bakanlığı: ellerinizi sık sık yıkayın, maske takın {1} \\ evde kalın. " * 4
    text = text.strip()
    async with make_rig(tmp_path, database_url, conn, config) as rig:
        for name, first in (("viettel", 84320000000), ("mobifone", 84700000000)):
            await rig.smsc(name, record=1000, receipt_delay_s=0.1)
            await rig.subscribers(name, 40, first)
        rig.connect("viettel", 1000, national_shift="turkish", concatenation="udh16")
        rig.connect("mobifone", 1000, concatenation="sar")
        loads = [
            CarrierLoad(
                name, 40, 1000, each.smpp.concatenation, each.smpp.default_alphabet, each.smpp.national_shift
            )
            for name, each in rig.config.carriers.items()
        ]
        now = datetime.now(UTC)
        lines = forecast(text, "ucs2", loads, now, now)[0].carriers
        assert [(line.carrier, line.shift, line.segments) for line in lines] == [
            ("viettel", "turkish", 3),
            ("mobifone", "none", 5),
        ]
        rig.worker()
        assert await rig.finish(await rig.launch(text=text)) == {"delivered": 80}
        for line in lines:
            smsc = rig.smscs[line.carrier]
            assert (await smsc.book())["segments"] == line.total_segments
            book = await get(smsc.book_port, "/book/messages?limit=1000")
            assert [message["text"] for message in book["messages"]] == [text] * 40
