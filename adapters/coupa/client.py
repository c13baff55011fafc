"""Coupa's endpoints: read, write, find before a retry, health."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from adapters import drift
from adapters.answer import UNREADABLE, Answer
from adapters.auth import OAuthTokens
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
from adapters.coupa import bank, failures, inbound, outbound, position, resources, wire
from adapters.coupa.options import Options
from adapters.coupa.resources import LIMIT
from adapters.errors import AdapterError, Refusal, RejectedError, SettingsError
from adapters.judgement import server_time
from adapters.paging import KeyedPage, Place, chunks, external_ids, split_rows, walk_by_key
from adapters.transport import Transport, bucket_for
from store.clock import Clock

WRITE_BACK = "order.write_back"
_ORDERS = "/api/purchase_orders"
_ECHO_FIELDS = '["id","po_number","version","updated_at",{"custom_fields":{}}]'


_head = msgspec.json.Decoder(wire.RowHead).decode


class _Echo(wire.Wire):
    """What an order says of itself after a write."""

    id: int | None = None
    po_number: str | None = None
    version: int | None = None
    custom_fields: dict[str, Any] | None = None


class Coupa:
    """One Coupa instance."""

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
        self._pages_max = connection.pages_max
        limiter = bucket_for(connection, manifest)
        door = Transport(system, connection, auth=None, limiter=limiter, clock=clock, transport=transport)
        tokens = OAuthTokens(
            door,
            options.token_path,
            secrets,
            clock,
            scope=" ".join(options.scopes),
            settle_s=options.token_settle_s,
        )
        self._transport = Transport(
            system,
            connection,
            auth=tokens,
            limiter=limiter,
            clock=clock,
            transport=transport,
            connections_max=manifest.connections_max,
            classify=failures.classify,
        )

    @property
    def own_login(self) -> str | None:
        return self.options.own_login

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        """Walk all rows of `entity` changed since `position`, in order of id."""
        async for page in self._walk(entity, position):
            yield page

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these documents afresh, 50 a request."""
        source = resources.resource(self.system, entity, self.options)
        wanted = list(dict.fromkeys(i.partition("-")[0] for i in external_ids))
        rows: list[bytes] = []
        for part in chunks([i for i in wanted if i.isascii() and i.isdigit()], LIMIT):
            params: dict[str, str | int] = {
                "id[in]": ",".join(part),
                "limit": LIMIT,
                "fields": resources.fields(source.shape, self.options.segment_count),
            }
            answer = await self._transport.request("GET", source.path, params=params, is_write=False)
            rows += split_rows(answer)
        if source.row is not wire.BankAccount:
            return rows
        asked = set(external_ids)
        return [row for row in bank.redacted(rows) if msgspec.json.decode(row)["id"] in asked]

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        """Turn rows into canonical records, in order."""
        if entity not in inbound.TRANSLATORS:
            raise SettingsError(self.system, f"Coupa has no entity {entity!r}")
        return inbound.translate(entity, rows, self.options)

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[drift.Drift]:
        """Say which fields of these rows came, went or changed their kind."""
        source = resources.resource(self.system, entity, self.options)
        is_redacted = source.row is wire.BankAccount
        asked = () if is_redacted else resources.asked_names(source.shape, self.options.segment_count)
        return drift.notice(source.row, rows, asked)

    async def write(self, request: WriteRequest) -> Receipt:
        """Set custom fields of an order and verify that the answer shows them."""
        asked = self._custom_fields(request)
        path = f"{_ORDERS}/{_order_id(self.system, request)}"
        answer = await self._transport.request(
            "PUT",
            path,
            params={"fields": _ECHO_FIELDS},
            json=outbound.body(asked),
            is_write=True,
            expects=(200,),
        )
        echo = answer.decode(_Echo)
        if echo.custom_fields is None:  # an instance may answer with less than it was asked for
            echo = (await self._order(path)) or echo
        different = outbound.differences(asked, echo.custom_fields)
        if different:
            raise self._ignored(request, asked, different, answer)
        return _receipt(request, echo, asked)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether the order shows what `request` asks for."""
        asked = self._custom_fields(request)
        echo = await self._order(f"{_ORDERS}/{_order_id(self.system, request)}")
        if echo is None or outbound.differences(asked, echo.custom_fields):
            return None
        return replace(_receipt(request, echo, asked), was_found=True)

    async def check_health(self) -> Health:
        """Get a token and read one id."""
        started = time.perf_counter()
        try:
            answer = await self._transport.request(
                "GET", _ORDERS, params={"limit": 1, "fields": '["id"]'}, is_write=False
            )
            split_rows(answer)
        except AdapterError as error:
            return Health(False, error.message)
        return Health(True, "token and read are fine", round((time.perf_counter() - started) * 1000, 1))

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _walk(self, entity: str, stored: str | None) -> AsyncIterator[Page]:
        source = resources.resource(self.system, entity, self.options)
        at = position.parse(self.system, stored)
        params: dict[str, str | int] = {
            **resources.filters(entity, self.options),
            "order_by": "id",
            "dir": "asc",
            "limit": LIMIT,
            "fields": resources.fields(source.shape, self.options.segment_count),
        }
        asks_from = at.asks_from(timedelta(minutes=self.options.overlap_minutes))
        if asks_from:
            params["updated_at[gt_or_eq]"] = asks_from

        async def fetch(after: int) -> KeyedPage[bytes, _Times]:
            query = {**params, "id[gt]": after}
            answer = await self._transport.request("GET", source.path, params=query, is_write=False)
            return _keyed(answer)

        place = Place(self.system, source.path, self._pages_max)
        async for page in walk_by_key(place, at.after_id, fetch):
            at = at.begun(page.extra.said_at, page.extra.updated)
            at = at.advanced(page.keys[-1] if page.keys else at.after_id, page.extra.updated)
            where = (at.completed() if page.is_last else at).to_text()
            if source.row is wire.BankAccount:  # several accounts a row: their ids are made in `bank`
                yield Page(bank.redacted(page.rows), where, page.is_last)
            else:
                yield Page(page.rows, where, page.is_last, external_ids(page))

    async def _order(self, path: str) -> _Echo | None:
        answer = await self._transport.request(
            "GET", path, params={"fields": _ECHO_FIELDS}, is_write=False, expects=(200, 404)
        )
        return answer.decode(_Echo) if answer.status == 200 else None

    def _custom_fields(self, request: WriteRequest) -> dict[str, str]:
        if request.operation != WRITE_BACK:
            raise SettingsError(self.system, f"Coupa takes no {request.operation}; it takes {WRITE_BACK}")
        try:
            return outbound.write_back(request.body["fields"], self.options)
        except KeyError as error:
            raise SettingsError(
                self.system, f"no custom field is configured for {error}: add it to the option custom_fields"
            ) from None

    def _ignored(
        self, request: WriteRequest, asked: Mapping[str, str], shown: Mapping[str, str | None], answer: Answer
    ) -> RejectedError:
        told = "; ".join(
            f"{name} shows {'nothing' if value is None else repr(value)} instead of {asked[name]!r}"
            for name, value in shown.items()
        )
        refusal = Refusal(
            "WRITE_BACK_IGNORED",
            f"Coupa took the write to order {request.external_id} but ignored it: {told}. Make the custom "
            "field API-editable in Coupa's setup (or correct the option custom_fields), then retry",
            codes=tuple(shown),
            status=answer.status,
            details={"asked": dict(asked), "shown": dict(shown)},
        )
        return RejectedError(self.system, refusal)


@dataclass(frozen=True, slots=True)
class _Times:
    """What a page says about time: the server's clock, and when its rows changed."""

    said_at: datetime | None
    updated: list[datetime]


def _keyed(answer: Answer) -> KeyedPage[bytes, _Times]:
    """Split a page and read what paging needs of each row; a row without an id is for translation to
    refuse.
    """
    rows = split_rows(answer)
    keys: list[int] = []
    updated: list[datetime] = []
    for row in rows:
        try:
            head = _head(row)
        except UNREADABLE:
            continue
        keys.append(head.id)
        changed_at = position.moment(head.updated_at)
        if changed_at is not None:
            updated.append(changed_at)
    return KeyedPage(rows, keys, len(rows) < LIMIT, _Times(server_time(answer), updated))


def _receipt(request: WriteRequest, echo: _Echo, asked: Mapping[str, str]) -> Receipt:
    return Receipt(
        external_id=request.external_id,
        number=echo.po_number,
        revision=str(echo.version) if echo.version is not None else None,
        answer={"id": echo.id, "custom-fields": dict(asked)},
    )


def _order_id(system: str, request: WriteRequest) -> str:
    """Return the id as a path segment; anything but a number is not one of Coupa's."""
    if request.external_id is None or not (request.external_id.isascii() and request.external_id.isdigit()):
        raise SettingsError(system, f"{request.external_id!r} is not the id of a Coupa order")
    return request.external_id
