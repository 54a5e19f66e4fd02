"""A personality from its file, and what is refused."""

from pathlib import Path

import pytest

from broadcast.errors import ConfigError
from broadcast.simulator.habits import ReceiptHabits
from broadcast.simulator.personality import Personality, load

SHIPPED = Path(__file__).parents[3] / "config" / "simulator"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "carrier.toml"
    path.write_text('name = "x"\nsystem_id = "esme"\npassword = "secret"\ntps = 100\n', encoding="utf-8")
    return path


def test_a_file_with_settings_over_it(file: Path) -> None:
    found = load(file, ["tps=250", "receipt_id = hex", "receipt_tlvs=true", "undeliverable_share=0.5"])
    assert found == Personality(
        name="x", system_id="esme", password="secret", tps=250, receipt_id="hex", receipt_tlvs=True,
        undeliverable_share=0.5,
    )  # fmt: skip


def test_a_text_setting_needs_no_quotes(file: Path) -> None:
    assert load(file, ["password=12345"]).password == "12345"
    assert load(file, ['name="a b"']).name == "a b"


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("tsp=1", "unknown key tsp: did you mean tps?"),
        ("tps=fast", "tps must be a whole number, not 'fast'"),
        ("tps", "--set tps: write key=value"),
        ("tps=-1", "tps must be 0 (no limit) to 1000000"),
        ("window=0", "window must be 1 to 1000000"),
        ("refused_share=1.5", "refused_share must be 0 to 1"),
        ("receipt_delay_s=-1", "receipt_delay_s must be 0 to 86400 seconds"),
        ("receipt_id_width=65", "receipt_id_width must be 0 to 64 characters"),
        ("temporary_status=0", "temporary_status must be 0x00000001 to 0xFFFFFFFF"),
        ("password=12345678901234567", "password must be at most 16 ASCII characters"),
        ("system_id=", "system_id must be 1 to 15 printable ASCII characters"),
        ("name=", "name must not be empty"),
        ("seed=-1", "seed must be 0 to 4294967295"),
        ("id_kind=roman", "id_kind must be one of counter, uuid, sar, digits23"),
        ("record=-1", "record must be 0 to 1000000"),
        ("receipts.stiles=['tlv']", "unknown key receipts.stiles: did you mean styles?"),
        ("receipts.styles=['tvl']", "receipts.styles.0 must be one of text, both, tlv, id_tlv, payload"),
        ("receipts.styles=[]", "receipts.styles needs at least one value"),
        ("receipts.between_s=[30, 2]", "receipts.between_s must be two times in order, 0 to 86400 seconds"),
        ("receipts.late_between_s=[60]", "receipts.late_between_s must be two times in order"),
        ("receipts.numbers=[]", "receipts.numbers needs at least one value"),
        ("receipts.strangers=-1", "receipts.strangers must be 0 to 100000 a second"),
        ("receipts.stranger_ahead=-1", "receipts.stranger_ahead must be 0 to 1000000 messages"),
        ("ids.twins=['cases']", "ids.twins.0 must be one of case, nul, past_64, past_255, zeros, blanks"),
        ("ids.modulo=-1", "ids.modulo must be 0 (never again) to"),
        ("ids.first=-2", "ids.first must be 0 to"),
        ("receipts.early_share=2", "receipts.early_share must be 0 to 1"),
        ("receipts.esm_classes=[256]", "receipts.esm_classes must be 0 to 255 each"),
        ("receipts.intermediate=['ő']", "receipts.intermediate must be words of 1 to 20 ASCII characters"),
        ("receipts.wide_integers=9", "receipts.wide_integers must be 1 to 8 octets"),
        ("responses.forms=[]", "responses.forms needs at least one value"),
        ("responses.refused_statuses=[0]", "responses.refused_statuses must be 0x00000001 to 0xFFFFFFFF"),
        ("session.ghost_s=-1", "session.ghost_s must be 0 to 86400 seconds"),
        ("session.bind_kinds=[]", "session.bind_kinds needs at least one value"),
        ("rules.data_codings=[300]", "rules.data_codings must be 0 to 255 each"),
        ("rules.dest_ton=256", "rules.dest_ton must be -1 (any) to 255"),
        ("tls.key_file=x.pem", "tls.cert_file is missing: TLS needs a certificate"),
        ("inbound.texts=[]", "inbound.texts needs at least one text"),
        ("inbound.part_units=1", "inbound.part_units must be 0 or 2 to 152"),
        ("recipts.styles=1", "recipts is no table: did you mean receipts?"),
        ("a.b.c=1", "a is no table"),
    ],
)
def test_what_is_refused(file: Path, setting: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(file, [setting])
    assert complaint in str(refused.value)


def test_settings_of_tables(file: Path) -> None:
    settings = ["receipts.delivered_err=002", "receipts.words={UNDELIV='FAILED'}", "session.end=close"]
    found = load(file, [*settings, "inbound.texts=['STOP']", "responses.temporary_statuses=[0x401]"])
    assert found.receipts == ReceiptHabits(delivered_err="002", words={"UNDELIV": "FAILED"})
    assert found.session.end == "close"
    assert (found.inbound.texts, found.responses.temporary_statuses) == (("STOP",), (0x401,))


def test_which_habits_need_the_slow_way() -> None:
    assert not ReceiptHabits(segments="last", repeats=1, early_share=0.5).has_odd_forms
    assert ReceiptHabits(poison=1).has_odd_forms
    assert ReceiptHabits(intermediate=("ENROUTE",)).has_odd_plan
    assert ReceiptHabits(between_s=(2.0, 30.0)).has_odd_plan
    assert not ReceiptHabits(between_s=(2.0, 30.0), missing_share=0.1).has_odd_forms
    assert not ReceiptHabits(segments="last", dates=("12",)).has_odd_plan


def test_shares_may_not_exceed_everybody(file: Path) -> None:
    with pytest.raises(ConfigError, match="the other shares sum to more than 1"):
        load(file, ["expired_share=0.6", "undeliverable_share=0.5"])


def test_the_shipped_ones() -> None:
    found = {path.stem: load(path) for path in SHIPPED.glob("*.toml")}
    assert len(found) >= 15
    assert all(name == each.name for name, each in found.items())
    for path in SHIPPED.glob("*.toml"):
        told = path.read_text(encoding="utf-8").partition("\nname =")[0]
        assert f"--personality config/simulator/{path.name}" in told
        assert "The carrier's table needs" in told
    # 170,000 recipients of four segments by the carriers' shares must be sent in well under a minute
    shares = {"viettel": 0.54, "vinaphone": 0.24, "mobifone": 0.18}
    assert max(170_000 * 4 * share / found[name].tps for name, share in shares.items()) < 40
