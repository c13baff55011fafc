"""What can be read, and how each collection is walked.

| entity | resource | walk |
| --- | --- | --- |
| supplier, project, requisition, purchase_order | `suppliers`, `projects`, `purchaseRequisitions`, `draftPurchaseOrders` | by id, from a position in Oracle's time |
| receipt | `receivingTransactionsHistory` | by id, from a position in Oracle's time |
| supplier_bank_account | `externalBankAccounts` | by id, all |
| ledger, account_combination, cost_centre | `ledgersLOV`, `accountCombinationsLOV`, values of a value set | by offset, all |
| budget | `ledgerBalances`, one configured query a row | each query whole |
| journals, invoices, payments, employees, periods, jobs | see `reads_finance` | |
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, NamedTuple, Protocol, cast

import msgspec

from adapters.answer import UNREADABLE
from adapters.base import Page
from adapters.errors import AdapterError, SettingsError, TransientError
from adapters.judgement import server_time
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Children, Params, expand, is_id, items, one_of
from adapters.oracle_fusion.inbound import redacted_bank_account
from adapters.oracle_fusion.jobs import Jobs
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.positions import Position, PositionError
from adapters.oracle_fusion.reads_finance import (
    JOURNAL_TREE,
    PAYMENT_TREE,
    WORKER_TREE,
    FinanceReads,
    batch_ids,
    invoice_tree,
    only_journals,
)
from adapters.oracle_fusion.reads_receiving import HISTORY, RECEIPTS_ONLY, at_dock
from adapters.oracle_fusion.value_sets import ValueSets
from adapters.paging import KeyedPage, OffsetPage, chunks, external_ids, walk_by_key, walk_by_offset
from store.clock import Clock, instant

IDS_MAX: Final = 100
"""Ids in one filter: keeps the address well below the 8 kB that gateways allow."""
ORDER_TREE: Final[Children] = {"lines": {"schedules": {"distributions": {}}}}
REQUISITION_TREE: Final[Children] = {"lines": {"distributions": {}}}
ISSUED_FIELDS: Final = (
    "POHeaderId,OrderNumber,Status,StatusCode,Revision,Total,Ordered,FundsStatus,LastUpdateDate"
)
_DATED: Final = {"invoice": "InvoiceDate", "payment": "PaymentDate"}
_DATED_BY_MOMENT: Final = {"receipt": "TransactionDate"}
SPLIT: Final = ("journal_entry", "receipt")
"""Entities whose rows are parts of what is walked, or only some of it: the keys of a page are not theirs."""
WHOLE: Final = ("budget", "fiscal_period", "exchange_rate")
"""Entities that are read by configured queries."""
_HAS_MORE = re.compile(rb'"hasMore"\s*:\s*true')


@dataclass(frozen=True, slots=True)
class Source:
    """One collection."""

    path: str
    key: str
    """A unique attribute: what the walk is ordered by."""
    updated: str | None = None
    """Attribute with the time of change, where the collection can be filtered by it."""
    children: Children = field(default_factory=dict)
    is_keyed: bool = False
    """True: ids are numbers that can be filtered by, so a page can ask for what comes after the last one."""
    only: str | None = None
    """A condition on what is read of it at all."""


_CHANGED: Final = "LastUpdateDate"


def source(entity: str, options: Options) -> Source | None:
    """Return how `entity` is read; None for those that are no plain collection."""
    is_keyed = entity not in options.offset_entities
    return {
        "supplier": Source(
            "suppliers",
            "SupplierId",
            _CHANGED,
            {"sites": {}, "addresses": {}, **_extensions("supplier", options)},
            is_keyed,
        ),
        "project": Source("projects", "ProjectId", _CHANGED, {}, is_keyed),
        "purchase_order": Source(
            "draftPurchaseOrders",
            "POHeaderId",
            _CHANGED,
            {**order_tree(options), **_extensions("purchase_order", options)},
            is_keyed,
        ),
        "requisition": Source(
            "purchaseRequisitions", "RequisitionHeaderId", _CHANGED, REQUISITION_TREE, is_keyed
        ),
        "receipt": Source(HISTORY, "TransactionId", _CHANGED, {}, is_keyed),
        "supplier_bank_account": Source(
            "externalBankAccounts", "BankAccountId", None, {"accountOwners": {}}, is_keyed
        ),
        "ledger": Source("ledgersLOV", "LedgerName"),
        "account_combination": Source("accountCombinationsLOV", options.combination_id_attribute),
        "cost_centre": Source("valueSets", "Value"),
        "journal_entry": Source("journalBatches", "JeBatchId", _CHANGED, JOURNAL_TREE, is_keyed),
        "invoice": Source(
            "invoices",
            "InvoiceId",
            _CHANGED,
            {**invoice_tree(options), **_extensions("invoice", options)},
            is_keyed,
        ),
        "payment": Source("payablesPayments", "CheckId", _CHANGED, PAYMENT_TREE, is_keyed),
        "employee": Source(f"{options.hcm_path}/publicWorkers", "PersonId", None, WORKER_TREE, is_keyed),
    }.get(entity)


def _extensions(entity: Literal["supplier", "purchase_order", "invoice"], options: Options) -> Children:
    """Return the children that are read of an entity only because regional extensions lie in them."""
    return {name: {} for name in options.extension_children.get(entity, ())}


def order_tree(options: Options) -> Children:
    """Return what is read of an order: with the coding of its projects where this company has any."""
    if options.project_coding is None or not options.project_coding.is_read_back:
        return ORDER_TREE
    return {"lines": {"schedules": {"distributions": {"projectDFF": {}}}}}


def _moments(name: str, first: date, last: date) -> str:
    """Return the condition on a moment; a day more on each side, as the day is that of the pod's own zone."""
    begins, ends = first - timedelta(days=1), last + timedelta(days=2)
    return f"{name} >= '{begins.isoformat()}T00:00:00+00:00' and {name} < '{ends.isoformat()}T00:00:00+00:00'"


