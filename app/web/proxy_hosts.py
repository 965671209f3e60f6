"""The names of proxies in front of this server (``--proxy-host``), for which what they say of browsers is believed."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

#: Ports that browsers leave out.
PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_WRONG = "is a name such as lab.example, with a port where browsers need one, and http:// where there is no encryption"


@dataclass(frozen=True)
class ProxyHost:
    """The address of a proxy as browsers have it."""

    scheme: str
    name: str
    port: int | None = None

    @classmethod
    def named(cls, text: str) -> "ProxyHost":
        """Return what ``lab.example``, ``lab.example:8443`` or ``http://lab.example`` names. Raises ValueError."""
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            name, port = host_name(parts.hostname or ""), parts.port
        except ValueError:
            raise ValueError(_WRONG) from None
        if not (text.isascii() and text.isprintable()):  # tabs and ends of lines would be left out without a word
            raise ValueError(_WRONG)
        place = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in PORTS or "@" in place or parts.geturl().rstrip("/") != place or port == 0:
            raise ValueError(_WRONG)
        if not (ip_of(name) and "%" not in name if "[" in place else _NAME.fullmatch(name)):
            raise ValueError(_WRONG)
        return cls(parts.scheme, name, None if port == PORTS[parts.scheme] else port)

    @property
    def url(self) -> str:
        """Return the address for browsers, without a path."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{self.scheme}://{name}" + (f":{self.port}" if self.port else "")


_hosts: tuple[ProxyHost, ...] = ()


def believe(hosts: Sequence[ProxyHost]) -> None:
    """Believe a proxy on this machine for these addresses, from the start of the server on."""
    global _hosts
    _hosts = tuple(hosts)


def hosts() -> tuple[ProxyHost, ...]:
    """Return the addresses for which a proxy is believed."""
    return _hosts


def is_proxy(address: str) -> bool:
    """Return whether connections from an address may be those of a proxy that is believed."""
    return bool(_hosts) and is_loopback(address)


def host_name(text: str) -> str:
    """Return a host without the dot at its end, an IP address as browsers write it, however it is written here."""
    name = text.lower().rstrip(".")
    with suppress(ValueError):
        address = ip_address(name)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:  # Python writes its end in one way or the other
            high, low = divmod(int(address.ipv4_mapped), 2**16)
            return f"::ffff:{high:x}:{low:x}"
        return str(address)
    return name


def ip_of(text: str) -> str:
    """Return an IP address without brackets and port, '' where there is none."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
    try:
        return str(ip_address(bare))
    except ValueError:
        return ""


def is_loopback(text: str) -> bool:
    """Return whether a name or an address is this machine's own."""
    try:
        address = ip_address(text)
    except ValueError:
        return text == "localhost"
    return (address.ipv4_mapped or address).is_loopback if isinstance(address, IPv6Address) else address.is_loopback
