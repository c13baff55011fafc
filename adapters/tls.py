"""TLS contexts: one for all systems that trust the same certificates, because making one costs up to 70
ms.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import httpx

from adapters.errors import SettingsError


def context_for(system: str, ca_bundle: str | None, client_certificate: str | None) -> ssl.SSLContext:
    """Return the shared context. A private CA is trusted in addition to the public ones."""
    try:
        return _context(ca_bundle, client_certificate)
    except FileNotFoundError:
        named = " and ".join(p for p in (ca_bundle, client_certificate) if p)
        raise SettingsError(
            system, f"there is no such certificate file: {named}. Correct ca_bundle or client_certificate"
        ) from None
    except (ssl.SSLError, OSError) as error:
        named = " or ".join(p for p in (ca_bundle, client_certificate) if p)
        raise SettingsError(
            system, f"{named} cannot be used as PEM certificates ({error.strerror or type(error).__name__})"
        ) from None


@lru_cache(maxsize=32)
def _context(ca_bundle: str | None, client_certificate: str | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    if ca_bundle:
        context.load_verify_locations(cafile=ca_bundle)
    if client_certificate:
        context.load_cert_chain(client_certificate)
    return context


@contextmanager
def no_certificates_read() -> Iterator[None]:
    """Spare an import the contexts it makes for defaults that we never use: a quarter of a cycle that finds nothing.

    aiohttp makes two when it is imported, each with all certificates of the machine; every connection of ours is given its
    own. What is made in here trusts nobody, so whatever came to use it by mistake would be refused.
    """
    context, usual = ssl.SSLContext, ssl.create_default_context
    ssl.create_default_context = lambda *_, **__: context(ssl.PROTOCOL_TLS_CLIENT)
    context.set_default_verify_paths = lambda self: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        ssl.create_default_context = usual
        del context.set_default_verify_paths  # it is the base class's again
