"""The shape of a nation's traffic on the wire: receipts each at its own time, at any session, late, twice, never."""

import asyncio
from collections import Counter
from typing import Any

from integration.simulated import Esme, bound, receipt_id, simulated, until
from unit.simulator.pdus import header, submit, tail

from broadcast.simulator.habits import ReceiptHabits
from broadcast.smpp.pdu import DELIVER_SM

MSISDNS = [b"849%08d" % number for number in range(200)]
SEGMENTS = 3
SENT = len(MSISDNS) * SEGMENTS
NATION: dict[str, Any] = {
    "between_s": (0.05, 0.4), "any_session": True, "early_share": 0.1, "late_share": 0.1,
    "late_between_s": (0.6, 0.8), "missing_share": 0.1, "repeats": 1, "repeat_share": 0.1,
    "repeat_between_s": (0.2, 0.5),
}  # fmt: skip


def messages() -> bytes:
    """Every one of three segments, one after another."""
    ends = [tail(b"\x05\0\x03\x07\x03" + bytes((number,)), esm=0x40) for number in range(1, SEGMENTS + 1)]
    return b"".join(
        submit(1 + SEGMENTS * place + number, msisdn, end)
        for place, msisdn in enumerate(MSISDNS)
        for number, end in enumerate(ends)
    )


async def listen(esme: Esme, heard: list[bytes]) -> None:
    """Everything that comes, receipts acked, until the stream's end."""
    while pdu := await esme.read():
        heard.append(pdu)
        if header(pdu)[1] == DELIVER_SM:
            esme.ack([pdu])


async def test_receipts_as_a_nations() -> None:
    habits = ReceiptHabits(**NATION)
    async with (
        simulated(
            receipts=habits,
            id_kind="uuid",
            response_delay_s=0.05,
            segment_undeliverable_share=0.1,
            record=SENT,
        ) as (smsc, port),
        bound(port) as one,
        bound(port) as other,
    ):
        heard: tuple[list[bytes], list[bytes]] = ([], [])
        ears = [asyncio.create_task(listen(*each)) for each in zip((one, other), heard, strict=True)]
        one.send(messages())
        await until(smsc, "segments", value=SENT)
        due = SENT - smsc.summary()["oddities"]["missing_receipts"]
        said = await until(smsc, "receipts", "acked", value=due)
        for ear in ears:
            ear.cancel()
        await asyncio.gather(*ears, return_exceptions=True)
    receipts = [[pdu for pdu in each if header(pdu)[1] == DELIVER_SM] for each in heard]
    assert min(map(len, receipts)) > due / 4  # whatever session the message came on
    times = Counter(receipt_id(pdu) for each in receipts for pdu in each)
    assert len(times) == due < SENT
    assert set(times.values()) == {1, 2}
    assert said["receipts"]["pending"] == 0
    assert smsc.exchange.records is not None
    kept = [
        segment for message in smsc.exchange.records.messages()["messages"] for segment in message["segments"]
    ]
    assert any(
        receipt["at"] < segment["answers"][0]["at"] for segment in kept for receipt in segment["receipts"]
    )
    lost = said["fates"]["undeliverable"]
    assert len(MSISDNS) / 10 < lost < len(MSISDNS)
    assert said["fates"]["delivered"] == len(MSISDNS) - lost
    assert sum(b"UNDELIV" in pdu for each in receipts for pdu in each) >= lost / 2
