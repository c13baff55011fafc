"""The product's parts as the benchmarks use them: a real store file, real adapters, a loopback system."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import adapters
from adapters.base import Adapter, Connection
from finsync_tui import sync
from store import Store, open_store
from store.clock import SystemClock

CLOCK = SystemClock()


def store_at(folder: Path, name: str = "finsync.db") -> Store:
    return open_store(folder / name, CLOCK)


def oracle(url: str) -> Adapter:
    return _connect("oracle_fusion", "oracle", url, {"page_size": 500})


def coupa(url: str) -> Adapter:
    return _connect("coupa", "coupa", url, {})


def pull(store: Store, adapter: Adapter, entity: str) -> sync.Pulled:
    """Read one entity as the engine does."""

    async def run() -> sync.Pulled:
        try:
            return await sync.pull(store, adapter, sync.Pull(adapter.system, entity), CLOCK)
        finally:
            await adapter.aclose()

    result = asyncio.run(run())
    if result.error:
        raise SystemExit(f"the read failed: {result.error}")
    return result


class _Known:
    """Secrets of a system that asks for any."""

    def __call__(self, name: str) -> str:
        return f"secret-{name}"

    def put(self, name: str, value: str) -> None:
        raise AssertionError(f"no system of a benchmark gives a secret, and {name} was put")

    def account_key(self) -> bytes:
        return b"the key of the benchmarks' accounts"


def _connect(package: str, system: str, url: str, options: dict[str, Any]) -> Adapter:
    connection = Connection(
        adapter=package, base_url=url, options=options, requests_per_second=1_000_000, connections_max=32
    )
    made: Adapter = adapters.load(package).connect(system, connection, _Known(), CLOCK)
    return made
