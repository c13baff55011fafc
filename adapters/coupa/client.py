"""Coupa's endpoints: read, write, find before a retry, health."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import httpx
import msgspec

from adapters import drift
from adapters.answer import UNREADABLE, Answer
from adapters.auth import OAuthTokens
from adapters.base import (
    BankDetails,
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
from adapters.coupa import bank, failures, inbound, position, resources, wire
from adapters.coupa.door import Door
from adapters.coupa.options import Options
from adapters.coupa.resources import LIMIT
from adapters.errors import AdapterError, Refusal, RejectedError, SettingsError
from adapters.judgement import server_time
from adapters.paging import KeyedPage, Place, chunks, external_ids, split_rows, walk_by_key
from adapters.transport import Transport, bucket_for
from store.clock import Clock

_ORDERS = "/api/purchase_orders"
_DATED = {"invoice": "invoice_date", "receipt": "transaction_date"}

_head = msgspec.json.Decoder(wire.RowHead).decode
_heads = msgspec.json.Decoder(list[wire.RowHead]).decode


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
        self._account_key = cache(secrets.account_key)
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
        self._door = Door(system, self._transport, options, clock)

    @property
    def own_login(self) -> str | None:
        return self.options.own_login

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        """Walk all rows of `entity` changed since `position`, in order of id."""
        async for page in self._walk(entity, position):
            yield page

    async def read_window(self, entity: str, first: date, last: date) -> AsyncIterator[Page]:
        """Walk what is dated in these days; a day more on each side, as Coupa's dates are moments in its own zone."""
        if entity not in _DATED:
            raise SettingsError(self.system, f"{entity} can't be asked for by its date in Coupa")
        days = timedelta(days=1)
        conditions = {
            f"{_DATED[entity]}[gt_or_eq]": (first - days).isoformat(),
            f"{_DATED[entity]}[lt]": (last + 2 * days).isoformat(),
        }
        async for page in self._phase(entity, position.parse(self.system, None), conditions):
            yield Page(page.rows, None, page.is_last, page.keys)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these documents afresh, 50 a request."""
        source = resources.resource(self.system, entity, self.options)
        wanted = list(dict.fromkeys(i.partition("-")[0] for i in external_ids))
        rows: list[bytes] = []
        for part in chunks([i for i in wanted if i.isascii() and i.isdigit()], LIMIT):
            params: dict[str, str | int] = {
                "id[in]": ",".join(part),
                "limit": LIMIT,
                "fields": resources.fields(
                    source.shape, self.options.segment_count, resources.extras(entity, self.options)
                ),
            }
            rows += split_rows(await self._read_rows(source, params))
        if source.row is not wire.BankAccount:
            return rows
        asked = set(external_ids)
        return [
            row for row in bank.redacted(rows, self._account_key()) if msgspec.json.decode(row)["id"] in asked
        ]

    async def reveal_account(self, external_id: str) -> BankDetails | None:
        """Return the details of a bank account as its supplier's profile has them now."""
        source = resources.resource(self.system, "supplier_bank_account", self.options)
        profile_id = external_id.partition("-")[0]
        if not (profile_id.isascii() and profile_id.isdigit()):
            return None
        fields = resources.fields(source.shape, self.options.segment_count, ())
        params: dict[str, str | int] = {"id[in]": profile_id, "limit": 1, "fields": fields}
        answer = await self._transport.request(
            "GET", source.path, params=params, is_write=False, is_private=True
        )
        try:
            found = [bank.revealed(row, external_id, self._account_key()) for row in split_rows(answer)]
        except UNREADABLE:  # its text may hold the number, so none of it goes on
            raise RejectedError(
                self.system, Refusal("PAYLOAD_INVALID", f"the profile of account {external_id} can't be read")
            ) from None
        return found[0] if found else None

    def gone(self, entity: str, row: bytes, whole: bytes) -> bytes:
        """Return what is held of a bank account as one that its supplier's profile does not show any more."""
        return bank.deleted(row, whole)

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
        found = drift.notice(source.row, rows, asked)
        extra = {name.replace("_", "-") for name in self.options.extra_fields.get(entity, ())}
        return [one for one in found if not (one.kind == "unknown" and one.field in extra)]

    async def write(self, request: WriteRequest) -> Receipt:
        """Do it once, and verify that Coupa shows it."""
        from adapters.coupa import writes  # loaded when something is written: most cycles only read

        return await writes.desk(self._door, request.operation).write(request)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether Coupa shows what `request` asks for."""
        from adapters.coupa import writes

        return await writes.desk(self._door, request.operation).find(request)

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

    async def _read_rows(self, source: resources.Resource, params: Mapping[str, str | int]) -> Answer:
        """Read a page; of rows that are broken it holds stand-ins."""
        is_private = source.row is wire.BankAccount
        return mended(
            await self._transport.request(
                "GET", source.path, params=params, is_write=False, is_private=is_private
            )
        )

    async def _walk(self, entity: str, stored: str | None) -> AsyncIterator[Page]:
        at = position.parse(self.system, stored)
        if self.options.export_flag != "off" and entity in resources.EXPORTED:
            at = at.queued()
        if at.is_queue:
            async for page in self._phase(entity, at, {"exported": "false"}):
                yield page
            at = at.swept()
        asks_from = at.asks_from(timedelta(minutes=self.options.overlap_minutes))
        conditions = {"updated_at[gt_or_eq]": asks_from} if asks_from else {}
        async for page in self._phase(entity, at, conditions):
            yield page

    async def _phase(
        self, entity: str, at: position.Position, conditions: Mapping[str, str]
    ) -> AsyncIterator[Page]:
        """Walk the rows that meet `conditions`, from where `at` stands; the queue does not end a read.

        The queue shrinks while documents are marked, which keys do not mind: what is left keeps its id.
        """
        source = resources.resource(self.system, entity, self.options)
        params: dict[str, str | int] = {
            **resources.filters(entity, self.options),
            "order_by": "id",
            "dir": "asc",
            "limit": LIMIT,
            "fields": resources.fields(
                source.shape, self.options.segment_count, resources.extras(entity, self.options)
            ),
        }
        params |= conditions

        async def fetch(after: int) -> KeyedPage[bytes, _Times]:
            query = {**params, "id[gt]": after}
            return _keyed(await self._read_rows(source, query))

        place = Place(self.system, source.path, self._pages_max)
        async for page in walk_by_key(place, at.after_id, fetch):
            at = at.begun(page.extra.said_at, page.extra.updated)
            at = at.advanced(page.keys[-1] if page.keys else at.after_id, page.extra.updated)
            is_last = page.is_last and not at.is_queue
            where = (at.completed() if is_last else at).to_text()
            if source.row is wire.BankAccount:  # several accounts a row: their ids are made in `bank`
                rows = bank.redacted(page.rows, self._account_key())
                yield Page(rows, where, is_last, wholes=bank.wholes(page.rows))
            else:
                yield Page(page.rows, where, is_last, external_ids(page))


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
    heads = _heads_of(answer, rows)
    changed = {head.updated_at for head in heads}  # rows that were saved together share it
    updated = [moment for moment in map(position.moment, changed) if moment is not None]
    keys = [head.id for head in heads]
    return KeyedPage(rows, keys, len(rows) < LIMIT, _Times(server_time(answer), updated))


def _heads_of(answer: Answer, rows: Sequence[bytes]) -> list[wire.RowHead]:
    try:
        return _heads(answer.content)
    except UNREADABLE:
        return [head for head in map(_head_or_none, rows) if head is not None]


def _head_or_none(row: bytes) -> wire.RowHead | None:
    try:
        return _head(row)
    except UNREADABLE:
        return None
