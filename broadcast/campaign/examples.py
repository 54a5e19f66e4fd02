"""Alert texts that ship with the package: real ones, to rehearse with."""

from importlib.resources import files

from broadcast.campaign.text import normalise

BOYTE_2020 = "boyte-2020.vi.txt"


def example(name: str) -> str:
    """The text of an example, as a draft would keep it."""
    return normalise(files("broadcast.campaign").joinpath("examples", name).read_text(encoding="utf-8"))
