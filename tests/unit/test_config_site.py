"""A training site reaches simulators of its own and nobody else; a live one none of them."""

from pathlib import Path

import pytest
from unit.config_files import CARRIERS, COUNTRY, Fault, Write, fault, write

from broadcast.config import load

__all__ = ["fault", "write"]  # fixtures

_HOST = ("smsc.viettel.example", "127.0.0.1")
_TPS = ("tps = 100", "tps = 100\nsimulated = true")
_TRAINING = '\n[site]\npurpose = "training"\n'
_EXAMPLE = Path(__file__).parents[2] / "config" / "site.example.toml"


def test_a_site_is_live_unless_it_says_otherwise(write: Write) -> None:
    assert not load([write(COUNTRY + CARRIERS)]).site.training


def test_the_annotated_example_shows_the_defaults(write: Write) -> None:
    assert load([write(COUNTRY), _EXAMPLE]) == load([write(COUNTRY)])


@pytest.mark.parametrize(
    ("host", "networks"), [("127.0.0.1", ""), ("::1", ""), ("10.9.0.4", 'networks = ["10.9.0.0/24"]')]
)
def test_a_training_site_has_simulators_of_its_own(write: Write, host: str, networks: str) -> None:
    text = (COUNTRY + CARRIERS).replace(*_TPS).replace(_HOST[0], host)
    assert load([write(text + _TRAINING + networks)]).site.training


def test_the_live_carriers_file_beside_a_training_site_is_refused(write: Write) -> None:
    """The files as a mistake would join them."""
    site, carriers = write(COUNTRY + _TRAINING, "training.toml"), write(CARRIERS, "carriers.toml")
    with pytest.raises(Exception, match="not marked as simulated"):
        load([site, carriers])


@pytest.mark.parametrize("host", ["smsc.viettel.example", "localhost", "10.9.1.1", "8.8.8.8", "fe80::1%eth0"])
def test_marked_as_simulated_and_yet_elsewhere(fault: Fault, host: str) -> None:
    said = fault(_TPS, (_HOST[0], host), more=_TRAINING + 'networks = ["10.9.0.0/24"]')
    assert f"carriers.viettel has the host {host}" in said


def test_further_addresses_count_too(fault: Fault) -> None:
    more = ('system_id = "moh"', 'system_id = "moh"\nhosts = ["203.0.113.9:2775"]')
    assert "203.0.113.9" in fault(_TPS, _HOST, more, more=_TRAINING)


def test_a_live_site_refuses_simulators(fault: Fault) -> None:
    assert "carriers.viettel is simulated, and this site is live" in fault(_TPS)


@pytest.mark.parametrize("network", ["0.0.0.0/0", "10.0.0.0/7", "8.8.8.0/24", "10.9.0.1/24", "test", "::/0"])
def test_half_of_the_world_is_no_test_network(fault: Fault, network: str) -> None:
    said = fault(_TPS, _HOST, more=_TRAINING + f'networks = ["{network}"]')
    assert said.startswith("site.networks")


def test_networks_go_with_training(fault: Fault) -> None:
    assert fault(more='[site]\nnetworks = ["10.9.0.0/24"]').startswith("site.networks")


def test_heads_and_their_key_go_together(fault: Fault) -> None:
    assert fault(more='[audit]\nheads = "/tmp/heads"').startswith("audit.heads and key_file")


def test_a_number_in_the_wrong_place_is_not_repeated(fault: Fault) -> None:
    assert "0912345678" not in fault(more='[phones]\nnumbers = "0912345678"')
    assert "84912345678" not in fault(more="[phones]\nnumbers = [84912345678]")
