"""The one clear line for every configuration that is wrong: the key in full, and the way out."""

import pytest
from unit.config_files import Fault, fault, write

__all__ = ["fault", "write"]  # fixtures

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
            "zzz: known are country, sender, carriers, engine, ledgers, wording, templates, site, phones, audit, cap, "
            "budget, rules, hygiene, board",
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
    for key in ("password_env", "password_file"):
        said = fault(("port = 2775", f"port = 2775\n{key} = 12345678"))
        assert said == f"carriers.viettel.binds.0.{key} must be text"
    for typed in ("hunter2!", "", "hunter 2", "x-y", "Mật_khẩu"):
        said = fault(("port = 2775", f'port = 2775\npassword_env = "{typed}"'))
        assert said == (
            "carriers.viettel.binds.0.password_env is the name of an environment variable: letters, digits and _ "
            "(not shown here, it may be the password itself)"
        )


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
            "carriers.viettel.temporary_statuses must be 0x00000001 to 0xFFFFFFFF",
        ),
        (
            "tps = 100",
            "tps = 100\ntemporary_statuses = [0x45]\npermanent_statuses = [0x45]",
            "carriers.viettel.temporary_statuses and permanent_statuses must not share a status",
        ),
        (
            "tps = 100",
            "tps = 100\nthrottled_statuses = [0x4A1]\nqueue_full_statuses = [0x4A1]",
            "carriers.viettel.throttled_statuses and queue_full_statuses must not share a status",
        ),
        (
            "tps = 100",
            "tps = 100\nreceipt_states = { seen = 'delivered' }",
            "carriers.viettel.receipt_states.seen: a word in capital letters, or a message_state number up to 255",
        ),
        (
            "tps = 100",
            "tps = 100\nreceipt_states = { 256 = 'delivered' }",
            "carriers.viettel.receipt_states.256: a word in capital letters, or a message_state number up to 255",
        ),
        (
            "tps = 100",
            "tps = 100\nreceipt_states = { SEEN = 'read' }",
            "carriers.viettel.receipt_states.SEEN must be one of delivered, undeliverable, expired, rejected, "
            "intermediate, not 'read'",
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
        ("receipt_wait_s = 0", "engine.receipt_wait_s must be more than 0 seconds"),
        ("drain_s = 0", "engine.drain_s must be more than 0 seconds"),
    ],
)
def test_a_rule_of_the_engine(fault: Fault, setting: str, said: str) -> None:
    assert fault(more=f"\n[engine]\n{setting}\n") == said


# ---------------------------------------------------------------- the protocol's own table


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("validity = 'relative'\ndest_ton = 256", "carriers.viettel.smpp.dest_ton must be 0 to 255"),
        ("validity = 1", "carriers.viettel.smpp.validity must be one of absolute, relative, none, not 1"),
        ("reciept_id = 'hex'", "unknown key carriers.viettel.smpp.reciept_id: did you mean receipt_id?"),
        ("tps = 5", "unknown key carriers.viettel.smpp.tps: known are source_ton, source_npi, "),
    ],
)
def test_a_fault_in_the_table_is_named_as_it_is_written(fault: Fault, part: str, said: str) -> None:
    assert fault(more=f"[carriers.viettel.smpp]\n{part}\n").startswith(said)


def test_faults_in_both_places_are_each_named_as_written(fault: Fault) -> None:
    said = fault(("tps = 100", "tps = 100\ndest_ton = 'x'"), more="[carriers.viettel.smpp]\ndest_npi = 'y'\n")
    assert said.split("; ") == [
        "carriers.viettel.dest_ton must be a whole number, not 'x'",
        "carriers.viettel.smpp.dest_npi must be a whole number, not 'y'",
    ]


def test_a_key_in_both_places_is_refused(fault: Fault) -> None:
    said = fault(
        ("tps = 100", "tps = 100\nid_case = 'fold'"), more="[carriers.viettel.smpp]\nid_case = 'fold'\n"
    )
    assert said == "carriers.viettel.id_case and carriers.viettel.smpp.id_case are the same key: keep one"


def test_a_part_that_is_no_table(fault: Fault) -> None:
    said = fault(("tps = 100", "tps = 100\nsmpp = 5\ndest_ton = 1"))
    assert said == "carriers.viettel.smpp must be a table, not 5"