@dataclass(frozen=True, slots=True)
class _Times:
    """What a page says about its rows, beside the rows."""

    server_time: datetime | None
    latest: datetime | None


class Reads:
    """Reads of one instance."""

    def __init__(
        self, api: Api, options: Options, jobs: Jobs, clock: Clock, account_key: Callable[[], bytes]
    ) -> None:
        self._api = api
        self._account_key = account_key
        self._options = options
        self._finance = FinanceReads(api, options, jobs, clock)
        self._overlap = timedelta(minutes=options.overlap_minutes)
        self._value_sets = ValueSets(api)

    async def read(self, entity: str, position: str | None) -> AsyncIterator[Page]:
        if entity in WHOLE:
            whole = {"budget": self._budgets, "fiscal_period": self._finance.periods}
            async for page in whole.get(entity, self._finance.rates)():
                yield page
            return
        found = await self._source(entity)
        walk = self._by_key if found.is_keyed else self._by_offset
        try:
            async for page in walk(entity, found, self._position(position) if found.updated else Position()):
                yield page
        except AdapterError:
            if entity == "cost_centre":
                self._value_sets.forget(self._options.cost_centre_value_set)
            raise

    async def read_window(self, entity: str, first: date, last: date) -> AsyncIterator[Page]:
        """Walk what is dated in these days."""
        if entity in _DATED:
            days = f"{_DATED[entity]} >= '{first.isoformat()}' and {_DATED[entity]} <= '{last.isoformat()}'"
        elif entity in _DATED_BY_MOMENT:
            days = _moments(_DATED_BY_MOMENT[entity], first, last)
        else:
            raise SettingsError(self._api.system, f"{entity} can't be asked for by its date in Oracle")
        found = replace(await self._source(entity), only=days)
        walk = self._by_key if found.is_keyed else self._by_offset
        async for page in walk(entity, found, Position()):
            yield Page(page.rows, None, page.is_last, page.keys)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        if entity == "budget":
            return [row async for page in self._budgets(frozenset(external_ids)) for row in page.rows]
        if entity == "fiscal_period":
            wanted_periods = frozenset(external_ids)
            return [row async for page in self._finance.periods(wanted_periods) for row in page.rows]
        if entity == "exchange_rate":
            return await self._finance.rates_of(external_ids)
        if entity == "import_job":
            return await self._finance.jobs(external_ids)
        found = await self._source(entity)
        if entity == "journal_entry":
            return only_journals(await self._many(entity, found, batch_ids(external_ids)), external_ids)
        return await self._many(entity, found, external_ids)

    async def _many(self, entity: str, found: Source, external_ids: Sequence[str]) -> list[bytes]:
        is_number = entity not in ("ledger", "cost_centre")
        wanted = [one for one in dict.fromkeys(external_ids) if is_id(one) or not is_number]
        rows: list[bytes] = []
        for part in chunks(wanted, IDS_MAX):
            condition = one_of(found.key, part, is_number=is_number)
            params = {**self._params(found), "q": condition}
            rows += await self._finished(entity, found, await self._api.rows(found.path, params))
        return rows

    async def _source(self, entity: str) -> Source:
        if entity == "import_job":
            raise SettingsError(self._api.system, "import jobs are read by the id of their request only")
        found = source(entity, self._options)
        if found is None:
            raise SettingsError(self._api.system, f"the adapter oracle_fusion does not read {entity!r}")
        if entity == "supplier_bank_account" and not self._options.reads_bank_accounts:
            raise SettingsError(
                self._api.system,
                "bank accounts are not read here; set reads_bank_accounts = true to allow it",
            )
        if entity == "cost_centre":
            return Source(
                f"{await self._value_sets.href(self._options.cost_centre_value_set)}/child/values",
                found.key,
            )
        return found

    def _position(self, text: str | None) -> Position:
        try:
            return Position.parse(text)
        except PositionError as error:
            raise SettingsError(
                self._api.system,
                f"{error}. `finsync sync {self._api.system} ENTITY --full` reads from the beginning",
            ) from None

    def _params(self, found: Source) -> dict[str, str | int]:
        params: dict[str, str | int] = {"onlyData": "true", "orderBy": f"{found.key}:asc"}
        if found.children:
            params["expand"] = expand(found.children)
        return params

    def _condition(self, entity: str, found: Source, start: Position) -> str | None:
        since = start.filter(found.updated, self._overlap) if found.updated else None
        own = self._finance.journal_condition() if entity == "journal_entry" else None
        if entity == "receipt":
            own = RECEIPTS_ONLY
        return " and ".join(one for one in (own, found.only, since) if one) or None

    async def _by_key(self, entity: str, found: Source, start: Position) -> AsyncIterator[Page]:
        base = {**self._params(found), "limit": self._api.page_size, "offset": 0}
        since = self._condition(entity, found, start)

        async def fetch(after: int) -> KeyedPage[bytes, _Times]:
            conditions = [since] if since else []
            if after:
                conditions.append(f"{found.key} > {after}")
            params = {**base, **({"q": " and ".join(conditions)} if conditions else {})}
            answer, envelope = await self._api.page(found.path, params)
            rows = items(envelope)
            stamps = _stamps(found.key, answer.content, rows)
            whole = await self._finished(entity, found, rows)
            return KeyedPage(
                whole, _numbers(stamps), not envelope.hasMore, _Times(server_time(answer), _latest(stamps))
            )

        spot = start
        async for page in walk_by_key(self._api.place(found.path), start.after or 0, fetch):
            spot = spot.begun(page.extra.server_time, page.extra.latest)
            if page.keys:
                spot = spot.moved(page.keys[-1], page.extra.latest)
            where = (spot.ended() if page.is_last else spot).text() if found.updated else None
            yield Page(page.rows, where, page.is_last, None if entity in SPLIT else external_ids(page))

    async def _by_offset(self, entity: str, found: Source, start: Position) -> AsyncIterator[Page]:
        """Walk by offset in the order of a unique attribute, each page beginning with the last row before it.

        When that row is not there, rows went away meanwhile and others slipped past us: the read starts again.
        Such a walk cannot be resumed, so only its end has a position.
        """
        base = {**self._params(found), "limit": self._api.page_size}
        condition = self._condition(entity, found, start)
        if condition:
            base["q"] = condition
        spot = start
        last: str | None = None

        async def fetch(offset: int) -> OffsetPage[bytes]:
            nonlocal spot, last
            overlap = 1 if offset else 0
            answer, envelope = await self._api.page(found.path, {**base, "offset": offset - overlap})
            rows = items(envelope)
            stamps = _stamps(found.key, answer.content, rows)
            keys = [None if stamp is None else str(stamp.key) for stamp in stamps]
            if overlap and (not keys or keys[0] != last):
                raise TransientError(
                    self._api.system,
                    f"rows of {found.path} went away while they were read; the read starts again",
                )
            if keys:
                last = keys[-1]
            if found.updated:
                latest = _latest(stamps)
                spot = spot.begun(server_time(answer), latest).moved(0, latest)
            whole = await self._finished(entity, found, rows[overlap:])
            ids = [key for key in keys[overlap:] if key is not None]
            return OffsetPage(
                whole, envelope.hasMore, keys=ids if len(ids) == len(whole) and entity not in SPLIT else None
            )

        async for _, page in walk_by_offset(self._api.place(found.path), 0, fetch):
            is_last = not page.has_more
            where = spot.ended().text() if is_last and found.updated else None
            yield Page(page.rows, where, is_last, page.keys)

    async def _finished(self, entity: str, found: Source, rows: Sequence[bytes]) -> list[bytes]:
        """Return the rows as they are handed on: children complete, an order beside its issued form, no accounts."""
        whole = [
            await self._whole(found, row) if found.children and _HAS_MORE.search(row) else row for row in rows
        ]
        if entity == "purchase_order":
            return await self._with_issued(whole)
        if entity == "journal_entry":
            return self._finance.journals(whole)
        if entity == "invoice":
            return await self._finance.with_holds(whole)
        if entity == "receipt":
            return await at_dock(self._api, whole)
        if entity == "supplier_bank_account":
            return [redacted_bank_account(row, self._account_key()) for row in whole]
        return whole

    async def _whole(self, found: Source, row: bytes) -> bytes:
        """Read a row with more children than an expanded answer holds once more, child by child."""
        stamp = _stamp(found.key, row)
        if stamp is None:
            return row
        params: Params = {
            "q": f"{found.key} = {stamp.key}",
            "orderBy": f"{found.key}:asc",
            "expand": expand(found.children),
            "links": "self",
        }
        again = await self._api.rows(found.path, params)
        if not again:
            return row  # gone meanwhile; what we have says so by itself (`hasMore`)
        document = await self._api.complete(wire.decode_any(again[0]), found.children)
        return wire.encode(_without_links(document))

    async def _with_issued(self, rows: Sequence[bytes]) -> list[bytes]:
        """Put beside each order what `purchaseOrders` says of it: revision, totals and status in force."""
        stamps = [_stamp("POHeaderId", row) for row in rows]
        ids = [str(one.key) if one else "" for one in stamps]
        issued: dict[str, bytes] = {}
        for part in chunks([one for one in ids if is_id(one)], IDS_MAX):
            params: Params = {
                "q": one_of("POHeaderId", part, is_number=True),
                "orderBy": "POHeaderId:asc",
                "fields": ISSUED_FIELDS,
                "onlyData": "true",
            }
            for row in await self._api.rows("purchaseOrders", params):
                stamp = _stamp("POHeaderId", row)
                if stamp is not None:
                    issued[str(stamp.key)] = row
        return [
            b'%s,"@issued":%s}' % (row.rstrip()[:-1], issued[key]) if key in issued else row
            for key, row in zip(ids, rows, strict=True)
        ]

    async def _budgets(self, names: frozenset[str] | None = None) -> AsyncIterator[Page]:
        """Read each configured query; its rows together are one document."""
        queries = [one for one in self._options.ledger_balances if names is None or one.name in names]
        for query in queries:
            rows = await self._api.rows("ledgerBalances", {"finder": query.finder, "onlyData": "true"})
            document = {"query": query.name, "items": [msgspec.Raw(row) for row in rows]}
            yield Page([wire.encode(document)], None, query is queries[-1])
        if not queries:
            yield Page([], None, True)


