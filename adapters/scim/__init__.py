"""A directory that is a SCIM 2.0 server: users, groups, roles. See README.md for what is covered and what is peculiar."""

from __future__ import annotations

import httpx
from pydantic import ValidationError

import adapters
from adapters.base import Adapter, Connection, Secrets
from adapters.errors import SettingsError
from adapters.scim.client import Scim
from adapters.scim.options import Options
from store.clock import Clock

MANIFEST = adapters.manifest("scim")


def connect(
    system: str,
    connection: Connection,
    secrets: Secrets,
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Adapter:
    """Return the adapter of one directory. Nothing is sent and no secret is read yet."""
    try:
        options = Options.model_validate(connection.options)
    except ValidationError as error:
        raise SettingsError.of_options(system, error) from None
    return Scim(system, connection, options, MANIFEST, secrets, clock, transport)


__all__ = ["MANIFEST", "Options", "connect"]
