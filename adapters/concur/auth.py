"""What Concur's token answers mean: where to go on, which token to keep, what to do about a refusal. No calls.

The address an answer moves us to is where the next secrets go, so it is taken only from hosts we expect.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Final

import httpx
import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.errors import AdapterError, CredentialsError, ProtocolError, SettingsError, TransientError

TOKEN_PATH: Final = "/oauth2/v0/token"  # noqa: S105
LIFETIME_DEFAULT_S: Final = 3600
LIFETIME_MAX_S: Final = 24 * 3600

MOVED: Final = 16
"""The principal lives in another data centre."""
WORN: Final = frozenset({103, 108})
"""The refresh token or code is bad or expired."""
_WRONG: Final = frozenset({5, 19, 64})
_DISABLED: Final = frozenset({10, 11, 12, 13, 14, 20, 59, 123, 139})
_NOT_CONNECTED: Final = frozenset({53, 61, 105, 136})
_SCOPE: Final = 54
_GRANT: Final = frozenset({60, 107})
_MALFORMED: Final = frozenset({51, 52, 62, 63, 65, 101, 102, 106, 109, 120, 135})


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What survives a process: the secret `session`, always written as a whole."""

    refresh_token: str = ""
    geolocation: str = ""
    made_with: str = ""
    """Fingerprint of the company request token that made it: a used one is not tried again."""

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()


class TokenAnswer(msgspec.Struct):
    """A token. `expires_in` comes as text or as a number."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int | None = None
    refresh_token: str | None = None
    geolocation: str | None = None

    @property
    def lifetime_s(self) -> int:
        return min(max(self.expires_in or LIFETIME_DEFAULT_S, 0), LIFETIME_MAX_S)


class TokenRefusal(msgspec.Struct):
    """A refusal of the token endpoint."""

    code: int | None = None
    error: str = ""
    error_description: str = ""
    geolocation: str | None = None


def parse_kept(system: str, text: str) -> Kept:
    """Read the secret `session`; its content is never repeated in an error."""
    try:
        return msgspec.json.decode(text.encode(), type=Kept)
    except UNREADABLE:
        raise CredentialsError(
            system,
            "the secret 'session' is not one that finsync wrote. Remove it with `finsync secrets remove "
            f"{system} session` and set a new company request token: `finsync secrets set {system} request_token`",
        ) from None


def fingerprint(request_token: str) -> str:
    """Return what tells one request token from another without being one."""
    return hashlib.sha256(request_token.encode()).hexdigest()[:16]


def read_token(answer: Answer) -> TokenAnswer:
    """Read a token; the answer's text is never repeated in an error, it may hold one."""
    try:
        token = msgspec.json.decode(answer.content, type=TokenAnswer, strict=False)
    except UNREADABLE:
        token = None
    is_usable = token is not None and token.access_token and token.access_token.isascii()
    if token is None or not is_usable or not token.access_token.isprintable():
        raise ProtocolError(
            answer.system,
            f"the token endpoint {answer.path} answered {answer.status} without a usable access_token. "
            "Check base_url: a login page answers like this",
            status=answer.status,
        )
    if token.token_type.lower() != "bearer":
        raise ProtocolError(answer.system, f"the token endpoint {answer.path} gave no bearer token")
    return token


def read_refusal(answer: Answer) -> TokenRefusal:
    """Read a refusal; a body that is none says nothing."""
    try:
        return msgspec.json.decode(answer.content, type=TokenRefusal, strict=False)
    except UNREADABLE:
        return TokenRefusal()


def refused(answer: Answer, refusal: TokenRefusal, clean_description: str) -> AdapterError | None:
    """Return what a refusal asks for; None when its code says nothing."""
    system, code = answer.system, refusal.code
    said = f"the token endpoint refused us with code {code}" + (
        f" ({clean_description})" if clean_description else ""
    )
    again = f"then `finsync secrets test {system}`"
    told: str | None = None
    if code in _WRONG:
        told = (
            "client id, client secret, company UUID or request token are wrong, or the request token is older "
            "than 24 hours. Set them again with "
            f"`finsync secrets set {system} NAME`, {again}"
        )
    elif code in _DISABLED:
        told = (
            "the application, the company or its principal is disabled, locked or barred from this address. "
            f"Have the Concur administrator release it, {again}"
        )
    elif code in _NOT_CONNECTED:
        told = (
            "the application is not connected to this company any more. Connect it again in the App Center, "
            f"set the new request token with `finsync secrets set {system} request_token`, {again}"
        )
    elif code in WORN:
        told = (
            "the refresh token is worn out or was replaced. Make a company request token (it lives 24 hours), "
            f"set it with `finsync secrets set {system} request_token`, {again}"
        )
    if told is not None:
        return CredentialsError(system, f"{said}: {told}", status=answer.status)
    if code == _SCOPE or code in _GRANT:
        what = "asked for more scopes than it has" if code == _SCOPE else "may not use this grant"
        return SettingsError(
            system,
            f"{said}: the application {what}. Have its scopes and grants extended",
            status=answer.status,
        )
    if code in _MALFORMED:
        return ProtocolError(
            system,
            f"{said}: a parameter is missing or malformed. Check that the secrets hold nothing but their "
            "value; if they do, report this as a defect of finsync",
            status=answer.status,
        )
    if answer.status in (400, 401, 403, 404):
        return CredentialsError(
            system,
            f"{said}. Look the code up in Concur's documentation of authentication",
            status=answer.status,
        )
    return None


def busy(answer: Answer) -> TransientError:
    """Return the error of a token endpoint that answered 5xx with a code we do not know."""
    return TransientError(
        answer.system, f"the token endpoint {answer.path} failed with {answer.status}", status=answer.status
    )


def trusted_base(text: str, base_url: str, domain_suffix: str) -> str | None:
    """Return the address to go on with, without its path; None when it is not one we follow.

    >>> trusted_base("https://eu2.api.concursolutions.com/oauth2/v0/token", "https://us2.api.concursolutions.com",
    ...     ".api.concursolutions.com")
    'https://eu2.api.concursolutions.com'
    >>> trusted_base("https://eu2.api.concursolutions.com.example.org", "https://us2.api.concursolutions.com",
    ...     ".api.concursolutions.com") is None
    True
    """
    try:
        url, own = httpx.URL(text), httpx.URL(base_url)
    except httpx.InvalidURL:
        return None
    if url.userinfo or not url.host or url.scheme not in ("http", "https"):
        return None
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    if (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port):
        return origin
    if _is_loopback(own.host):  # a simulator: it may move us on this machine, nowhere else
        return origin if _is_loopback(url.host) else None
    is_ours = url.scheme == "https" and url.port is None and url.host.endswith(domain_suffix)
    return origin if is_ours else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
