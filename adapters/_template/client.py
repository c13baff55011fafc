"""The system's endpoints: read, write, find before a retry, health."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence

import httpx
import msgspec

from adapters import drift
from adapters._template import failures, inbound, outbound, wire
from adapters._template.options import Options
from adapters.answer import Answer
from adapters.auth import Basic
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
from adapters.broken import mended
from adapters.errors import AdapterError, Refusal, RejectedError, SettingsError
from adapters.paging import KeyedPage, Place, chunks, split_rows, walk_by_key
from adapters.transport import Transport, bucket_for
from store.clock import Clock

PATH = "/cost_centres"
WRITE_BACK = "order.write_back"


class Client:
    """One instance of the system."""

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
        self.manifest = manifest
        self.options = options
        self._place = Place(system, PATH, connection.pages_max)
        self._transport = Transport(
            system,
            connection,
            auth=Basic(secrets),
            limiter=bucket_for(connection, manifest),
            clock=clock,
            transport=transport,
            connections_max=manifest.connections_max,
            classify=failures.classify,
        )

    @property
    def own_login(self) -> str | None:
        return self.options.own_login

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        """Walk what changed since the last complete read, in order of id.

        The position holds the system's own change counter: where a system has only times, see
        `coupa/position.py`.
        """
        self._check(entity)
        at = json.loads(position) if position else {"since": 0}
        since, until = at["since"], at.get("until")

        async def fetch(after: int) -> KeyedPage[bytes, int]:
            params: dict[str, str | int] = {"changed_after": since, "after": after, "limit": self._limit}
            answer = await self._transport.request("GET", PATH, params=params, is_write=False)
            return self._keyed(answer)

        async for page in walk_by_key(self._place, at.get("after", 0), fetch):
            if until is None:  # what the first page knew of: later changes are for the next read
                until = page.extra
            last = page.keys[-1] if page.keys else 0
            behind = {"since": since, "until": until, "after": last}
            reached: Mapping[str, int] = {"since": until} if page.is_last else behind
            yield Page(page.rows, json.dumps(reached), page.is_last)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        self._check(entity)
        rows: list[bytes] = []
        for part in chunks(external_ids, self._limit):
            params = {"ids": ",".join(part)}
            answer = await self._transport.request("GET", PATH, params=params, is_write=False)
            rows += split_rows(mended(answer), "items")
        return rows

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        self._check(entity)
        return inbound.translate(rows)

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[drift.Drift]:
        self._check(entity)
        return drift.notice(wire.CostCentre, rows)

    async def write(self, request: WriteRequest) -> Receipt:
        body = outbound.write_back(self._fields(request))
        answer = await self._transport.request("PUT", self._order(request), json=body, is_write=True)
        shown = answer.decode(wire.Order)
        if shown.erp_number != body["erpNumber"]:
            raise RejectedError(
                self.system,
                Refusal(
                    "WRITE_BACK_IGNORED", f"order {request.external_id} does not show {body['erpNumber']}"
                ),
            )
        return Receipt(request.external_id, number=shown.erp_number)

    async def find(self, request: WriteRequest) -> Receipt | None:
        wanted = outbound.write_back(self._fields(request))["erpNumber"]
        path = self._order(request)
        answer = await self._transport.request("GET", path, is_write=False, expects=(200, 404))
        if answer.status == 404 or answer.decode(wire.Order).erp_number != wanted:
            return None
        return Receipt(request.external_id, number=wanted, was_found=True)

    async def check_health(self) -> Health:
        started = time.perf_counter()
        try:
            await self._transport.request("GET", PATH, params={"limit": 1}, is_write=False)
        except AdapterError as error:
            return Health(False, error.message)
        return Health(True, "login and read are fine", round((time.perf_counter() - started) * 1000, 1))

    async def aclose(self) -> None:
        await self._transport.aclose()

    @property
    def _limit(self) -> int:
        return self.manifest.page_size

    def _keyed(self, answer: Answer) -> KeyedPage[bytes, int]:
        """Split a page. Its envelope says up to which change it is complete; a row may be a stand-in for a broken one."""
        answer = mended(answer)
        rows = split_rows(answer, "items")
        keys = [msgspec.json.decode(row, type=wire.Order).id for row in rows]
        complete_to = answer.decode(_Envelope).complete_to
        return KeyedPage(rows, keys, len(rows) < self._limit, complete_to)

    def _check(self, entity: str) -> None:
        if entity != "cost_centre":
            raise SettingsError(self.system, f"there is no entity {entity!r} to read here, only cost_centre")

    def _fields(self, request: WriteRequest) -> Mapping[str, str]:
        if request.operation != WRITE_BACK:
            raise SettingsError(self.system, f"{request.operation} is not taken here, only {WRITE_BACK}")
        fields: Mapping[str, str] = request.body["fields"]
        return fields

    def _order(self, request: WriteRequest) -> str:
        if request.external_id is None or not request.external_id.isdecimal():
            raise SettingsError(self.system, f"{request.external_id!r} is not the id of an order")
        return f"/orders/{int(request.external_id)}"


class _Envelope(msgspec.Struct):
    complete_to: int = 0
