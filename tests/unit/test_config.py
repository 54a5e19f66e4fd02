"""The configuration: what it accepts, and the one clear line for everything else."""

import re
import tempfile
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.config_files import CARRIERS, COUNTRY, Write, write

from broadcast import secret
from broadcast.config import Bind, Carrier, Config, Country, Engine, Smpp, Tls, load, paths_from
from broadcast.config.carriers import SMPP_KEYS
from broadcast.config.files import made
from broadcast.errors import ConfigError

__all__ = ["write"]  # a fixture


def bind(**changes: Any) -> Bind:
    return Bind(**({"host": "smsc.example", "port": 2775, "system_id": "moh"} | changes))


# ---------------------------------------------------------------- what is accepted


def test_a_minimal_file_and_every_default(write: Write) -> None:
    loaded = load([write(COUNTRY + CARRIERS)])
    assert loaded == Config(
        country=Country(
            name="Vietnam",
            country_code="84",
            national_lengths=(9,),
            prefixes={"viettel": ("32", "98"), "mobifone": ("90",)},
            time_zone="Asia/Ho_Chi_Minh",
            trunk_prefix="0",
            international_prefix="00",
            landline_prefixes=(),
        ),
        sender="BOYTE",
        carriers={
            "viettel": Carrier(
                tps=100,
                binds=(
                    Bind(
                        host="smsc.viettel.example",
                        port=2775,
                        system_id="moh",
                        mode="transceiver",
                        sessions=1,
                        window=100,
                        tls=None,
                        bind_timeout_s=10.0,
                        response_timeout_s=60.0,
                        enquire_link_s=25.0,
                        reconnect_min_s=1.0,
                        reconnect_max_s=60.0,
                    ),
                ),
                sender=None,
                smpp=Smpp(
                    dest_ton=1,
                    dest_npi=1,
                    concatenation="udh8",
                    default_alphabet="gsm0338",
                    response_id="text",
                    receipt_id="text",
                    validity="absolute",
                ),
                retry_limit=5,
                retry_delay_s=2.0,
            )
        },
        engine=Engine(slice_size=2000, lease_s=5.0, group_s=0.05, receipt_wait_s=259200.0),
    )


