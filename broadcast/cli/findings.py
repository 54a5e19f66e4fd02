"""How every command shows what `broadcast.diagnosis` found: a line a finding, or an object."""

from collections.abc import Sequence

from broadcast.cli.output import say
from broadcast.diagnosis.finding import Finding


def finding_document(finding: Finding) -> dict[str, object]:
    """One finding; `line` is what a person is shown."""
    return {
        "code": finding.code.value,
        "carrier": finding.carrier or None,
        "grave": finding.grave,
        "sentence": finding.sentence,
        "run": finding.command or None,
        "line": str(finding),
    }


def show_findings(findings: Sequence[Finding], title: str = "") -> None:
    """Below what they are about; nothing when there are none."""
    if findings and title:
        say(f"\n{title}")
    for each in findings:
        say(str(each))
