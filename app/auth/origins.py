"""Who may send a browser here: requests from web pages of another origin, or to another name, are refused.

A page anywhere can make a browser send a form to a service on its user's machine, or, with a name of its own that
points to that machine, talk to it at length. Neither Origin nor Host can be set by a page's script.
"""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from app.errors import HostUnknown, OriginRefused


def check_origin(origin: str, host: str, scheme: str, allowed: Collection[str]) -> None:
    """Refuse a request from a web page that is neither the service's own nor of an allowed origin.

    Parameters
    ----------
    origin
        The header; "" where there was none: then no page sent it, or one of the same origin.
    host
        The Host header.
    scheme
        By which the service was reached; a proxy may have taken TLS off, so that https counts as the service's too.
    allowed
        Origins of viewers.

    Raises
    ------
    OriginRefused
        When it is another's.
    """
    if origin and origin not in allowed and origin not in {f"{scheme}://{host}", f"https://{host}"}:
        raise OriginRefused


def check_host(host: str, names: Collection[str]) -> None:
    """Refuse a request for a name that the service is not known by.

    Raises
    ------
    HostUnknown
        When it is neither an IP address, nor localhost, nor without a dot (no public name is), nor listed.
    """
    name = _hostname(host)
    if name is None or not (_is_address(name) or "." not in name or name in {known.lower() for known in names}):
        raise HostUnknown


def _hostname(host: str) -> str | None:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".").lower() or None
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def listens_on_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