def test_a_key_of_an_older_version_stops_nobody(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    file = write(COUNTRY + CARRIERS + "\n[engine]\nbucket_s = 2.0\nslice_size = 500\n")
    assert load([file]).engine == Engine(slice_size=500)
    assert caplog.messages == [f"key_retired file={file} key=engine.bucket_s"]


def test_every_setting_of_a_carrier_is_read(write: Write) -> None:
    text = """
[carriers.viettel]
tps = 500
sender = "19009095"
source_ton = 3
source_npi = 0
dest_ton = 2
dest_npi = 8
service_type = "CMT"
concatenation = "sar"
default_alphabet = "latin1"
response_id = "hex"
receipt_id = "decimal"
validity = "relative"
temporary_statuses = [0x4A1]
permanent_statuses = [0x45, 0xFFFFFFFF]
throttled_statuses = [0x4A2]
queue_full_statuses = [0x4A3]
receipts = "last"
receipt_states = { SEEN = "delivered", 10 = "intermediate" }
id_zeros = "strip"
id_case = "fold"
national_shift = "turkish"
ported_statuses = [0x433]
ported_statuses_to = { "0x433" = "viettel" }
ported_errs = ["0b1"]
ported_errs_to = { 0b1 = "viettel" }
ported_to = "viettel"
unknown_statuses = [0x0B, 0x99]
unknown_errs = ["004"]
cancel_sm = false
retry_limit = 0
retry_delay_s = 1

[[carriers.viettel.binds]]
host = "10.0.0.1"
port = 3550
system_id = "tx"
password_env = "VIETTEL_PASSWORD"
system_type = "BULK"
mode = "transmitter"
sessions = 2
window = 10
bind_timeout_s = 5
response_timeout_s = 30.5
enquire_link_s = 15
reconnect_min_s = 2
reconnect_max_s = 2
tls = { ca_file = "ca.pem", cert_file = "me.pem", key_file = "me.key", server_name = "smsc" }

[[carriers.viettel.binds]]
host = "10.0.0.1"
port = 3550
system_id = "rx"
mode = "receiver"
"""
    viettel = load([write(COUNTRY + text)]).carriers["viettel"]
    assert viettel == Carrier(
        tps=500,
        binds=(
            bind(
                host="10.0.0.1",
                port=3550,
                system_id="tx",
                password_env="VIETTEL_PASSWORD",
                system_type="BULK",
                mode="transmitter",
                sessions=2,
                window=10,
                bind_timeout_s=5.0,
                response_timeout_s=30.5,
                enquire_link_s=15.0,
                reconnect_min_s=2.0,
                reconnect_max_s=2.0,
                tls=Tls(ca_file="ca.pem", cert_file="me.pem", key_file="me.key", server_name="smsc"),
            ),
            bind(host="10.0.0.1", port=3550, system_id="rx", mode="receiver"),
        ),
        sender="19009095",
        smpp=Smpp(
            source_ton=3,
            source_npi=0,
            dest_ton=2,
            dest_npi=8,
            service_type="CMT",
            concatenation="sar",
            default_alphabet="latin1",
            response_id="hex",
            receipt_id="decimal",
            validity="relative",
            temporary_statuses=(0x4A1,),
            permanent_statuses=(0x45, 0xFFFFFFFF),
            throttled_statuses=(0x4A2,),
            queue_full_statuses=(0x4A3,),
            receipts="last",
            receipt_states={"SEEN": "delivered", "10": "intermediate"},
            id_zeros="strip",
            id_case="fold",
            national_shift="turkish",
            ported_statuses=(0x433,),
            ported_statuses_to={"0x433": "viettel"},
            ported_errs=("0b1",),
            ported_errs_to={"0b1": "viettel"},
            ported_to="viettel",
            unknown_statuses=(0x0B, 0x99),
            unknown_errs=("004",),
        ),
        retry_limit=0,
        retry_delay_s=1.0,
    )
    assert [slot.system_id for slot in viettel.slots()] == ["tx", "tx", "rx"]
    parted = re.sub(rf"(?m)^({'|'.join(SMPP_KEYS)}) = ", r"smpp.\1 = ", text)
    assert parted.count("\nsmpp.") == len(SMPP_KEYS)
    assert load([write(COUNTRY + parted)]).carriers["viettel"] == viettel
    assert viettel.having(**viettel.settings()) == viettel


def test_files_join_by_carrier_and_an_engine_of_the_site(write: Write) -> None:
    mobifone = CARRIERS.replace("viettel", "mobifone")
    engine = "[engine]\nslice_size = 500\nlease_s = 3\n"
    loaded = load(
        [
            write(COUNTRY, "country.toml"),
            write(CARRIERS, "viettel.toml"),
            write(mobifone + engine, "mobifone.toml"),
        ]
    )
    assert sorted(loaded.carriers) == ["mobifone", "viettel"]
    assert loaded.engine == Engine(slice_size=500, lease_s=3.0)


def test_a_country_without_carriers_is_enough_to_import(write: Write) -> None:
    assert load([write(COUNTRY)]).carriers == {}


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf" + COUNTRY.replace("\n", "\r\n").encode())
    assert load([path]).sender == "BOYTE"


def test_a_country_needs_a_carrier() -> None:
    with pytest.raises(ValueError, match="prefixes needs at least one carrier"):
        Country("X", "84", (9,), {}, "UTC")


def test_values_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        bind().port = 1  # type: ignore[misc]


# ---------------------------------------------------------------- files


def test_a_key_in_two_files_is_refused(write: Write) -> None:
    first, second = write(COUNTRY + CARRIERS, "a.toml"), write('sender = "X"', "b.toml")
    with pytest.raises(ConfigError, match=rf"^sender stands in both {first} and {second}: keep one$"):
        load([first, second])


def test_a_carrier_in_two_files_is_refused(write: Write) -> None:
    first, second = write(COUNTRY + CARRIERS, "a.toml"), write(CARRIERS, "b.toml")
    with pytest.raises(
        ConfigError, match=rf"^carriers.viettel stands in both {first} and {second}: keep one$"
    ):
        load([first, second])


def test_a_sites_own_wording_stands_beside_the_nations(write: Write) -> None:
    """Official domains of all files are added up, any other key stands once."""
    line = '[wording.append.page]\ntexts = { vi = "moh.gov.vn" }\n'
    nation = write(COUNTRY + '[wording]\nofficial_domains = ["gov.vn"]\n', "a.toml")
    site = write('[wording]\nofficial_domains = ["ncovi.vn"]\n' + line, "b.toml")
    found = load([nation, site]).wording
    assert found.official_domains == ("gov.vn", "ncovi.vn")
    assert list(found.append) == ["page"]
    assert load([site, nation]).wording.official_domains == ("ncovi.vn", "gov.vn")
    twice = write(line, "c.toml")
    with pytest.raises(ConfigError, match=r"^wording\.append stands in both"):
        load([nation, site, twice])
    with pytest.raises(ConfigError, match="official_domains"):
        load([nation, write('wording.official_domains = "ncovi.vn"', "d.toml")])


@pytest.mark.parametrize("order", [1, -1])
def test_carriers_that_are_a_table_here_and_none_there(write: Write, order: int) -> None:
    paths = [write(COUNTRY + CARRIERS, "a.toml"), write("carriers = 5", "b.toml")][::order]
    with pytest.raises(ConfigError, match=rf"^carriers stands in both {paths[0]} and {paths[1]}: keep one$"):
        load(paths)


def test_a_carrier_may_have_the_name_of_a_table(write: Write) -> None:
    country = COUNTRY.replace("viettel", "country")
    carriers = CARRIERS.replace("viettel", "country")
    paths = [write(carriers, "a.toml"), write(country, "b.toml")]
    assert list(load(paths).carriers) == ["country"]


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^there is no file .*absent\.toml: check its name"):
        load([tmp_path / "absent.toml"])


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^cannot read .*: Is a directory$"):
        load([tmp_path])


def test_a_file_that_is_not_toml(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"site\.toml is not valid TOML: .*line 2"):
        load([write('a = 1\nsender "BOYTE"\n')])


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "latin1.toml"
    path.write_bytes('name = "Việt"'.encode("utf-16"))
    with pytest.raises(ConfigError, match=r"latin1\.toml is not UTF-8: save it as UTF-8$"):
        load([path])


_VALUES = (
    st.integers() | st.text(max_size=5) | st.booleans() | st.none() | st.lists(st.integers(), max_size=2)
)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["country", "sender", "carriers", "engine", "x"]),
        _VALUES | st.dictionaries(st.sampled_from(["viettel", "binds", "tps"]), _VALUES, max_size=2),
    )
)
def test_no_table_whatever_crashes_the_reader(raw: dict[str, Any]) -> None:
    table = tomllib.loads(COUNTRY) | raw
    try:
        made(table, "x.toml")
    except ConfigError as error:
        assert str(error).startswith("x.toml: ")


