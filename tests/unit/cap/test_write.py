"""What is written is read as it was, and the standard's own schema has nothing against it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from unit.cap.cases import NOW, REAL, VALID
from unit.cap.mutations import mutated
from unit.cap.records import alerts

from broadcast.cap.alert import read
from broadcast.cap.faults import CapError
from broadcast.cap.reading import read_tree, tree_of
from broadcast.cap.write import write

XSD = REAL / "CAP-v1.2.xsd"
schema = pytest.mark.skipif(not XSD.exists(), reason="../shared/data/cap is not here")


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(alerts())
def test_round_trip(alert: Any) -> None:
    found, reading = read_tree(tree_of(write(alert)))
    assert reading.findings == []
    assert found == alert


@pytest.mark.parametrize("name", VALID)
def test_a_valid_file_is_written_as_it_was_read(name: str) -> None:
    alert = read(VALID[name], NOW).alert
    assert read(write(alert), NOW).alert == alert
    assert write(read(write(alert), NOW).alert) == write(alert)


def test_letters_that_xml_has_no_place_for() -> None:
    with pytest.raises(ValueError, match="XML"):
        write(replace(read(VALID["one"], NOW).alert, note="a\0b"))


@schema
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(alerts())
def test_the_schema_takes_what_is_written(alert: Any) -> None:
    etree.XMLSchema(etree.parse(XSD)).assertValid(etree.fromstring(write(alert)))


@schema
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=400)
@given(st.data())
def test_what_the_schema_forbids_is_refused(data: st.DataObject) -> None:
    octets = mutated(data)
    try:
        tree = tree_of(octets)
    except CapError:
        return
    if etree.XMLSchema(etree.parse(XSD)).validate(tree):
        return
    with pytest.raises(CapError):
        _read_as_1_2(octets)


def _read_as_1_2(octets: bytes) -> None:
    """CAP 1.1 is read too, and has another schema."""
    if any(fault.name == "cap_1_1" for fault in read(octets, NOW).faults):
        raise CapError([])