class _Stamp(Protocol):
    key: wire.Id
    updated: str | None


class _StampedPage(Protocol):
    items: list[_Stamp] | None


class _StampDecoders(NamedTuple):
    """Read ids and times of change of one row or of a whole page, and skip all the rest."""

    row: msgspec.json.Decoder[_Stamp]
    page: msgspec.json.Decoder[_StampedPage]


@cache
def _stamp_decoders(key: str) -> _StampDecoders:
    """Return the decoders for rows whose id is called `key`."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("key", wire.Id),
        ("updated", str | None, None),
    ]
    row = msgspec.defstruct("Stamp", fields, rename={"key": key, "updated": _CHANGED}, gc=False)
    page = msgspec.defstruct("StampedPage", [("items", list[row] | None, None)])  # type: ignore[valid-type]
    return _StampDecoders(
        msgspec.json.Decoder(cast("type[_Stamp]", row)),
        msgspec.json.Decoder(cast("type[_StampedPage]", page)),
    )


def _stamps(key: str, content: bytes, rows: Sequence[bytes]) -> Sequence[_Stamp | None]:
    """Return id and time of change of each row of a page, None for a row without an id.

    Such a row is handed on all the same: translation says what is wrong with it.
    """
    try:
        return _stamp_decoders(key).page.decode(content).items or ()
    except UNREADABLE:
        return [_stamp(key, row) for row in rows]


def _stamp(key: str, row: bytes) -> _Stamp | None:
    try:
        return _stamp_decoders(key).row.decode(row)
    except UNREADABLE:
        return None


def _numbers(stamps: Iterable[_Stamp | None]) -> list[int]:
    """Return the ids that are numbers, whether they came as numbers or as text."""
    return [int(one.key) for one in stamps if one is not None and is_id(str(one.key))]


def _latest(stamps: Iterable[_Stamp | None]) -> datetime | None:
    """Return the latest time of change; rows that were saved together share it."""
    times = []
    for updated in {one.updated for one in stamps if one is not None and one.updated}:
        with suppress(ValueError):
            times.append(instant(updated))
    return max(times, default=None)


def _without_links(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_links(one) for name, one in value.items() if name != "links"}
    if isinstance(value, list):
        return [_without_links(one) for one in value]
    return value
