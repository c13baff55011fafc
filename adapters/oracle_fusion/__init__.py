"""Oracle Fusion Cloud ERP: orders in and out, suppliers, ledger data. See README.md."""

from __future__ import annotations

import httpx

from adapters import manifest
from adapters.base import Connection, Secrets
from adapters.oracle_fusion import client
from adapters.oracle_fusion.options import Options
from store.clock import Clock

MANIFEST = manifest("oracle_fusion")


def connect(
    system: str,
    connection: Connection,
    secrets: Secrets,
    clock: Clock,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> client.OracleFusion:
    """Put an adapter for one instance together; nothing is sent yet. `transport` replaces the network in tests."""
    return client.connect(system, connection, secrets, clock, manifest=MANIFEST, transport=transport)


__all__ = ["MANIFEST", "Options", "connect"]
