"""Every kind of fault has a file that shows it, and one message, with line and way out."""

import pytest
from unit.cap.cases import HERE, NOW, faulty, octets_of, profiles_of
from unit.cap.google_reasons import REASONS

from broadcast.cap.alert import read
from broadcast.cap.faults import CapError, Fault
from broadcast.cap.kinds import KINDS
from broadcast.cap.profiles import PROFILES, kinds_of

FILES = faulty()
ALL = {**KINDS, **{kind.name: kind for profile in PROFILES for kind in kinds_of(profile)}}


def faults_of(kind: str) -> tuple[Fault, ...]:
    try:
        return read(octets_of(FILES[kind]), NOW, profiles_of(kind)).faults
    except CapError as error:
        return error.faults


def messages() -> dict[str, list[str]]:
    """messages.txt: a file's name, then what is said of it, a line each, further in."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (HERE / "messages.txt").read_text("utf-8").splitlines():
        if line.startswith(" "):
            found[name].append(line.strip())
        else:
            name = line.removeprefix("core/").replace("/", ".")
            found[name] = []
    return found


SAID = messages()


def test_every_kind_has_its_file_and_no_other_file_is_there() -> None:
    assert set(FILES) == set(ALL) == set(SAID)


@pytest.mark.parametrize("kind", ALL)
def test_its_file_shows_it_and_is_told_so(kind: str) -> None:
    faults = faults_of(kind)
    own = [fault for fault in faults if fault.name == kind]
    assert own
    assert own[0].level == ALL[kind].level
    assert [f"{fault.level}: {fault}" for fault in faults] == SAID[kind]


@pytest.mark.parametrize("kind", ALL)
def test_it_names_a_line(kind: str) -> None:
    assert kind == "too_large" or all(fault.line for fault in faults_of(kind))


@pytest.mark.parametrize("kind", [name for name, kind in ALL.items() if kind.level == "error"])
def test_an_error_refuses_the_file(kind: str) -> None:
    with pytest.raises(CapError):
        read(octets_of(FILES[kind]), NOW, profiles_of(kind))


@pytest.mark.parametrize(
    "kind", [name for name, kind in ALL.items() if "." in name and kind.level == "error"]
)
def test_a_profile_refuses_only_where_it_is_chosen(kind: str) -> None:
    if not any(fault.name in KINDS and fault.level == "error" for fault in faults_of(kind)):
        read(octets_of(FILES[kind]), NOW)


def test_every_message_but_a_remark_says_the_way_out() -> None:
    remarks = {"note", "advice"}
    for kind in ALL.values():
        assert kind.level in remarks or ": " in kind.message or " be " in kind.message, kind


def test_what_google_has_a_reason_for_has_a_kind_here() -> None:
    assert len(REASONS) == 114
    assert set(REASONS.values()) <= set(ALL)


def test_all_errors_of_a_file_are_told_at_once() -> None:
    octets = octets_of(FILES["value_not_listed"]).replace(b">Alert<", b">Update<")
    octets = (
        octets.replace(b"17.5,106.6 40", b"here")
        .replace(b"<event>", b"<event x='1'>")
        .replace(b"</sent>", b"Z</sent>")
    )
    with pytest.raises(CapError) as caught:
        read(octets, NOW, ("google",))
    names = {fault.name for fault in caught.value.faults if fault.level == "error"}
    assert names == {
        "value_not_listed", "references_missing", "google.references_missing", "circle_invalid", "attribute_unknown",
        "time_invalid",
    }  # fmt: skip


def test_nothing_of_the_file_is_in_a_message() -> None:
    octets = octets_of(FILES["value_not_listed"]).replace("Bão".encode(), b"84912345678")
    octets = octets.replace(b">immediate<", b">84912345678<").replace(b"17.5,106.6 40", b"84912345678")
    with pytest.raises(CapError) as caught:
        read(octets, NOW)
    assert "849" not in str(caught.value)


def test_what_another_file_is_told_is_not_told_of_this_one() -> None:
    for broken in (b"<alert><e></f></alert>", b"<alert><sent></alert>"):
        with pytest.raises(CapError):
            read(broken, NOW)
    assert [f"{fault.level}: {fault}" for fault in faults_of("not_well_formed")] == SAID["not_well_formed"]
