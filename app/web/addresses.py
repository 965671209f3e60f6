"""The addresses of this machine: free ports, allowed hosts of browsers, links for people."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil

from app.web import proxy_hosts
from app.web.proxy_hosts import is_loopback as is_loopback

LOOPBACK = "127.0.0.1"
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104
EVERYWHERE = WILDCARDS[0]
#: Ports tried, upward from a busy one.
PORTS_TRIED = 50
#: Prefixes of networks inside this machine.
_INSIDE = ("docker", "br-", "veth", "virbr", "vboxnet", "vmnet", "lxc", "cni")
#: One part of a base path, and the letters of the whole.
_SEGMENT, MAX_PATH = re.compile(r"(?!\.{1,2}$)[\w.~@+-]+", re.ASCII), 500
#: Bits of an IPv6 address that name a network: one device has all addresses below them.
_NETWORK = 64
#: An address for documentation: no packet goes there.
_OUTSIDE = ("192.0.2.1", 9)


def refuse_busy_port(host: str, port: int) -> None:
    """Raise OSError with one line for a busy port or an address of another machine."""
    try:
        _bind(host, port)
    except PermissionError:
        raise OSError(f"port {port} is reserved; choose one above 1023, for example --port 8501") from None
    except OSError as error:
        if not _is_free(host, 0):
            raise OSError(
                f"--host {host} is not an address of this machine; 127.0.0.1 serves this machine alone"
            ) from None
        others = range(port + 1, min(port + PORTS_TRIED, 65_536))
        free = next((other for other in others if _is_free(host, other)), None)
        hint = f"--port {free} is free" if free else "choose another with --port"
        raise OSError(f"port {port} is busy ({error.strerror}); {hint}") from None


def _bind(host: str, port: int) -> None:
    # By hand: socket.create_server binds IPv6 alone, the server both.
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (TypeError, ValueError) as error:  # a name that cannot be one: a letter of no text, a label too long
            raise OSError(str(error)) from None
        probe.listen(1)


def _is_free(host: str, port: int) -> bool:
    with suppress(OSError):
        _bind(host, port)
        return True
    return False


def send_at_once() -> None:
    """Send the end of every answer at once, on the connections that are accepted from now on.

    asyncio does so for sockets that name their protocol. Streamlit's does not: the system held each body back until the
    browser had acknowledged the header, 40 ms later.
    """
    with suppress(OSError, psutil.Error):
        for connection in psutil.Process().net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.fd >= 0:
                with socket.socket(fileno=os.dup(connection.fd)) as listening:
                    # Accepted sockets inherit it.
                    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def allowed_hosts(host: str) -> list[str]:
    """Return the allowed hosts of requests: loopback, the bound address, for a wildcard all own addresses, proxies."""
    hosts = ["localhost", "127.0.0.1", "::1", *(proxied.name for proxied in proxy_hosts.hosts())]
    if host in WILDCARDS:
        name = socket.gethostname()
        hosts += [name, f"{name}.local", socket.getfqdn()]
        for addresses in psutil.net_if_addrs().values():
            hosts += [a.address.split("%")[0] for a in addresses if a.family in (socket.AF_INET, socket.AF_INET6)]
    elif not is_loopback(host):
        hosts.append(host)
    return list(dict.fromkeys(hosts))


def network(address: str) -> str:
    """Return what stands for one place in the net: an IPv4 address, the network of an IPv6 address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address) or parsed.ipv4_mapped or parsed.is_loopback:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return f"{IPv6Address(int(parsed) >> (128 - _NETWORK) << (128 - _NETWORK))}/{_NETWORK}"


def base_path(text: str) -> str:
    """Return a base path with a slash before it and none after, '' for the root. Raises ValueError."""
    inner = text.strip("/")
    if len(text) > MAX_PATH or (inner and not all(_SEGMENT.fullmatch(part) for part in inner.split("/"))):
        raise ValueError("is made of letters, digits and . _ ~ @ + - between slashes, such as /skipscope")
    return f"/{inner}" if inner else ""


def page_url(host: str, port: int) -> str:
    """Return the page's address for a browser on this machine."""
    return f"http://{'localhost' if host in (*WILDCARDS, LOOPBACK) else in_url(host)}:{port}"


def in_url(host: str) -> str:
    """Return a host as in URLs and Host headers: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def shared_urls(host: str, port: int) -> list[str]:
    """Return the page's addresses for other machines, the likeliest first; without a network loopback alone."""
    proxied = [each.url for each in proxy_hosts.hosts()]
    if proxied and is_loopback(host):
        return proxied
    hosts = (network_addresses() or [LOOPBACK]) if host in WILDCARDS else [host]
    return proxied + [f"http://{in_url(reached)}:{port}" for reached in hosts]


def network_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine: first that of the default route, last the link-local ones."""
    own = sorted(_of_interfaces(), key=lambda address: ip_address(address).is_link_local)
    way_out = _way_out()
    return [way_out, *(address for address in own if address != way_out)] if way_out in own else own


def _of_interfaces() -> Iterator[str]:
    states = psutil.net_if_stats()
    for name, addresses in psutil.net_if_addrs().items():
        if name.startswith(_INSIDE) or not (name in states and states[name].isup):
            continue
        for address in addresses:
            if address.family == socket.AF_INET and not IPv4Address(address.address).is_loopback:
                yield address.address


def _way_out() -> str | None:
    """Return the address of the default route, without a packet sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_OUTSIDE)
        except OSError:
            return None
        return str(probe.getsockname()[0])
