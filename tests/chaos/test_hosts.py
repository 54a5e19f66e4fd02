"""Two hosts that are severed find each other no more, and all others do."""

import subprocess
import sys

import pytest
from chaos import hosts
from chaos.hosts import Network, network

PORT = 4000
_LISTEN = """
import socket, sys
here = socket.create_server(("", int(sys.argv[1])))
print("ready", flush=True)
while here.accept():
    pass
"""
_REACH = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"


def reaches(net: Network, host: str, other: str) -> bool:
    words = [*net.inside(host), sys.executable, "-c", _REACH, net.hosts[other], str(PORT)]
    return subprocess.run(words, capture_output=True, timeout=30, check=False).returncode == 0


def test_severed_and_parted_hosts() -> None:
    if reason := hosts.missing():
        pytest.skip(reason)
    with network(("a", "b", "c")) as net:
        listening = [
            subprocess.Popen(
                [*net.inside(host), sys.executable, "-c", _LISTEN, str(PORT)], stdout=subprocess.PIPE
            )
            for host in ("b", "c")
        ]
        try:
            for each in listening:
                assert each.stdout is not None and each.stdout.readline() == b"ready\n"
            assert reaches(net, "a", "b")
            net.sever("b", "a")
            assert [reaches(net, "a", each) for each in ("b", "c")] == [False, True]
            assert reaches(net, "b", "c")
            net.rejoin("b", "a")
            assert reaches(net, "a", "b")
            net.part("c")
            assert [reaches(net, "a", each) for each in ("b", "c")] == [True, False]
            net.join("c")
            assert reaches(net, "a", "c")
        finally:
            for each in listening:
                each.kill()
                each.communicate()
