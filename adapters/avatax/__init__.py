"""Avalara AvaTax: tax determination. See README.md for what is covered and what is peculiar."""

from __future__ import annotations

import httpx
from pydantic import ValidationError

import adapters
from adapters.avatax.client import AvaTax
from adapters.avatax.options import Options
from adapters.base import Adapter, Connection, Secrets
from adapters.errors import SettingsError
from store.clock import Clock

MANIFEST = adapters.manifest("avatax")


def connect(
    system: str,
    connection: Connection,
    secrets: Secrets,
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Adapter:
    """Return the adapter of one account. Nothing is sent and no secret is read yet."""
    try:
        options = Options.model_validate(connection.options)
    except ValidationError as error:
        raise SettingsError.of_options(system, error) from None
    return AvaTax(system, connection, options, MANIFEST, secrets, clock, transport)


__all__ = ["MANIFEST", "Options", "connect"]
