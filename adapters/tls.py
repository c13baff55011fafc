"""TLS contexts: one for all systems that trust the same certificates, because making one costs up to 70
ms.
"""

from __future__ import annotations

import ssl
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
