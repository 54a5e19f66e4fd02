"""The largest files that are read at all, of the worst shapes: each in a process of its own, for its memory."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
SHAPES = {
    "a text": ("Typhoon tonight", "\U0001f300" * 1_200_000),
    "tags in a text": ("Typhoon tonight", "&lt;a" * 900_000),
    "attributes": ("<event>", "<event " + "a='' " * 900_000 + ">"),
    "base64": ("<area>",
        "<resource><resourceDesc/><mimeType>image/png</mimeType><derefUri>"
        + "QUJD" * 1_200_000 + "</derefUri></resource><area>"),
    "corners": ("<area>", "<area><areaDesc>a</areaDesc><polygon>" + "1,1 " * 1_200_000 + "</polygon></area><area>"),
    "references": ("</scope>", "</scope><references>" + "a " * 2_400_000 + "</references>"),
    "quotes": ("</scope>", "</scope><addresses>" + '"a" ' * 1_200_000 + "</addresses>"),
    "unknown elements": ("</info>", "<a/>" * 19_000 + "</info>"),
}  # fmt: skip
READ = r"""
import re, sys
from unit.cap.cases import NOW
from broadcast.cap.alert import read
from broadcast.cap.faults import CapError
from broadcast.cap.profiles import PROFILES
try:
    read(sys.stdin.buffer.read(), NOW, tuple(PROFILES))
except CapError as error:
    str(error)
# of this process alone: what getrusage tells begins with its parent's
print(int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.parametrize("shape", SHAPES)
def test_at_most_200_mb(shape: str) -> None:
    valid = (HERE / "unit" / "cap" / "valid" / "two_languages.cap").read_text("utf-8")
    octets = valid.replace(*SHAPES[shape], 1).encode()
    assert len(octets) < 5_000_000
    done = subprocess.run(
        [sys.executable, "-c", READ], input=octets, capture_output=True, check=True, cwd=HERE,
        env={"PYTHONPATH": f"{HERE.parent}:{HERE}"},
    )  # fmt: skip
    assert int(done.stdout) <= 200
