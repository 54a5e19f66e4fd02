"""The configuration: what it accepts, and the one clear line for everything else."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast import config
from broadcast.config import Bind, Carrier, Config, Country, Engine, Tls, load, paths_from
from broadcast.errors import ConfigError

COUNTRY = """
sender = "BOYTE"

[country]
name = "Vietnam"
country_code = "84"
trunk_prefix = "0"
national_lengths = [9]
time_zone = "Asia/Ho_Chi_Minh"

[country.prefixes]
viettel = ["32", "98"]
mobifone = ["90"]
"""

CARRIERS = """
[carriers.viettel]
tps = 100

[[carriers.viettel.binds]]
host = "smsc.viettel.example"
port = 2775
system_id = "moh"
"""

Write = Callable[..., Path]
Fault = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file, return its path."""

    def write(text: str, name: str = "site.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def fault(write: Write) -> Fault:
    """What `load` says of COUNTRY + CARRIERS after these replacements, without the file's name in front."""

    def fault(*replacements: tuple[str, str], more: str = "") -> str:
        text = COUNTRY + CARRIERS
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = write(text + more)
        with pytest.raises(ConfigError) as raised:
            load([path])
        message = str(raised.value)
        assert raised.value.exit_code == 2
        assert "\n" not in message
        assert message.startswith(f"{path}: ")
        return message.removeprefix(f"{path}: ")

    return fault


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
                        enquire_link_s=30.0,
                        reconnect_min_s=1.0,
                        reconnect_max_s=60.0,
                    ),
                ),
                sender=None,
                dest_ton=1,
                dest_npi=1,
                concatenation="udh8",
                default_alphabet="gsm0338",
                response_id="text",
                receipt_id="text",
                validity="absolute",
                retry_limit=5,
                retry_delay_s=2.0,
            )
        },
        engine=Engine(slice_size=2000, lease_s=5.0, group_s=0.02, bucket_s=2.0, receipt_wait_s=259200.0),
    )


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
        retry_limit=0,
        retry_delay_s=1.0,
    )
    assert [slot.system_id for slot in viettel.slots()] == ["tx", "tx", "rx"]


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


# ---------------------------------------------------------------- unknown keys, missing keys, wrong types


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('trunk_prefix = "0"', 'trunkprefix = "0"', "country.trunkprefix: did you mean trunk_prefix?"),
        (
            "tps = 100",
            "tps = 100\nreciept_id = 'hex'",
            "carriers.viettel.reciept_id: did you mean receipt_id?",
        ),
        ("port = 2775", "port = 2775\nwindows = 5", "carriers.viettel.binds.0.windows: did you mean window?"),
        (
            "port = 2775",
            "port = 2775\ntls = { cafile = 'x' }",
            "carriers.viettel.binds.0.tls.cafile: did you mean ca_file?",
        ),
        (
            "port = 2775",
            'port = 2775\npassword = "hunter2!"',
            "carriers.viettel.binds.0.password: did you mean password_env?",
        ),
        ('sender = "BOYTE"', 'sender = "BOYTE"\nsendr = "X"', "sendr: did you mean sender?"),
        (
            'sender = "BOYTE"',
            'sender = "BOYTE"\nzzz = 1',
            "zzz: known are country, sender, carriers, engine",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(fault: Fault, old: str, new: str, said: str) -> None:
    assert fault((old, new)) == f"unknown key {said}"


def test_a_password_in_the_toml_is_not_repeated(fault: Fault) -> None:
    said = fault(("port = 2775", 'port = 2775\npassword = "hunter2!"'))
    assert "hunter2!" not in said
    said = fault(("[[carriers.viettel.binds]]", '[carriers.viettel.binds]\npassword = "hunter2!"'))
    assert said == "carriers.viettel.binds must be a list, not a table"


def test_an_unknown_carrier_names_the_nearest(fault: Fault) -> None:
    assert (
        fault(("carriers.viettel", "carriers.vietel"))
        == "carriers.vietel is not in country.prefixes: did you mean viettel?"
    )
    assert (
        fault(("carriers.viettel", "carriers.orange"))
        == "carriers.orange is not in country.prefixes: known are mobifone, viettel"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('sender = "BOYTE"', "sender is missing"),
        ('country_code = "84"', "country.country_code is missing"),
        ("tps = 100", "carriers.viettel.tps is missing"),
        ('system_id = "moh"', "carriers.viettel.binds.0.system_id is missing"),
    ],
)
def test_a_missing_key_is_named_in_full(fault: Fault, line: str, said: str) -> None:
    assert fault((line + "\n", "")) == said


