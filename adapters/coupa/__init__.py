"""Coupa: procurement. See README.md for what is covered and what is peculiar."""

from __future__ import annotations

import httpx
from pydantic import ValidationError

import adapters
from adapters.base import Adapter, Connection, Secrets
from adapters.coupa.client import Coupa
from adapters.coupa.options import Options
from adapters.errors import SettingsError
from store.clock import Clock

MANIFEST = adapters.manifest("coupa")


def connect(
    system: str,
    connection: Connection,
    secrets: Secrets,
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Adapter:
    """Return the adapter of one instance. Nothing is sent and no secret is read yet."""
    try:
        options = Options.model_validate(connection.options)
    except ValidationError as error:
        raise SettingsError.of_options(system, error) from None
    return Coupa(system, connection, options, MANIFEST, secrets, clock, transport)


__all__ = ["MANIFEST", "Options", "connect"]
