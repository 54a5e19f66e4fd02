"""What a log call may have: by mypy, and in the line."""

import re
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.errors import ConfigError
from broadcast.ids import CampaignId
from broadcast.masked import Masked
from broadcast.monitor.loggable import Count, Name, Seconds, Sentence, Status, plain

ROOT = Path(__file__).parents[3]
# Each line stands in a function that has these; those with `# no` are refused, the others are not.
CALLS = """
from broadcast.errors import ConfigError
from broadcast.ids import CampaignId, CarrierNo, SliceId, WorkerNo
from broadcast.masked import Masked
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Name, Seconds, Sentence, Status, Word
from broadcast.monitor.logger import about, logger
from broadcast.monitor.sampling import Flood
from broadcast.store.failures import in_words
from broadcast.smpp.session import LinkState

log = logger(__name__)


def calls(msisdn: int, text: str, campaign: CampaignId, piece: SliceId, error: OSError, ours: ConfigError) -> None:
    log(events.CAMPAIGN_FINISHED, campaign=campaign)
    log(events.SLICE_LEASED, campaign=campaign, slice=piece, carrier=Name("viettel"), recipients=Count(3))
    log(events.LINK_REFUSED, link=Name("viettel-0"), status=Status(13), why=ours)
    log(events.DATABASE_TROUBLE, task=Word("tidier"), why=in_words(error))
    log(events.DATABASE_BACK, task=Word("tidier"), after_s=Seconds(1.5))
    log(events.LINK_STEP, step=LinkState.BOUND, host=Masked(msisdn), port=None)
    log(events.FAILED, error=error)
    with about(worker=WorkerNo(1), ledger=None):
        log(events.STOPPING)
    log(events.CAMPAIGN_FINISHED, campaign=msisdn)  # no
    log(events.CAMPAIGN_FINISHED, campaign=84912345678)  # no
    log(events.CAMPAIGN_CANNOT_GO, why=text)  # no
    log(events.CAMPAIGN_CANNOT_GO, why="a text")  # no
    log(events.CAMPAIGN_CANNOT_GO, why=f"{text}")  # no
    log(events.CAMPAIGN_CANNOT_GO, why=str(error))  # no
    log(events.CAMPAIGN_CANNOT_GO, why=error)  # no
    log(events.CAMPAIGN_CANNOT_GO, why=text.encode())  # no
    log(events.DOUBTS, recipients=1.5)  # no
    log(events.DOUBTS, recipients=[Count(1)])  # no
    log(events.DOUBTS, recipients={"a": msisdn})  # no
    log("a text")  # no
    log(f"{msisdn} is lost")  # no
    log(events.DOUBTS, text)  # no
    with about(worker=msisdn):  # no
        log(events.STOPPING)
    log.warning("%s is lost", msisdn)  # no
"""


class State(Enum):
    BOUND = "bound"


def test_mypy_refuses_what_may_be_a_persons(tmp_path: Path) -> None:
    """As the repository is checked, with what it is built of: those lines, and no others."""
    file = tmp_path / "calls.py"
    file.write_text(CALLS)
    line = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--ignore-missing-imports"]
    line += ["--no-pretty", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"), str(file)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    refused = {int(each) for each in re.findall(r"calls\.py:(\d+): error", done.stdout)}
    wanted = {number for number, each in enumerate(CALLS.splitlines(), 1) if each.endswith("# no")}
    assert len(wanted) == 16
    assert refused == wanted, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (CampaignId(7), 7),
        (Count(2147483647), 2147483647),
        (Seconds(0.123456), 0.123),
        (Status(0x10000045), "0x10000045"),
        (Masked(84912345678), "84912***678"),
        (Masked(-1), "erased"),
        (Name("viettel-0"), "viettel-0"),
        (Name("192.168.100.200"), "192.168.100.200"),
        (Sentence("since 2026-11-30 10:15:02"), "since 2026-11-30 10:15:02"),
        (ConfigError("carriers.toml: no such key"), "carriers.toml: no such key"),
        (State.BOUND, "bound"),
        (True, True),
        (None, None),
    ],
)
def test_what_a_line_has_of_it(value: Any, said: object) -> None:
    assert plain(value) == said
    assert type(plain(value)) is type(said)


@pytest.mark.parametrize(
    "value", [b"84912345678", ["84912345678"], {"to": 84912345678}, object(), ValueError("x")]
)
def test_of_what_is_not_loggable_there_is_the_kind(value: Any) -> None:
    """The second net, for who got past mypy."""
    assert plain(value) == f"<{type(value).__name__}>"


@given(st.integers(10**8, 10**14), st.text(alphabet="ab :,+", max_size=5), st.integers(1, 4))
def test_no_number_stays_in_words(number: int, around: str, group: int) -> None:
    digits = str(number)
    spaced = " ".join(digits[at : at + group] for at in range(0, len(digits), group))
    for written in (digits, spaced):
        said = plain(Sentence(f"{around}+{written}{around}"))
        assert not re.search(r"\d", str(said))


@given(st.text())
def test_a_value_makes_no_line_of_its_own(text: str) -> None:
    assert not set("\n\r\x1b\x9b\u202e\u2028") & set(str(plain(Name(text))))
