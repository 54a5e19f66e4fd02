"""`broadcast carrier check` against prepared simulators: it finds what is wrong and names the setting to change."""

import asyncio
import json
import socket
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from integration.authority import NAME, Authority
from integration.simulated import simulated
from waiting import PATIENCE_S

from broadcast.cli.main import broadcast
from broadcast.clock import DayTime
from broadcast.config import Bind, Carrier, Config, Tls
from broadcast.probe import bind_check
from broadcast.probe import check as checking
from broadcast.probe.bind_check import SESSIONS_MOST
from broadcast.probe.check import Wanted, check
from broadcast.probe.findings import Findings
from broadcast.simulator.habits import ReceiptHabits, Rules, SessionHabits, TlsFiles
from broadcast.simulator.server import Smsc

TO = 84320000007


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's passwords, and no long pauses."""
    monkeypatch.setenv("CHECK_RIGHT", "secret")
    monkeypatch.setenv("CHECK_WRONG", "sesame")
    monkeypatch.setattr(checking, "QUIET_S", 0.1)


@dataclass
class Case:
    """A simulator, and a profile that does not fit it: which setting must be named, and how to mend it.

    mended: what the tool itself recommends; by_hand: what a person has to do.
    """

    setting: str
    said: str
    smsc: dict[str, Any] = field(default_factory=dict)
    bind: dict[str, Any] = field(default_factory=dict)
    carrier: dict[str, Any] = field(default_factory=dict)
    burst: int = 0
    mended: dict[str, Any] = field(default_factory=dict)
    by_hand: dict[str, Any] = field(default_factory=dict)


# ids of the simulator are decimal on both sides unless a case says otherwise
CASES = {
    "password": Case(
        "binds.0.password_env", "the password is wrong",
        bind={"password_env": "CHECK_WRONG"}, by_hand={"password_env": "CHECK_RIGHT"},
    ),
    "system_id": Case(
        "binds.0.system_id", "does not know this system_id",
        bind={"system_id": "somebody"}, by_hand={"system_id": "esme"},
    ),
    "address not let in": Case(
        "binds.0.system_id", "which addresses it lets in",
        smsc={"session": SessionHabits(bind_statuses=(0x0D, 0x0D, 0x0D))},
    ),
    "bound already": Case(
        "binds.0.sessions", "stop the worker that holds it", smsc={"session": SessionHabits(bind_statuses=(0x05,))},
    ),
    "mode": Case(
        "binds.0.mode", "make two binds of it, a transmitter and a receiver",
        smsc={"session": SessionHabits(bind_kinds=("transmitter", "receiver"))},
        mended={"binds.0.mode": "transmitter"},
    ),
    "sessions": Case(
        "binds.0.sessions", "3 of 4 are let in",
        smsc={"sessions": 3}, bind={"sessions": 4}, mended={"binds.0.sessions": 3},
    ),
    "ids": Case(
        "response_id", "do not meet their response",
        smsc={"response_id": "hex", "receipt_id": "decimal"},
        mended={"response_id": "hex", "receipt_id": "decimal"},
    ),
    "zeros of ids": Case(
        "response_id", "do not meet their response",
        smsc={"response_id_width": 22}, mended={"response_id": "decimal", "receipt_id": "decimal"},
    ),
    "concatenation": Case(
        "concatenation", 'taken with concatenation = "sar"',
        smsc={"rules": Rules(concatenation=("sar",))}, mended={"concatenation": "sar"},
    ),
    "validity": Case(
        "validity", 'taken with validity = "relative"',
        smsc={"rules": Rules(validity="relative")}, mended={"validity": "relative"},
    ),
    "sender": Case(
        "sender", "is not allowed for this account",
        smsc={"rules": Rules(senders=("MOH",))}, by_hand={"sender": "MOH"},
    ),
    "sender's TON": Case(
        "source_ton", "taken with source_ton = 5, source_npi = 0",
        smsc={"rules": Rules(strict_senders=True)}, carrier={"source_ton": 1, "source_npi": 1},
        mended={"source_ton": 5, "source_npi": 0},
    ),
    "window": Case(
        "binds.0.window", "holds fewer unanswered submits",
        smsc={"window": 5, "response_delay_s": 0.05}, burst=20, mended={"binds.0.window": 5},
    ),
    "tps": Case(
        "tps", "allows about 5 a second", smsc={"tps": 5}, burst=12, mended={"tps": 5},
    ),
    "receipts for the last segment": Case(
        "receipts", "receipts came for the last segment",
        smsc={"receipts": ReceiptHabits(segments="last")}, mended={"receipts": "last"},
    ),
    "receipts for the first segment": Case(
        "receipts", "receipts came for the first segment",
        smsc={"receipts": ReceiptHabits(segments="first")}, mended={"receipts": "first"},
    ),
    "unknown state": Case(
        "receipt_states.ARRIVED", "the SMSC's state ARRIVED is not known",
        smsc={"receipts": ReceiptHabits(words={"DELIVRD": "ARRIVED"})},
        by_hand={"receipt_states": {"ARRIVED": "delivered"}},
    ),
}  # fmt: skip


