"""One Oracle Fusion instance as the engine sees it: read, translate, write, find, check health."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from functools import cache, cached_property
from typing import TYPE_CHECKING

import httpx
import pydantic

from adapters import drift
from adapters.auth import Basic, OAuthTokens
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
from adapters.oracle_fusion import inbound
from adapters.oracle_fusion.api import Api, items
from adapters.oracle_fusion.failures import Judge
from adapters.oracle_fusion.jobs import Jobs
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.reads import Reads
from adapters.transport import TokenSource, Transport, bucket_for
from store.clock import Clock

if TYPE_CHECKING:
    from adapters.oracle_fusion.writes import Writes


class OracleFusion:
    """The adapter of one configured instance."""

    def __init__(
        self,
        system: str,
        manifest: Manifest,
        transport: Transport,
        options: Options,
        judge: Judge,
        api: Api,
        clock: Clock,
        account_key: Callable[[], bytes],
    ) -> None:
        self.system = system
        self.manifest = manifest
        self._options = options
        self._transport = transport
        self._api = api
        self._reads = Reads(api.for_reads(), options, Jobs(api, judge), clock, account_key)
        self._judge = judge
        self._clock = clock

    @cached_property
    def _writes(self) -> Writes:
        """What writes: loaded when something is written, since most cycles only read."""
        from adapters.oracle_fusion.writes import Writes

        return Writes(self._api, self._options, self._judge, self._clock)

    @property
    def own_login(self) -> str | None:
        return self._options.own_login

    def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        return self._reads.read(entity, position)

    def read_window(self, entity: str, first: date, last: date) -> AsyncIterator[Page]:
        return self._reads.read_window(entity, first, last)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        return await self._reads.read_many(entity, external_ids)

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        if entity not in inbound.TRANSLATORS:
            raise SettingsError(self.system, f"the adapter oracle_fusion does not translate {entity!r}")
        return [inbound.translate(entity, row, self._options) for row in rows]

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[drift.Drift]:
        """Say which attributes we rely on vanished or changed their kind.

        Pods show many more than we describe, and get new ones every quarter: strangers say nothing here.
        """
        shape = inbound.SHAPES.get(entity)
        if shape is None:
            return []
        found = drift.notice(shape, rows, drift.required(shape))
        return [one for one in found if one.kind != "unknown"]

    async def write(self, request: WriteRequest) -> Receipt:
        return await self._writes.write(request)

    async def find(self, request: WriteRequest) -> Receipt | None:
        return await self._writes.find(request)

    async def check_health(self) -> Health:
        """Read one ledger: proves address, credentials and the privilege to see anything at all."""
        started = time.perf_counter()
        try:
            _, page = await self._api.page(
                "ledgersLOV",
                {"limit": 1, "fields": "LedgerName", "onlyData": "true", "orderBy": "LedgerName:asc"},
            )
        except AdapterError as error:
            return Health(False, error.message)
        latency_ms = (time.perf_counter() - started) * 1000
        if not items(page):
            return Health(
                False,
                "the login is accepted but sees no ledger: give the integration user data access to its ledgers",
                latency_ms,
            )
        return Health(True, "reads ledgers", latency_ms)

    async def aclose(self) -> None:
        await self._transport.aclose()


def connect(
    system: str,
    connection: Connection,
    secrets: Secrets,
    clock: Clock,
    *,
    manifest: Manifest,
    transport: httpx.AsyncBaseTransport | None = None,
) -> OracleFusion:
    """Put an adapter together; nothing is sent yet. `transport` replaces the network in tests."""
    options = _options(system, connection)
    names = [options.cost_centre_value_set] if options.cost_centre_value_set else []
    judge = Judge(options.refusals, names)
    door = Transport(
        system,
        connection,
        auth=_auth(system, connection, options, secrets, clock, transport),
        limiter=bucket_for(connection, manifest),
        clock=clock,
        transport=transport,
        connections_max=manifest.connections_max,
        classify=judge,
    )
    judge.clean = door.clean
    api = Api(door, options, options.page_size or manifest.page_size, connection.pages_max)
    return OracleFusion(system, manifest, door, options, judge, api, clock, cache(secrets.account_key))


def _options(system: str, connection: Connection) -> Options:
    try:
        return Options.model_validate(connection.options)
    except pydantic.ValidationError as error:
        raise SettingsError.of_options(system, error) from None


def _auth(
    system: str,
    connection: Connection,
    options: Options,
    secrets: Secrets,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None,
) -> TokenSource:
    if options.auth == "basic":
        return Basic(secrets)
    if not options.token_url:
        raise SettingsError(
            system, f"auth = {options.auth!r} needs token_url, the token endpoint of the identity domain"
        )
    url = httpx.URL(options.token_url)
    origin = str(url.copy_with(path="/", query=None, fragment=None)).rstrip("/")
    door = Transport(
        system,
        connection.model_copy(update={"base_url": origin}),
        auth=None,
        limiter=bucket_for(connection, _one_a_second()),
        clock=clock,
        transport=transport,
    )
    return OAuthTokens(
        door, url.path, secrets, clock, grant=options.auth, scope=options.scope, client_in="basic"
    )


def _one_a_second() -> Manifest:
    """Return limits for a token endpoint, which is asked once an hour."""
    return Manifest(
        name="oracle_fusion", title="", roles=(), capabilities=(), credentials=(), requests_per_second=1.0
    )
