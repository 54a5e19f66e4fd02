"""Ids and receipts that meet the wrong message, as the simulated SMSC sends them over TCP (quirks 46 to 52)."""

from collections import Counter
from typing import Any

import pytest
from integration.simulated import Esme, bound, receipt_id, simulated, until
from unit.simulator.pdus import header, submit, tail

from broadcast.simulator.habits import IdHabits, ReceiptHabits, Twin
from broadcast.smpp.pdu import DELIVER_SM, SUBMIT_SM_RESP

MSISDNS = [b"849%08d" % number for number in range(30)]


class Heard:
    """What an ESME was told: ids as in the responses, in order of their sequence numbers; and the receipts."""

    def __init__(self) -> None:
        self.by_number: dict[int, bytes] = {}
        self.receipts: list[bytes] = []

    @property
    def given(self) -> list[bytes]:
        """Ids, with all that follows a NUL in them."""
        return [self.by_number[number] for number in sorted(self.by_number)]

    @property
    def told(self) -> list[bytes]:
        return [pdu.split(b"id:")[1].split(b" sub:")[0] for pdu in self.receipts]

    async def read(self, esme: Esme, responses: int, receipts: int) -> None:
        """Until so many of each have come; receipts are acked."""
        while len(self.by_number) < responses or len(self.receipts) < receipts:
            pdu = await esme.read()
            _, command, status, sequence = header(pdu)
            if command == SUBMIT_SM_RESP:
                assert status == 0
                self.by_number[sequence] = pdu[16:-1]
            else:
                assert command == DELIVER_SM
                self.receipts.append(pdu)
                esme.ack([pdu])


async def sent(msisdns: list[bytes], **settings: Any) -> Heard:
    """All of these, of one segment each, with a receipt each."""
    heard = Heard()
    async with simulated(**settings) as (_, port), bound(port) as esme:
        esme.submit(msisdns)
        await heard.read(esme, len(msisdns), len(msisdns))
    return heard


async def test_the_same_id_for_every_message() -> None:
    heard = await sent(MSISDNS, ids=IdHabits(same="all"))
    assert len(set(heard.given)) == 1
    assert set(heard.told) == set(heard.given)
    assert sorted(pdu.count(msisdn) for msisdn in MSISDNS for pdu in heard.receipts).count(1) == len(MSISDNS)


async def test_the_same_id_for_all_segments_of_a_message() -> None:
    ends = [tail(b"\x05\0\x03\x07\x03" + bytes((number,)), esm=0x40) for number in (1, 2, 3)]
    heard = Heard()
    async with simulated(ids=IdHabits(same="message")) as (_, port), bound(port) as esme:
        for place, msisdn in enumerate(MSISDNS):
            for number, end in enumerate(ends):
                esme.send(submit(1 + 3 * place + number, msisdn, end))
        await heard.read(esme, 90, 90)
    assert heard.given[::3] == heard.given[1::3] == heard.given[2::3]
    assert Counter(heard.told) == dict.fromkeys(heard.given[::3], 3)


async def test_ids_that_come_again() -> None:
    heard = await sent(MSISDNS, ids=IdHabits(modulo=10))
    assert heard.given == [b"%d" % (number % 10) for number in range(30)]
    assert Counter(heard.told) == dict.fromkeys(heard.given, 3)


async def test_ids_from_the_start_after_a_restart() -> None:
    before, after = [await sent(MSISDNS, ids=IdHabits(first=65_530)) for _ in range(2)]
    assert before.given == after.given == [b"%d" % number for number in range(65_530, 65_560)]


@pytest.mark.parametrize("kind", ["case", "nul", "past_64", "past_255", "zeros", "blanks"])
async def test_ids_that_hardly_differ(kind: Twin) -> None:
    heard = await sent(MSISDNS, id_kind="sar", ids=IdHabits(twins=(kind,)))
    alike = {
        "case": bytes.lower,
        "nul": lambda smsc_id: smsc_id.partition(b"\0")[0],
        "past_64": lambda smsc_id: smsc_id[:64],
        "past_255": lambda smsc_id: smsc_id[:255],
        "zeros": lambda smsc_id: smsc_id.lstrip(b"0"),
        "blanks": bytes.strip,
    }[kind]
    assert len(set(heard.given)) == 30
    assert Counter(map(alike, heard.given)) == dict.fromkeys(map(alike, heard.given), 2)
    assert sorted(heard.told) == sorted(heard.given)


async def test_an_old_receipt_again_on_a_new_link() -> None:
    habits = ReceiptHabits(repeats=1, repeat_after_s=0.2, repeats_on_new_link=True)
    first, later = Heard(), Heard()
    async with simulated(receipts=habits) as (smsc, port), bound(port) as esme:
        esme.submit(MSISDNS)
        await first.read(esme, 30, 30)
        await until(smsc, "receipts", "pending", value=0)
        async with bound(port) as other:
            await later.read(other, 0, 30)
        assert smsc.summary()["oddities"]["repeat_sent"] == 30
    assert sorted(later.told) == sorted(first.told)


@pytest.mark.parametrize(
    ("whose", "source", "destination"),
    [
        ("other", b"\1\x0184900000001\0", b"\5\0BOYTE\0"),
        ("none", b"\0\0\0", b"\5\0BOYTE\0"),
        ("swapped", b"\5\0BOYTE\0", b"\1\x0184900000000\0"),
    ],
)
async def test_a_receipt_that_names_another_number(whose: Any, source: bytes, destination: bytes) -> None:
    heard = await sent(MSISDNS[:1], receipts=ReceiptHabits(numbers=(whose,)))
    assert heard.told == heard.given
    assert heard.receipts[0][16:].startswith(b"\0" + source + destination)


async def test_a_receipt_that_is_older_than_the_submission_of_its_id() -> None:
    habits = ReceiptHabits(stranger_share=1.0, stranger_ahead=10)
    heard, later = Heard(), Heard()
    async with simulated(receipts=habits) as (_, port), bound(port) as esme:
        esme.submit(MSISDNS[:5])
        await heard.read(esme, 5, 10)
        foretold = set(heard.told) - set(heard.given)
        esme.submit(MSISDNS[5:], first=100)
        await later.read(esme, 25, 50)
    assert len(foretold) == 5
    assert foretold < set(later.given)
    older = {receipt_id(pdu): pdu for pdu in heard.receipts}
    newer = dict(zip(later.given, MSISDNS[5:], strict=True))
    assert all(newer[smsc_id] not in older[smsc_id] for smsc_id in foretold)


async def test_an_id_is_given_again_while_its_old_receipt_is_under_way() -> None:
    habits = ReceiptHabits(between_s=(0.3, 0.5))
    heard = Heard()
    async with simulated(receipts=habits, ids=IdHabits(modulo=10)) as (_, port), bound(port) as esme:
        esme.submit(MSISDNS)
        await heard.read(esme, 30, 0)
        assert heard.receipts == []  # three messages have each id, and none has its receipt
        await heard.read(esme, 30, 30)
    assert Counter(heard.told) == {b"%d" % number: 3 for number in range(10)}


async def test_receipts_of_nobody_by_the_thousand() -> None:
    async with simulated(receipts=ReceiptHabits(strangers=2000), receipt_window=500) as (smsc, port):
        heard = Heard()
        async with bound(port) as esme:
            esme.submit(MSISDNS)
            await heard.read(esme, 30, 4030)
        assert smsc.summary()["receipts"]["acked"] == 30
        assert smsc.summary()["oddities"]["stranger_acked"] >= 3500
    assert set(heard.given) < set(heard.told)
    assert len(set(heard.told)) == len(heard.told) >= 4030