def test_all_faults_are_said_at_once(fault: Fault) -> None:
    said = fault(("tps = 100", 'tps = "100"'), ("port = 2775\n", ""), more="\n[engine]\nslicesize = 5\n")
    assert said.split("; ") == [
        "carriers.viettel.tps must be a whole number, not '100'",
        "carriers.viettel.binds.0.port is missing",
        "unknown key engine.slicesize: did you mean slice_size?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["32", "98"]', '"32"', "country.prefixes.viettel must be a list, not '32'"),
        ('["32", "98"]', "[32]", "country.prefixes.viettel.0 must be text, not 32"),
        ("[9]", '["9"]', "country.national_lengths.0 must be a whole number, not '9'"),
        ("[9]", "9", "country.national_lengths must be a list, not 9"),
        ('"BOYTE"', "5", "sender must be text, not 5"),
        ('"BOYTE"', "['BOYTE']", "sender must be text, not a list"),
        ("tps = 100", "tps = true", "carriers.viettel.tps must be a whole number, not True"),
        ("tps = 100", "tps = 1.5", "carriers.viettel.tps must be a whole number, not 1.5"),
        (
            "port = 2775",
            "port = 2775\nmode = 'trx'",
            "carriers.viettel.binds.0.mode must be one of transceiver, transmitter, receiver, not 'trx'",
        ),
        (
            "tps = 100",
            "tps = 100\nvalidity = 1",
            "carriers.viettel.validity must be one of absolute, relative, none, not 1",
        ),
        ("port = 2775", "port = 2775\ntls = true", "carriers.viettel.binds.0.tls must be a table, not True"),
        (
            "port = 2775",
            "port = 2775\nbind_timeout_s = '5'",
            "carriers.viettel.binds.0.bind_timeout_s must be a number, not '5'",
        ),
        (
            "port = 2775",
            "port = 2775\nbind_timeout_s = nan",
            "carriers.viettel.binds.0.bind_timeout_s must be a number, not nan",
        ),
        (
            "port = 2775",
            "port = 2775\nresponse_timeout_s = inf",
            "carriers.viettel.binds.0.response_timeout_s must be a number, not inf",
        ),
        ('sender = "BOYTE"', 'sender = "BOYTE"\nengine = 3', "engine must be a table, not 3"),
    ],
)
def test_a_wrong_type_is_never_coerced(fault: Fault, old: str, new: str, said: str) -> None:
    assert fault((old, new)) == said


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"84"', '"+84"', "country.country_code must be 1 to 3 digits, no +"),
        ('"84"', '"8412"', "country.country_code must be 1 to 3 digits, no +"),
        ('"84"', '"084"', "country.country_code must be 1 to 3 digits, no +"),
        ('"84"', '"٨٤"', "country.country_code must be 1 to 3 digits, no +"),
        ("[9]", "[]", "country.national_lengths needs at least one length"),
        (
            "[9]",
            "[9, 14]",
            "country.national_lengths must be 1 to 13 digits (E.164, without the country code)",
        ),
        ("[9]", "[0]", "country.national_lengths must be 1 to 13 digits (E.164, without the country code)"),
        ('trunk_prefix = "0"', 'trunk_prefix = "O"', "country.trunk_prefix must be digits, or empty"),
        (
            'trunk_prefix = "0"',
            'international_prefix = "+"',
            "country.international_prefix must be digits",
        ),
        (
            '"Asia/Ho_Chi_Minh"',
            '"Asia/Hanoi"',
            "country.time_zone 'Asia/Hanoi' is not an IANA time zone",
        ),
        ('"Asia/Ho_Chi_Minh"', '"Asia"', "country.time_zone 'Asia' is not an IANA time zone"),
        ('"Asia/Ho_Chi_Minh"', '"../etc"', "country.time_zone '../etc' is not an IANA time zone"),
        ('["90"]', '["98"]', "country.prefixes: 98 belongs to both viettel and mobifone"),
        ('["90"]', '["9O"]', "country.prefixes.mobifone: '9O' is not digits"),
        (
            '["90"]',
            '["9012345678"]',
            "country.prefixes.mobifone: 9012345678 is longer than any national number",
        ),
        (
            'mobifone = ["90"]',
            '"Mobi Fone" = ["90"]',
            "country.prefixes.Mobi Fone: a carrier's name has small letters, digits, - and _ only",
        ),
        (
            'trunk_prefix = "0"',
            'landline_prefixes = ["2", "x"]',
            "country.landline_prefixes: 'x' is not digits",
        ),
        (
            'trunk_prefix = "0"',
            'landline_prefixes = ["90"]',
            "country.landline_prefixes: 90 belongs to mobifone",
        ),
        ('sender = "BOYTE"', 'sender = ""', "sender must not be empty"),
        ("tps = 100", "tps = 0", "carriers.viettel.tps must be 1 to 1000000 segments per second"),
        ("tps = 100", "tps = 100\nsender = ''", "carriers.viettel.sender must not be empty"),
        ("tps = 100", "tps = 100\nsource_ton = 256", "carriers.viettel.source_ton must be 0 to 255"),
        ("tps = 100", "tps = 100\ndest_npi = -1", "carriers.viettel.dest_npi must be 0 to 255"),
        (
            "tps = 100",
            "tps = 100\nservice_type = 'TOOLONG'",
            "carriers.viettel.service_type must be at most 5 ASCII characters",
        ),
        (
            "tps = 100",
            "tps = 100\ntemporary_statuses = [0]",
            "carriers.viettel.temporary_statuses and permanent_statuses must be 0x00000001 to 0xFFFFFFFF",
        ),
        (
            "tps = 100",
            "tps = 100\ntemporary_statuses = [0x45]\npermanent_statuses = [0x45]",
            "carriers.viettel.temporary_statuses and permanent_statuses must not share a status",
        ),
        ("tps = 100", "tps = 100\nretry_limit = -1", "carriers.viettel.retry_limit must be at least 0"),
        (
            "tps = 100",
            "tps = 100\nretry_delay_s = 0",
            "carriers.viettel.retry_delay_s must be more than 0 seconds",
        ),
        (
            "port = 2775",
            "port = 2775\nmode = 'receiver'",
            "carriers.viettel.binds needs a transceiver or transmitter bind to send",
        ),
        (
            "port = 2775",
            "port = 2775\nmode = 'transmitter'",
            "carriers.viettel.binds needs a transceiver or receiver bind, or its receipts are lost",
        ),
        (
            '[[carriers.viettel.binds]]\nhost = "smsc.viettel.example"\nport = 2775\nsystem_id = "moh"',
            "binds = []",
            "carriers.viettel.binds needs at least one bind",
        ),
        ("port = 2775", "port = 0", "carriers.viettel.binds.0.port must be 1 to 65535"),
        ("port = 2775", "port = 65536", "carriers.viettel.binds.0.port must be 1 to 65535"),
        ('"smsc.viettel.example"', '""', "carriers.viettel.binds.0.host must not be empty"),
        (
            '"moh"',
            '"sixteen_octets__"',
            "carriers.viettel.binds.0.system_id must be 1 to 15 printable ASCII characters",
        ),
        ('"moh"', '"bộ"', "carriers.viettel.binds.0.system_id must be 1 to 15 printable ASCII characters"),
        (
            '"moh"',
            '"a\\u0000"',
            "carriers.viettel.binds.0.system_id must be 1 to 15 printable ASCII characters",
        ),
        (
            "port = 2775",
            "port = 2775\nsystem_type = 'thirteenchars'",
            "carriers.viettel.binds.0.system_type must be at most 12 ASCII characters",
        ),
        ("port = 2775", "port = 2775\nsessions = 0", "carriers.viettel.binds.0.sessions must be 1 to 1000"),
        ("port = 2775", "port = 2775\nwindow = 0", "carriers.viettel.binds.0.window must be 1 to 100000"),
        (
            "port = 2775",
            "port = 2775\nenquire_link_s = 0",
            "carriers.viettel.binds.0.enquire_link_s must be more than 0 seconds",
        ),
        (
            "port = 2775",
            "port = 2775\nreconnect_min_s = 5\nreconnect_max_s = 4",
            "carriers.viettel.binds.0.reconnect_max_s must not be below reconnect_min_s",
        ),
        (
            "port = 2775",
            "port = 2775\npassword_env = 'A'\npassword_file = 'b'",
            "carriers.viettel.binds.0.password_env and password_file exclude each other: give one",
        ),
        (
            "port = 2775",
            "port = 2775\ntls = { key_file = 'k' }",
            "carriers.viettel.binds.0.tls.key_file needs cert_file beside it",
        ),
    ],
)
def test_a_rule_that_is_broken_names_its_key(fault: Fault, old: str, new: str, said: str) -> None:
    assert fault((old, new)) == said


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("slice_size = 0", "engine.slice_size must be 1 to 30000 recipients"),
        ("slice_size = 30001", "engine.slice_size must be 1 to 30000 recipients"),
        ("lease_s = 1.9", "engine.lease_s must be at least 2 seconds"),
        ("group_s = 0", "engine.group_s must be more than 0 seconds"),
        ("bucket_s = -1", "engine.bucket_s must be more than 0 seconds"),
        ("receipt_wait_s = 0", "engine.receipt_wait_s must be more than 0 seconds"),
        ("drain_s = 0", "engine.drain_s must be more than 0 seconds"),
    ],
)
def test_a_rule_of_the_engine(fault: Fault, setting: str, said: str) -> None:
    assert fault(more=f"\n[engine]\n{setting}\n") == said


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
        config.structure(table, Config, "x.toml")
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


@pytest.mark.parametrize(("value", "said"), [(None, "is not set"), ("", "is empty: put the password there")])
def test_an_environment_without_the_password(
    value: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIETTEL_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("VIETTEL_PASSWORD", value)
    with pytest.raises(ConfigError) as raised:
        bind(password_env="VIETTEL_PASSWORD").password()
    assert str(raised.value) == f"bind moh: the environment variable VIETTEL_PASSWORD {said}"


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


def test_no_secret_in_a_bind_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIETTEL_PASSWORD", "s3cret")
    assert "s3cret" not in repr(bind(password_env="VIETTEL_PASSWORD"))
