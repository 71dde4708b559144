"""Where a node is reached: the public address in links and QR codes, and whose word about it is taken.

Without a public address links have the Host that a request names. A proxy says in headers (X-Forwarded-For, -Proto) who
asked it and how; anybody else can write them too, so they count only from the addresses that are named as proxies.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from fastapi import Request

from carbon_tokens.errors import LedgerError

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_HERE = ("localhost", "127.0.0.1", "::1")


def public(text: str) -> str:
    """A public address in its one form, ``https://host`` or ``https://host:port``; "" stays "".

    Raises:
        LedgerError: anything else: no https (but to this machine itself), a user, a path, a query or a fragment.
    """
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise _none() from None
    literal = _is_ip(host)
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)
    if not plain or not secure or not (literal or _HOST.fullmatch(host)) or port == 0 or text[-1] in "?#":
        raise _none()
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def proxies(text: str) -> str:
    """Addresses of proxies, comma-separated IP addresses and networks, or ``*`` for everybody; "": none.

    Raises:
        LedgerError: one that is none.
    """
    names = [each.strip() for each in text.split(",") if each.strip()]
    for each in names:
        try:
            if each != "*":
                ip_network(each)
        except ValueError:
            todo = "Write 10.0.0.5, 10.0.0.0/8 or *, with commas between."
            raise LedgerError("this is no IP address or network", where="--forwarded-allow-ips", todo=todo) from None
    return ",".join(names)


def base(request: Request) -> str:
    """What the addresses of this node begin with, without a slash at the end."""
    known: str = request.app.state.public_url
    return known or str(request.base_url).rstrip("/")


def is_secure(request: Request) -> bool:
    """Whether browsers reach this node by https, so that cookies are for nothing else."""
    return base(request).startswith("https:")


def _is_ip(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _none() -> LedgerError:
    todo = "Write https://node.example, without a path."
    return LedgerError("the public address is none", where="--public-url", todo=todo)