def site(config: Config, port: int, case: Case) -> Config:
    """A configuration with one carrier, on that port."""
    bind = Bind(
        **{"host": "127.0.0.1", "port": port, "system_id": "esme", "password_env": "CHECK_RIGHT",
           "bind_timeout_s": 3.0, "response_timeout_s": 3.0, **case.bind},
    )  # fmt: skip
    return replace(config, carriers={"viettel": Carrier(tps=100, binds=(bind,)).having(**case.carrier)})


def mend(config: Config, changes: dict[str, Any]) -> Config:
    """With these settings of the carrier (binds.0.x: of its bind) in place."""
    carrier = config.carriers["viettel"]
    own = {key: value for key, value in changes.items() if not key.startswith("binds.")}
    bind = replace(
        carrier.binds[0],
        **{key.removeprefix("binds.0."): value for key, value in changes.items() if key.startswith("binds.")},
    )
    return replace(config, carriers={"viettel": carrier.having(binds=(bind,), **own)})


async def checked(config: Config, *, to: int | None = TO, wait_s: float = 1.5, burst: int = 0) -> Findings:
    run = check(config, "viettel", Wanted(to, wait_s, burst), lambda line: None, DayTime.of_this_machine())
    return await asyncio.wait_for(run, PATIENCE_S)


def failures(findings: Findings) -> list[str]:
    """The settings of what failed."""
    return [line.setting for line in findings.lines if line.result == "failed"]


@pytest.mark.parametrize("name", CASES)
async def test_a_misconfiguration_is_found_and_named(name: str, config: Config) -> None:
    case = CASES[name]
    async with simulated(**case.smsc) as (smsc, port):
        wrong = site(config, port, case)
        findings = await checked(wrong, burst=case.burst)
        assert failures(findings) == [f"carriers.viettel.{case.setting}"], findings.lines
        assert any(case.said in line.said for line in findings.lines if line.result == "failed"), (
            findings.lines
        )
        assert findings.recommended == case.mended
        bind_keys = {key: value for key, value in case.by_hand.items() if hasattr(Bind, key)}
        by_hand = {
            f"binds.0.{key}" if key in bind_keys else key: value for key, value in case.by_hand.items()
        }
        changes = case.mended | by_hand
        if not changes or "binds.0.mode" in changes:
            return
        right = await checked(mend(wrong, changes), burst=min(case.burst, 5))
        assert right.good, right.lines
        assert smsc.summary()["sessions"] == 0  # it leaves nothing behind


async def test_nobody_listens(config: Config) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        findings = await checked(site(config, closed.getsockname()[1], Case("", "")))
    assert failures(findings) == ["carriers.viettel.binds.0.port"]
    unknown = await checked(site(config, 2775, Case("", "", bind={"host": "smsc.invalid"})))
    assert failures(unknown) == ["carriers.viettel.binds.0.host"]


@asynccontextmanager
async def over_tls(folder: Path) -> AsyncIterator[tuple[Authority, Smsc, int]]:
    ours = Authority(folder)
    cert, key = ours.issue(NAME)
    async with simulated(tls=TlsFiles(cert_file=cert, key_file=key)) as (smsc, port):
        yield ours, smsc, port


TLS_CASES: dict[str, tuple[Callable[[Authority, Authority], Tls | None], str, str]] = {
    "missing": (lambda ours, other: None, "tls", "the port speaks TLS: add tls to the bind"),
    "authority": (
        lambda ours, other: Tls(ca_file=other.ca, server_name=NAME),
        "tls.ca_file",
        "put the carrier's",
    ),
    "name": (
        lambda ours, other: Tls(ca_file=ours.ca),
        "tls.server_name",
        f"is not for 127.0.0.1 but for {NAME}",
    ),
    "file": (lambda ours, other: Tls(ca_file="/none.pem"), "tls.ca_file", "cannot be read"),
}


