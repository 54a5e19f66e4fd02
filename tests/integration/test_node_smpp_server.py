"""Our links and workers against an SMSC that is not ours: npm's `smpp`, which has coders of its own for all of it."""

import asyncio
from pathlib import Path
from typing import Any, get_args

import pytest
from integration.authority import Authority
from integration.node_smpp_peer import installed, running
from unit.smpp.fake import Diary
from waiting import PATIENCE_S

from broadcast.campaign.alphabets import choose_alphabet
from broadcast.campaign.text import compose
from broadcast.channel.link import Submission
from broadcast.config import Bind, Carrier, Concatenation, Config, NationalShift, Smpp, Tls
from broadcast.errors import BindRefusedError
from broadcast.smpp.binding import connect
from broadcast.smpp.link import Link
from broadcast.smpp.template import SubmitFields, Template

MSISDN = 84912345678
VIETNAMESE = "Bộ Y tế khuyến cáo người dân rửa tay thường xuyên. 😷 " * 4
EXTENDED = "Rates: [1] 5€ {per} ~day^ \\ | @£$ ÄÖÑÜ§ Δ_ΦΓΛΩΠΨΣΘΞ " * 6
TURKISH = "Lütfen ellerinizi yıkayın, maske takın: ğüşöç İĞŞ " * 5


@pytest.fixture
def modules(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return installed(pytestconfig.cache)


class Acking(Diary):
    """Answers every delivery at once, as after a commit."""

    def receipts(self, link: Link, receipts: list[Any]) -> None:
        super().receipts(link, receipts)
        link.ack([receipt[0] for receipt in receipts])

    def of(self, name: str) -> list[Any]:
        return [item for entry, given in self.entries if entry == name for item in given]

    async def until(self, name: str, count: int) -> list[Any]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.of(name)) < count:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.005)
        return self.of(name)


async def opened(port: int, diary: Diary, mode: str = "transceiver", **settings: Any) -> Link:
    bind = Bind("127.0.0.1", port, "esme", window=500, **{"mode": mode, **settings})
    both = (bind, Bind("127.0.0.1", port, "esme"))  # a carrier needs a way for each direction
    return await connect(bind, Carrier(tps=1, binds=both), diary, f"node-{mode}")


def submit(link: Link, text: str, concatenation: Concatenation, shift: NationalShift = "none") -> int:
    """One message to one number; how many submit_sm it takes."""
    message = compose(text, choose_alphabet(text), concatenation, "gsm0338", 0x1234, shift)
    fields = [
        SubmitFields("BOYTE", 5, 0, 1, 1, "", 0x40 if part.udhi else 0, message.data_coding, 1, "",
                     part.short_message, part.tlvs)
        for part in message.segments
    ]  # fmt: skip
    first = link.reserve(len(fields))
    data = Template(fields).stamp(first, [MSISDN])
    link.submit(Submission(first, list(range(len(fields))), data), asyncio.get_running_loop().time())
    return len(fields)


async def test_long_texts_arrive_as_they_were_written(modules: Path) -> None:
    async with running(modules) as (smsc, port):
        link = await opened(port, diary := Acking())
        for concatenation in get_args(Concatenation):
            for text, shift in ((VIETNAMESE, "none"), (EXTENDED, "none"), (TURKISH, "turkish")):
                smsc.events.clear()
                count = submit(link, text, concatenation, shift)
                parts = await smsc.until("submitted", count)
                assert "".join(part["text"] for part in parts) == text
                assert [joined_by(part) for part in parts] == expected(concatenation, count)
                assert {(part["source"], part["source_ton"], part["destination"]) for part in parts} == {
                    ("BOYTE", 5, str(MSISDN))
                }
        answers = await diary.until("answered", 1)
        assert {status for _, status, _ in answers} == {0}
        await link.unbind(PATIENCE_S)


def joined_by(part: dict[str, Any]) -> object:
    """What tells a handset which part this is; a header that names a shift table does not."""
    headers = [element for element in part["udh"] if element[:2] in ("00", "08")]
    return part["sar"] or headers


def expected(concatenation: Concatenation, count: int) -> list[object]:
    numbers = range(1, count + 1)
    if concatenation == "payload":
        return [[]]
    if concatenation == "sar":
        return [[0x1234, count, number] for number in numbers]
    start = "000334" if concatenation == "udh8" else "08041234"
    return [[f"{start}{count:02x}{number:02x}"] for number in numbers]


