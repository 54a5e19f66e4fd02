"""What a check finds: a line each, the habits of the SMSC, and the settings that it recommends. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Result = Literal["ok", "note", "failed"]
Value = str | int


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. setting: the full key to change or to look at, or ""."""

    subject: str
    result: Result
    said: str
    setting: str = ""


class Findings:
    """Those of one carrier, in order. tell: called with each as it is found.

    habits: what the SMSC does, by name. recommended: key within the carrier's table (binds.0.window) -> value.
    """

    def __init__(self, carrier: str, tell: Callable[[Finding], None]) -> None:
        self.carrier = carrier
        self.lines: list[Finding] = []
        self.habits: dict[str, str | int | float] = {}
        self.recommended: dict[str, Value] = {}
        self._tell = tell

    @property
    def good(self) -> bool:
        """Nothing failed."""
        return all(line.result != "failed" for line in self.lines)

    def ok(self, subject: str, said: str) -> None:
        self._add(Finding(subject, "ok", said))

    def note(self, subject: str, said: str, setting: str = "") -> None:
        self._add(Finding(subject, "note", said, self._full(setting)))

    def failed(self, subject: str, said: str, setting: str = "") -> None:
        """setting: key within the carrier's table."""
        self._add(Finding(subject, "failed", said, self._full(setting)))

    def recommend(self, setting: str, value: Value) -> None:
        """setting: key within the carrier's table."""
        self.recommended[setting] = value

    def snippet(self) -> str:
        """The recommended settings as TOML to be pasted over what is there; "" when there are none."""
        own = [(key, value) for key, value in self.recommended.items() if not key.startswith("binds.")]
        lines = (
            [f"[carriers.{self.carrier}]", *(f"{key} = {_toml(value)}" for key, value in own)] if own else []
        )
        numbers = sorted({int(key.split(".")[1]) for key in self.recommended if key.startswith("binds.")})
        for number in numbers:
            lines.append(f"# in [[carriers.{self.carrier}.binds]] number {number} (the first is 0)")
            place = f"binds.{number}."
            lines += [
                f"{key.removeprefix(place)} = {_toml(value)}"
                for key, value in self.recommended.items()
                if key.startswith(place)
            ]
        return "\n".join(lines)

    def _full(self, setting: str) -> str:
        return f"carriers.{self.carrier}.{setting}" if setting else ""

    def _add(self, finding: Finding) -> None:
        self.lines.append(finding)
        self._tell(finding)


def _toml(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)
