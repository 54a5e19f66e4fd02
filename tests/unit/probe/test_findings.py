"""What a check keeps, and the settings that it prints to be pasted."""

import tomllib

from broadcast.config import Bind, Carrier
from broadcast.probe.findings import Finding, Findings
from broadcast.probe.messages import LONG, SHORT, variants


def test_it_is_told_at_once_and_kept() -> None:
    told: list[Finding] = []
    findings = Findings("viettel", told.append)
    findings.ok("binds.0 bind", "transceiver")
    findings.note("ledger", "nothing is written")
    assert findings.good
    findings.failed("ids", "they do not meet", "response_id")
    findings.failed("short message", "no answer")
    assert told == findings.lines
    assert [line.setting for line in told] == ["", "", "carriers.viettel.response_id", ""]
    assert not findings.good


def test_the_snippet_is_toml() -> None:
    findings = Findings("viettel", lambda line: None)
    assert findings.snippet() == ""
    findings.recommend("response_id", "hex")
    findings.recommend("binds.1.window", 10)
    findings.recommend("tps", 5)
    findings.recommend("binds.0.tls.server_name", "smsc.test")
    above, _, second = findings.snippet().partition("# in [[carriers.viettel.binds]] number 1")
    assert tomllib.loads(above) == {
        "carriers": {"viettel": {"response_id": "hex", "tps": 5, "tls": {"server_name": "smsc.test"}}}
    }
    assert "window = 10" in second


def test_what_is_tried_for_a_refusal() -> None:
    carrier = Carrier(tps=1, binds=(Bind("h", 1, "x"),))
    assert [each["validity"] for each in variants(0x62, carrier, False)] == ["relative", "none"]
    assert [each["concatenation"] for each in variants(0x43, carrier, True)] == ["udh16", "sar", "payload"]
    assert list(variants(0x45, carrier, False)) == []
    assert {"source_ton": 5, "source_npi": 0} in variants(0x0A, carrier, False)
    assert {"dest_ton": 1, "dest_npi": 1} not in variants(0x0B, carrier, False)


def test_the_long_message_is_of_two_segments() -> None:
    """Each is a message that somebody pays for."""
    assert len(SHORT) <= 160 < len(LONG) <= 2 * 152