# ---------------------------------------------------------------- which files


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_CONFIG", "env.toml")
    assert paths_from(["a.toml", "b.toml"]) == (Path("a.toml"), Path("b.toml"))


def test_the_environment_holds_a_list_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_CONFIG", "vietnam.toml:/etc/carriers.toml:")
    assert paths_from([]) == (Path("vietnam.toml"), Path("/etc/carriers.toml"))


def test_no_file_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BROADCAST_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="give --config FILE or set BROADCAST_CONFIG"):
        paths_from([])


# ---------------------------------------------------------------- passwords


def test_a_bind_without_a_password() -> None:
    assert bind().password() == ""


def test_a_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIETTEL_PASSWORD", " s3cret ")
    assert bind(password_env="VIETTEL_PASSWORD").password() == " s3cret "


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            None,
            "that password_env names is not set: set it, or correct the name (not shown here, it may be the password "
            "itself)",
        ),
        ("", "VIETTEL_PASSWORD is empty: put the password there"),
    ],
)
def test_an_environment_without_the_password(
    value: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIETTEL_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("VIETTEL_PASSWORD", value)
    with pytest.raises(ConfigError) as raised:
        bind(password_env="VIETTEL_PASSWORD").password()
    assert str(raised.value) == f"bind moh: the environment variable {said}"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_password_from_a_file_without_the_lines_end(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(f"pass word {ending}".encode())
    assert bind(password_file=str(path)).password() == "pass word "


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read password_file {path}: No such file or directory"),
        (b"\n", "{path} is empty: put the password there"),
        (b"\xff\xfe", "cannot read password_file {path}: it is not text"),
    ],
)
def test_a_file_without_the_password(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        bind(password_file=str(path)).password()
    assert str(raised.value) == "bind moh: " + said.format(path=path)


@pytest.mark.parametrize(
    "typed", ["hunter2", "x" * 300, "a\0b", "/hunter2", "//hunter2", "/hun/ter2", "/../hunter2"]
)
def test_a_password_in_the_place_of_its_name_is_not_repeated(typed: str) -> None:
    made = [bind(password_file=typed)] + ([bind(password_env=typed)] if typed.isalnum() else [])
    for each in made:
        with pytest.raises(ConfigError, match="it may be the password itself") as raised:
            each.password()
        assert typed not in "".join(traceback.format_exception(raised.value))
        assert typed not in str(secret.shown(each.password_env, each.password_file))


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to all, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_secrets_that_all_may_read(folder: Path) -> None:
    for name in ("password", "key"):
        (folder / name).write_text("s3cret")
        (folder / name).chmod(0o644)
    made = bind(
        password_file=str(folder / "password"),
        tls=Tls(cert_file=str(folder / "cert"), key_file=str(folder / "key")),
    )
    assert made.open_secrets() == [
        f"every user of this machine may read {key} {folder / name}: chmod o-r it"
        for key, name in (("password_file", "password"), ("tls.key_file", "key"))
    ]
    folder.chmod(0o700)
    assert made.open_secrets() == []
    folder.chmod(0o755)
    for name in ("password", "key"):
        (folder / name).chmod(0o640)
    assert made.open_secrets() == []


def test_no_secret_in_a_bind_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIETTEL_PASSWORD", "s3cret")
    assert "s3cret" not in repr(bind(password_env="VIETTEL_PASSWORD"))


def test_the_addresses_of_a_bind() -> None:
    """Its own first, then `hosts` in order; IPv6 in brackets, since a port follows."""
    one = bind(hosts=("smsc2.example:2776", "192.0.2.7:2775", "[2001:db8::7]:2775"))
    assert one.addresses() == (
        ("smsc.example", 2775), ("smsc2.example", 2776), ("192.0.2.7", 2775), ("2001:db8::7", 2775),
    )  # fmt: skip
    assert bind().addresses() == (("smsc.example", 2775),)


@pytest.mark.parametrize(
    "text",
    ["smsc", "smsc:", "smsc:0", "smsc:65536", ":2775", "2001:db8::7:2775", "[::1]", "a b:1", "x@y:1", "[x:1"],
)
def test_a_host_that_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="hosts: "):
        bind(hosts=(text,))


def test_addresses_that_cannot_be_meant() -> None:
    with pytest.raises(ValueError, match="twice"):
        bind(hosts=("smsc.example:2775",))
    with pytest.raises(ValueError, match="without brackets"):
        bind(host="[::1]")
