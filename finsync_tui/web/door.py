"""Who may come in: one token in the address, then a cookie; only addresses and pages of our own. Pure.

The token is printed once, in the terminal that started the server. Opening the address exchanges it for a cookie that
scripts can't read, and takes it out of the address bar. A page of another site can neither send the cookie nor open the
socket, and a name that was bent to our address (DNS rebinding) is not ours.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

COOKIE = "finsync"
TOKEN_BYTES = 32


class ClosedDoorError(Exception):
    """A request is refused. Its text says why, and what to do."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Door:
    """One server's door."""

    origin: str
    """Scheme, host and port as the browser has them: `http://127.0.0.1:8087`."""
    names: frozenset[str]
    """What the Host header may be."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES), repr=False)
    takes_token: bool = True
    """Where people sign in as themselves, nobody is let in as the account that runs the server, unless it was asked for."""

    @property
    def address(self) -> str:
        """What a person opens, once."""
        return f"{self.origin}/?token={self.token}"

    def exchange(self, token: str) -> str:
        """Return the cookie for the token."""
        if not secrets.compare_digest(token.encode(), self.token.encode()) or not self.takes_token:
            raise ClosedDoorError(
                401, "This token is not the one of this server. Open the address that `finsync web` printed."
            )
        return self.session

    def check_name(self, host: str) -> None:
        if host.lower() not in self.names:
            raise ClosedDoorError(
                421, "This server does not answer to that name. Open the address that `finsync web` printed."
            )

    def check(self, cookies: Mapping[str, str]) -> None:
        """Let in whoever has the cookie that the token was exchanged for."""
        if not self.is_own(cookies):
            raise ClosedDoorError(
                401,
                "Open the address that `finsync web` printed: it has the token. It changes with each start.",
            )

    def is_own(self, cookies: Mapping[str, str]) -> bool:
        """Say whether it is the browser of the account that runs the server."""
        shown = cookies.get(COOKIE, "")
        return secrets.compare_digest(shown.encode(), self.session.encode()) and self.takes_token

    def check_origin(self, origin: str | None) -> None:
        """A socket is opened by our own page only: browsers send cookies along for any page, but say which it is."""
        if origin is None or origin.lower() not in {f"{self.scheme}://{name}" for name in self.names}:
            raise ClosedDoorError(403, "Another page tried to open the workbench. Nothing was shown to it.")

    @property
    def scheme(self) -> str:
        return urlsplit(self.origin).scheme


def door(host: str, port: int, public_url: str | None = None, *, takes_token: bool = True) -> Door:
    """Return the door of a server at an address; `public_url` is what a proxy in front of it is known as."""
    if public_url is not None:
        parts = urlsplit(public_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return Door(origin, frozenset([parts.netloc.lower()]), takes_token=takes_token)
    shown = f"[{host}]" if ":" in host else host
    names = {f"{shown}:{port}"}
    if is_loopback(host):
        names |= {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    return Door(f"http://{shown}:{port}", frozenset(name.lower() for name in names), takes_token=takes_token)


def is_loopback(host: str) -> bool:
    """Say whether an address can only be reached from this machine.

    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "192.168.1.4", "finance.example")]
    [True, True, True, False, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
