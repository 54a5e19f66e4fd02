"""What is said live: in each language what was read last, whoever else watched meanwhile."""

import json
import re
from typing import Any, cast

from unit.web.documents import campaign, nation

from broadcast.web.stream import Hub, Viewer
from broadcast.web.view import View
from broadcast.web.watching import Moment


class Transport:
    """Takes all at once."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, octets: bytes) -> None:
        self.said += [json.loads(each) for each in re.findall(rb"^data: (.*)$", octets, re.MULTILINE)]


def watching(hub: Hub, language: str) -> Transport:
    """Somebody who has begun to."""
    heard = Transport()
    hub._viewers.add(Viewer(language, False, lambda: False, cast(Any, heard)))
    return heard


def moment(number: int, read_at: float, trouble: str = "", **more: Any) -> Moment:
    return Moment(number, nation(campaign(**more)), b"", read_at, trouble)


def test_while_the_database_is_away_everybody_gets_what_was_read_last() -> None:
    """Who comes in a language that nobody had for long, too: the figures are those of the time beside them."""
    hub = Hub(lambda: 100.0, View())
    watching(hub, "en")
    hub._say("vi", moment(1, 1.0, delivered=0.1))  # and went away
    hub.tell(moment(2, 99.0, delivered=0.6))
    late = watching(hub, "vi")
    hub.tell(moment(3, 99.0, "database", delivered=0.6))
    (frame,) = late.said
    assert (frame["trouble"], frame["age_s"]) == ("database", 1.0)
    assert "588.000" in frame["parts"]["a7.head"]


def test_what_was_said_already_is_not_rendered_again() -> None:
    hub = Hub(lambda: 100.0, View())
    heard = watching(hub, "en")
    hub.tell(moment(1, 99.0))
    hub.tell(moment(2, 99.0, "database", delivered=0.1))  # never: figures of one reading are the same
    assert heard.said[0]["parts"] and not heard.said[1]["parts"]


def test_figures_that_nobody_could_read_anew_are_old_though_nothing_failed() -> None:
    """A reading hangs: the moment before it has no trouble, and is a day old."""
    hub = Hub(lambda: 100.0, View())
    heard = watching(hub, "en")
    hub.tell(moment(1, 99.0))
    hub.tell(moment(2, 90.0))
    assert ["trouble" in each for each in heard.said] == [False, True]
    assert (heard.said[1]["trouble"], heard.said[1]["age_s"]) == ("database", 10.0)
    assert moment(3, 90.0, "database").trouble_at(90.0) == "database"
    assert Moment().trouble_at(100.0) == "", "there are none"


def test_who_comes_while_a_reading_hangs_is_told_how_old_its_figures_are() -> None:
    """What was made of them when they were new is not said any more."""
    now = 100.0
    hub = Hub(lambda: now, View())
    last = moment(1, 99.5)
    (first,) = told(hub, last)
    now = 3700.0
    (later,) = told(hub, last)
    assert (first["age_s"], first.get("trouble")) == (0.5, None)
    assert (later["age_s"], later["trouble"]) == (3600.5, "database")
    assert later["parts"] == first["parts"]


def told(hub: Hub, last: Moment) -> list[dict[str, Any]]:
    heard = Transport()
    heard.write(hub._whole("en", last)[0])
    return heard.said
