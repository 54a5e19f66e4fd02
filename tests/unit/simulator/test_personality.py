"""A personality from its file, and what is refused."""

from pathlib import Path

import pytest

from broadcast.errors import ConfigError
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
        ("id_kind=roman", "id_kind must be one of counter, uuid"),
    ],
)
def test_what_is_refused(file: Path, setting: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(file, [setting])
    assert complaint in str(refused.value)


def test_shares_may_not_exceed_everybody(file: Path) -> None:
    with pytest.raises(ConfigError, match="the other shares sum to more than 1"):
        load(file, ["expired_share=0.6", "undeliverable_share=0.5"])


def test_the_shipped_ones() -> None:
    found = {path.stem: load(path) for path in SHIPPED.glob("*.toml")}
    assert sorted(found) == ["mobifone", "viettel", "vinaphone"]
    assert all(name == each.name for name, each in found.items())
    # 170,000 recipients of four segments by the carriers' shares must be sent in well under a minute
    shares = {"viettel": 0.54, "vinaphone": 0.24, "mobifone": 0.18}
    assert max(170_000 * 4 * share / found[name].tps for name, share in shares.items()) < 40
