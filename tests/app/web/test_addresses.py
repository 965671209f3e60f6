"""Addresses of this machine: what is listened on, what browsers may ask for, which links are printed."""

import socket
from collections import namedtuple

import psutil
import pytest

from app.web import addresses
from app.web.addresses import allowed_hosts, page_url, shared_urls

Address = namedtuple("Address", "family address")
State = namedtuple("State", "isup")


@pytest.fixture
def interfaces(monkeypatch):
    """A machine with these interfaces: name -> addresses; all are up but "off"."""

    def have(way_out=None, **found):
        monkeypatch.setattr(
            psutil, "net_if_addrs",
            lambda: {
                name: [Address(socket.AF_INET6 if ":" in one else socket.AF_INET, one) for one in ones]
                for name, ones in found.items()
            },
        )  # fmt: skip
        monkeypatch.setattr(psutil, "net_if_stats", lambda: {name: State(name != "off") for name in found})
        monkeypatch.setattr(addresses, "_way_out", lambda: way_out)

    return have


@pytest.mark.parametrize("host", ["\udcff", "h" * 900, "a..b", "x." * 200, "\u2028"])
def test_a_host_that_is_no_name_is_refused_in_words(host):
    with pytest.raises(OSError, match="is not an address of this machine"):
        addresses.refuse_busy_port(host, 0)


def test_hosts_and_addresses():
    assert allowed_hosts("127.0.0.1") == ["localhost", "127.0.0.1", "::1"]
    assert "192.0.2.5" in allowed_hosts("192.0.2.5")
    assert socket.gethostname() in allowed_hosts("0.0.0.0")
    assert "*" not in allowed_hosts("0.0.0.0")
    assert page_url("0.0.0.0", 80) == "http://localhost:80"
    assert page_url("::1", 8501) == "http://[::1]:8501"


def test_shared_links_begin_with_the_way_out_and_leave_networks_inside_the_machine_out(interfaces):
    interfaces(
        way_out="192.168.1.20",
        lo=["127.0.0.1", "::1"], docker0=["172.17.0.1"], eth0=["10.0.0.4", "fe80::1%eth0"], wlan0=["192.168.1.20"],
        off=["10.9.9.9"], odd=["169.254.7.7"],
    )  # fmt: skip
    assert shared_urls("0.0.0.0", 8501) == [
        "http://192.168.1.20:8501", "http://10.0.0.4:8501", "http://169.254.7.7:8501",
    ]  # fmt: skip
    known = allowed_hosts("0.0.0.0")
    assert {"192.168.1.20", "10.0.0.4", "169.254.7.7"} <= set(known), "every link that is printed is answered"


def test_a_machine_without_network_shares_with_itself(interfaces):
    interfaces(way_out=None, lo=["127.0.0.1"])
    assert shared_urls("0.0.0.0", 8501) == ["http://127.0.0.1:8501"]


def test_a_way_out_through_an_inner_network_is_not_taken(interfaces):
    interfaces(way_out="172.17.0.1", docker0=["172.17.0.1"], eth0=["10.0.0.4"])
    assert shared_urls("0.0.0.0", 1) == ["http://10.0.0.4:1"]


def test_a_named_host_is_the_link():
    assert shared_urls("127.0.0.1", 8501) == ["http://127.0.0.1:8501"]
    assert shared_urls("2001:db8::5", 8501) == ["http://[2001:db8::5]:8501"]


def test_this_machines_own_addresses_are_found():
    assert all(addresses.network_addresses())
    assert "127.0.0.1" not in addresses.network_addresses()


def test_no_answer_waits_for_an_acknowledgement():
    # As Streamlit does: a socket of no named protocol, for which asyncio leaves the delay on.
    with socket.socket(family=socket.AF_INET) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        addresses.send_at_once()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
