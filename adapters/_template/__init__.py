"""An adapter to copy: a small REST system with cost centres to read and an order number to write back."""

from __future__ import annotations

import httpx
from pydantic import ValidationError

from adapters import manifest
from adapters._template.client import Client
from adapters._template.options import Options
from adapters.base import Adapter, Connection, Secrets
from adapters.errors import SettingsError
from store.clock import Clock

MANIFEST = manifest("_template")


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
    return Client(system, connection, options, MANIFEST, secrets, clock, transport)


__all__ = ["MANIFEST", "Options", "connect"]