@pytest.mark.parametrize("style", ["text", "ucs2", "tlv"])
async def test_a_transmitter_sends_and_a_receiver_gets_the_receipts(
    modules: Path, tmp_path: Path, style: str
) -> None:
    async with running(modules, receipts=style, password="secret") as (smsc, port):
        with pytest.raises(BindRefusedError, match="ESME_RINVPASWD"):
            await opened(port, Diary())
        sent, got = Acking(), Acking()
        (tmp_path / "password").write_text("secret\n")
        password = {"password_file": str(tmp_path / "password")}
        sender = await opened(port, sent, "transmitter", **password)
        receiver = await opened(port, got, "receiver", **password)
        assert (sender.can_submit, receiver.can_submit, receiver.room) == (True, False, 0)
        count = submit(sender, VIETNAMESE, "udh8")
        answers = await sent.until("answered", count)
        receipts = await got.until("receipts", count)
        assert {smsc_id for _, _, smsc_id in answers} == {receipt[2].upper() for receipt in receipts}
        err = "" if style == "tlv" else "000"
        assert {receipt[1:2] + receipt[3:] for receipt in receipts} == {(8, err, MSISDN)}
        assert [told["status"] for told in await smsc.until("delivered", count)] == [0] * count
        assert sent.of("receipts") == []
        await asyncio.gather(sender.unbind(PATIENCE_S), receiver.unbind(PATIENCE_S))
        assert len(await smsc.until("unbound", 2)) == 2


async def test_both_sides_ask_for_a_sign_of_life_and_the_smsc_unbinds(modules: Path) -> None:
    async with running(modules, enquire_ms=20) as (smsc, port):
        link = await opened(port, diary := Diary(), enquire_link_s=0.05, response_timeout_s=5.0)
        await smsc.until("alive", 3)
        smsc.do("enquire_link", 0)
        await smsc.until("alive", 4)
        assert link.is_bound
        smsc.do("unbind", 0)
        assert await asyncio.wait_for(link.finished(), PATIENCE_S) == "unbound by the SMSC"
        await smsc.until("closed")
        quiet = await opened(port, diary, enquire_link_s=0.05, response_timeout_s=5.0)
        smsc.do("close", 1)
        assert "closed" in await asyncio.wait_for(quiet.finished(), PATIENCE_S)


async def test_our_sign_of_life_keeps_a_silent_link(modules: Path) -> None:
    async with running(modules) as (smsc, port):
        link = await opened(port, Diary(), enquire_link_s=0.05, response_timeout_s=5.0)
        await smsc.until("asked", 3)
        assert link.is_bound
        await link.unbind(PATIENCE_S)
        await smsc.until("unbound")


async def test_messages_from_people_and_receipts_of_any_kind(modules: Path) -> None:
    async with running(modules) as (smsc, port):
        link = await opened(port, diary := Acking())
        base = {"source_addr": str(MSISDN), "destination_addr": "1900"}
        smsc.do("deliver", 0, fields={**base, "short_message": "STOP 😷", "data_coding": 8})
        smsc.do("deliver", 0, fields={**base, "short_message": "id:AB1 DELIVRD err:000", "esm_class": 4})
        smsc.do(
            "deliver", 0, fields={**base, "short_message": "", "esm_class": 4, "receipted_message_id": "C2"}
        )
        (message,) = await diary.until("messages", 1)
        assert (message.source, message.payload) == (str(MSISDN), "STOP 😷".encode("utf-16-be"))
        assert [receipt[1:] for receipt in await diary.until("receipts", 1)] == [(8, "AB1", "000", MSISDN)]
        ((ack, _, reason),) = await diary.until("unreadable", 1)
        assert reason == "a receipt without a state"
        link.ack([message.ack, ack])
        await smsc.until("delivered", 3, status=0)
        await link.unbind(PATIENCE_S)


async def test_over_tls(modules: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("smsc.test")
    async with running(modules, key=key, cert=cert, receipts="text") as (_, port):
        tls = Tls(ca_file=authority.ca, server_name="smsc.test", min_version="1.3")
        link = await opened(port, diary := Acking(), tls=tls)
        count = submit(link, VIETNAMESE, "udh16")
        assert len(await diary.until("receipts", count)) == count
        await link.unbind(PATIENCE_S)


async def test_a_whole_campaign(rig: Any, modules: Path) -> None:
    """Two binds, receipts in UCS-2, ids whose case flips, enquire_link from both sides; the audit balances."""
    async with running(modules, receipts="ucs2", enquire_ms=100) as (smsc, port):
        bind = Bind("127.0.0.1", port, "esme", sessions=2, window=20, enquire_link_s=0.5)
        rig.config = Config(
            rig.config.country,
            "BOYTE",
            {"viettel": Carrier(tps=500, binds=(bind,), smpp=Smpp(id_case="fold"))},
        )
        await rig.subscribers("viettel", 150)
        rig.worker()
        campaign = await rig.launch(text=VIETNAMESE.strip())
        assert await rig.finish(campaign) == {"delivered": 150}
        submits = smsc.of("submitted")
        assert len(submits) == len({told["id"] for told in submits})
        assert len({told["destination"] for told in submits}) == 150
        assert {told["session"] for told in submits} == {0, 1}
        assert all(told["validity"] for told in submits)
        await rig.close()
        assert len(await smsc.until("unbound", 2)) == 2


def test_the_lock_names_no_registry() -> None:
    lock = (Path(__file__).parent / "node_smpp" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == 3