@pytest.mark.parametrize("name", TLS_CASES)
async def test_tls(name: str, config: Config, tmp_path: Path) -> None:
    make, setting, said = TLS_CASES[name]
    async with over_tls(tmp_path) as (ours, _, port):
        tls = make(ours, Authority(tmp_path, "other"))
        findings = await checked(site(config, port, Case("", "", bind={"tls": tls})), to=None)
        assert failures(findings) == [f"carriers.viettel.binds.0.{setting}"], findings.lines
        assert any(said in line.said for line in findings.lines), findings.lines
        right = Tls(ca_file=ours.ca, server_name=NAME)
        assert (await checked(site(config, port, Case("", "", bind={"tls": right})))).good


async def test_tls_to_a_port_without(config: Config, tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    async with simulated() as (_, port):
        findings = await checked(site(config, port, Case("", "", bind={"tls": Tls(ca_file=ours.ca)})))
    assert failures(findings) == ["carriers.viettel.binds.0.tls"]


async def test_what_an_smsc_is_like_is_told(config: Config) -> None:
    async with simulated(receipt_tlvs=True) as (smsc, port):
        findings = await checked(site(config, port, Case("", "")))
    assert findings.good, findings.lines
    assert findings.recommended == {}
    assert findings.snippet() == ""
    habits = findings.habits
    assert (habits["receipt_style"], habits["receipt_esm_class"]) == ("text and TLVs", "0x04")
    assert habits["receipts_for"] == "all"
    assert str(habits["id_in_response"]).startswith("decimal digits")
    assert habits["states"] == "3 delivered"
    assert smsc.summary()["receipts"]["acked"] == 3  # its own receipts are acknowledged


async def test_another_ones_receipts_stay_with_the_smsc(config: Config) -> None:
    """Law 3: acknowledged here they would be lost to the ledger."""
    async with simulated(receipts=ReceiptHabits(stranger_share=1.0)) as (smsc, port):
        findings = await checked(site(config, port, Case("", "")))
        said = [line.said for line in findings.lines if line.subject == "not ours"]
        assert said == ["3 receipts left unacknowledged: the SMSC will deliver them again, to a worker"]
        assert smsc.summary()["receipts"]["acked"] == 3


async def test_every_address_is_tried(config: Config) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = closed.getsockname()[1]
        async with simulated() as (_, port):
            case = Case("", "", bind={"hosts": (f"127.0.0.1:{nobody}",)})
            findings = await checked(site(config, port, case))
            assert failures(findings) == ["carriers.viettel.binds.0.hosts"]
            case = Case("", "", bind={"hosts": (f"127.0.0.1:{port}",)})
            findings = await checked(site(config, nobody, case))
            assert failures(findings) == ["carriers.viettel.binds.0.port"]
            assert findings.habits["states"] == "3 delivered"  # the second address does all the same


async def test_a_pair_of_binds(config: Config) -> None:
    async with simulated() as (_, port):
        carrier = site(config, port, Case("", "")).carriers["viettel"]
        pair = tuple(replace(carrier.binds[0], mode=mode) for mode in ("transmitter", "receiver"))
        both = replace(config, carriers={"viettel": replace(carrier, binds=pair)})
        findings = await checked(both)
        assert findings.good, findings.lines
        assert any("came on another bind" in line.said for line in findings.lines)
        broken = (pair[0], replace(pair[1], system_id="somebody"))
        alone = await checked(replace(config, carriers={"viettel": replace(carrier, binds=broken)}))
        assert failures(alone) == ["carriers.viettel.binds.1.system_id"]
        assert any("no bind that receives is up" in line.said for line in alone.lines)


async def test_a_password_that_is_nowhere_is_found_without_a_connection(config: Config) -> None:
    async with simulated() as (smsc, port):
        case = Case("", "", bind={"password_env": "CHECK_NOWHERE"})
        findings = await checked(site(config, port, case))
        assert failures(findings) == ["carriers.viettel.binds.0.password_env"], findings.lines
        assert any("password_env names is not set" in line.said for line in findings.lines)
        assert smsc.summary()["binds"] == 0


@pytest.mark.parametrize(
    ("allowed", "bound"),
    [(("receiver",), "receiver"), (("transmitter", "receiver"), "transmitter and receiver")],
)
async def test_the_other_kinds_of_bind_are_tried(
    config: Config, allowed: tuple[str, ...], bound: str
) -> None:
    """Each by a bind of its own, which is closed again."""
    async with simulated(session=SessionHabits(bind_kinds=allowed)) as (smsc, port):
        findings = await checked(site(config, port, Case("", "")))
        assert findings.recommended == {"binds.0.mode": allowed[0]}
        assert any(f"lets the account bind as {bound}: make two" in line.said for line in findings.lines)
        assert (smsc.summary()["binds"], smsc.summary()["sessions"]) == (len(allowed), 0)


async def test_no_more_sessions_are_opened_than_tell_something(config: Config) -> None:
    async with simulated(sessions=30) as (smsc, port):
        findings = await checked(site(config, port, Case("", "", bind={"sessions": 25})), to=None)
        assert findings.good, findings.lines
        said = {line.subject: line.said for line in findings.lines}
        assert said["binds.0 sessions"] == f"{SESSIONS_MOST} at once"
        assert (smsc.summary()["binds"], smsc.summary()["sessions"]) == (SESSIONS_MOST, 0)


async def test_an_smsc_that_answers_no_enquire_link(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bind_check, "ANSWER_S", 0.2)
    async with simulated(session=SessionHabits(enquire_answer="none")) as (_, port):
        findings = await checked(site(config, port, Case("", "")), to=None)
    assert failures(findings) == ["carriers.viettel.binds.0.enquire_link_s"], findings.lines
    assert any("workers would take the link for dead" in line.said for line in findings.lines)


async def test_receipts_that_do_not_come(config: Config) -> None:
    """A fault, or what the profile says."""
    async with simulated(receipt_delay_s=600.0) as (_, port):
        findings = await checked(site(config, port, Case("", "")), wait_s=0.2)
        assert any("none within 0.2 s: is the telephone on?" in line.said for line in findings.lines)
        assert not findings.good
        none = site(config, port, Case("", "", carrier={"receipts": "none"}))
        quiet = await checked(none, wait_s=0.2)
        assert any("none came, as the profile says" in line.said for line in quiet.lines)


# ------------------------------------------------------------------ the command


def command(config_file: Path, *words: str) -> Any:
    country = Path(__file__).parents[2] / "config" / "vietnam.toml"
    options = ["--config", str(country), "--config", str(config_file)]
    return CliRunner().invoke(broadcast, [*options, "carrier", "check", *words])


async def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "carriers.toml"
    async with simulated(response_id="hex") as (_, port):
        file.write_text(
            '[carriers.viettel]\ntps = 10\n[[carriers.viettel.binds]]\nhost = "127.0.0.1"\n'
            f'port = {port}\nsystem_id = "esme"\npassword_env = "CHECK_RIGHT"\n'
        )
        shown = await asyncio.to_thread(command, file, "viettel", "--to", "0320000007", "--wait", "2")
        said = await asyncio.to_thread(command, file, "viettel", "--json")
    assert shown.exit_code == 1
    assert "ok      binds.0 enquire_link" in shown.stdout
    assert "-> carriers.viettel.response_id" in shown.stdout
    assert "nothing is written" in shown.stdout
    assert "320000007" not in shown.output  # law 9
    snippet = shown.stdout.split("pasted over what is there:")[1].split("viettel: ")[0]
    assert tomllib.loads(snippet) == {
        "carriers": {"viettel": {"response_id": "hex", "receipt_id": "decimal"}}
    }
    document = json.loads(said.stdout)
    assert (said.exit_code, document["good"], document["carrier"]) == (0, True, "viettel")
    assert {line["result"] for line in document["findings"]} == {"ok", "note"}


async def test_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "carriers.toml"
    async with simulated() as (_, port), simulated() as (_, other):
        file.write_text(
            "".join(
                f'[carriers.{name}]\ntps = 10\n[[carriers.{name}.binds]]\nhost = "127.0.0.1"\n'
                f'port = {each}\nsystem_id = "esme"\npassword_env = "{key}"\n'
                for name, each, key in (("viettel", port, "CHECK_RIGHT"), ("mobifone", other, "CHECK_WRONG"))
            )
        )
        shown = await asyncio.to_thread(command, file, "--all")
        said = await asyncio.to_thread(command, file, "--all", "--json")
    assert shown.exit_code == said.exit_code == 1
    assert "viettel: all is well" in shown.stdout
    assert "mobifone: 1 to mend" in shown.stdout
    assert {each["carrier"]: each["good"] for each in json.loads(said.stdout)} == {
        "mobifone": False,
        "viettel": True,
    }


def test_wrong_usage(tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "config" / "carriers.example.toml"
    assert "did you mean viettel?" in str(command(file, "vietel").exception)
    assert "no mobile number of Vietnam" in command(file, "viettel", "--to", "12345").output
    assert "--burst sends messages" in command(file, "viettel", "--burst", "5").output
    assert "or give --all alone" in command(file).output
    assert "or give --all alone" in command(file, "viettel", "--all").output
