"""Workday's endpoints: read, and health. Nothing is written to it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import NoReturn, Protocol

import httpx
import msgspec

from adapters import drift
from adapters.auth import Basic, TokenSource
from adapters.base import (
    Connection,
    Health,
    Manifest,
    Page,
    Receipt,
    Secrets,
    Translated,
    Untranslatable,
    WriteRequest,
)
from adapters.errors import AdapterError, SettingsError
from adapters.transport import Transport, bucket_for
from adapters.workday import failures, inbound, position, wire
from adapters.workday.auth import Tokens
from adapters.workday.gate import Gate
from adapters.workday.options import Options
from adapters.workday.position import Position
from store.clock import Clock


class Door(Protocol):
    """One of the ways in; all make the same records."""

    def read(self, entity: str, at: Position) -> AsyncIterator[Page]: ...

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]: ...

    async def ping(self) -> str: ...


class Workday:
    """One tenant."""

    def __init__(
        self,
        system: str,
        connection: Connection,
        options: Options,
        manifest: Manifest,
        secrets: Secrets,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.system = system
        self.manifest = manifest if options.transport == "soap" else _once_a_day_whole(manifest)
        self.options = options
        self._gate = Gate(clock, connection.connections_max or manifest.connections_max)
        auth: TokenSource | None = None
        if options.auth != "basic":
            auth = Tokens(system, connection, options, manifest, secrets, clock, transport)
        elif options.transport == "raas":
            auth = Basic(secrets)
        self._transport = Transport(
            system,
            connection,
            auth=auth,
            limiter=bucket_for(connection, manifest),
            clock=clock,
            transport=transport,
            connections_max=manifest.connections_max,
            classify=failures.classify,
        )
        self._door = self._opened(connection.pages_max, secrets, auth)

    @property
    def own_login(self) -> str | None:
        """Nobody changes Workday in our name."""
        return None

    async def read(self, entity: str, position_: str | None = None) -> AsyncIterator[Page]:
        """Walk all rows of `entity` changed since a position."""
        self._check(entity)
        async for page in self._door.read(entity, position.parse(self.system, position_)):
            yield page

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these records afresh."""
        self._check(entity)
        return await self._door.read_many(entity, external_ids)

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        """Turn rows into canonical records, in order."""
        self._check(entity)
        return inbound.translate(entity, rows, self.options)

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[drift.Drift]:
        """Say which columns came, went or changed their kind; of those that came only the names are known."""
        self._check(entity)
        read = [msgspec.json.decode(row, type=wire.Read[msgspec.Raw]) for row in rows[: drift.SAMPLE_MAX]]
        found = drift.notice(wire.SHAPES[entity], [bytes(one.row) for one in read], wire.ALWAYS[entity])
        came = sorted({name for one in read for name in one.left_out})
        return found + [
            drift.Drift("unknown", name, "a column that the adapter does not describe; nothing of it is kept")
            for name in came
        ]

    async def write(self, request: WriteRequest) -> Receipt:
        self._refuse(request)

    async def find(self, request: WriteRequest) -> Receipt | None:
        self._refuse(request)

    async def check_health(self) -> Health:
        """Sign in, look at the columns or count what is shown."""
        started = time.perf_counter()
        try:
            told = await self._door.ping()
        except AdapterError as error:
            return Health(False, error.message)
        return Health(True, told, round((time.perf_counter() - started) * 1000, 1))

    async def aclose(self) -> None:
        self._gate.forget_loop()
        await self._transport.aclose()

    def _opened(self, pages_max: int, secrets: Secrets, tokens: TokenSource | None) -> Door:
        """Open the way in that the options name. Each is loaded only where it is used."""
        page_size = self.options.page_size or self.manifest.page_size
        if self.options.transport == "soap":
            from adapters.workday.soap import WebServices

            return WebServices(
                self.system,
                self._transport,
                self._gate,
                self.options,
                secrets,
                tokens,
                page_size,
                pages_max,
            )
        from adapters.workday.reports import Reports

        return Reports(self.system, self._transport, self._gate, self.options, page_size)

    def _check(self, entity: str) -> None:
        if entity not in inbound.ENTITIES:
            known = ", ".join(sorted(inbound.ENTITIES))
            raise SettingsError(self.system, f"Workday has no entity {entity!r} to read. It has: {known}")

    def _refuse(self, request: WriteRequest) -> NoReturn:
        raise SettingsError(
            self.system, f"Workday takes no {request.operation}: it is the source, nothing is written to it"
        )


def _once_a_day_whole(manifest: Manifest) -> Manifest:
    """Return the manifest of a connection by reports: what takes effect on a day is found by reading everything on it."""
    whole = tuple(one.model_copy(update={"has_delta": False}) for one in manifest.capabilities)
    return manifest.model_copy(update={"capabilities": whole})
