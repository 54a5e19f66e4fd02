"""Where an alert holds, as CAP says it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Area:
    """CAP 1.2 §3.2.4. polygons: `lat,lon lat,lon ...`; circles: `lat,lon radius`, in km; geocodes: name and value. All
    as they were written, for an approval binds them."""

    description: str
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "circles": list(self.circles),
            "description": self.description,
            "geocodes": [list(each) for each in self.geocodes],
            "polygons": list(self.polygons),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Area":
        """Of its own document."""
        return cls(
            document["description"],
            tuple(document["polygons"]),
            tuple(document["circles"]),
            tuple((name, value) for name, value in document["geocodes"]),
        )
