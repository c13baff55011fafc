"""What journals, invoices, periods and import jobs need beyond a plain walk of one collection.

| entity | resource | walk |
| --- | --- | --- |
| journal_entry | `journalBatches` with headers and lines | by batch id, from a position in Oracle's time; a row a journal |
| invoice | `invoices`, open holds beside each | by id, from a position in Oracle's time |
| payment | `payablesPayments` with `relatedInvoices` | by id, from a position in Oracle's time |
| employee | `publicWorkers` with assignments and managers | by id, all |
| fiscal_period | `accountingPeriodStatusLOV` | each configured ledger, general ledger and Payables, whole |
| exchange_rate | `currencyRates` finder | each configured pair, whole |
| import_job | `erpintegrations` finders | by request id only |
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from adapters.base import Page, Translated
from adapters.broken import MARK
from adapters.oracle_fusion import inbound_finance, wire
from adapters.oracle_fusion import wire_finance as finance
from adapters.oracle_fusion.api import Api, Children, Params, one_of
from adapters.oracle_fusion.inbound_finance import invoice_status, journal_id
from adapters.oracle_fusion.jobs import Jobs
from adapters.oracle_fusion.options import Options
from adapters.paging import chunks
from store.clock import Clock

JOURNAL_TREE: Final[Children] = {"journalHeaders": {"journalLines": {}}}
INVOICE_TREE: Final[Children] = {"invoiceLines": {"invoiceDistributions": {}}, "invoiceInstallments": {}}
CODED_INVOICE_TREE: Final[Children] = {
    **INVOICE_TREE,
    "invoiceLines": {"invoiceDistributions": {}, "invoiceLineProjectDff": {}},
}
PAYMENT_TREE: Final[Children] = {"relatedInvoices": {}}
WORKER_TREE: Final[Children] = {"assignments": {"managers": {}}}
PERIODS: Final = "accountingPeriodStatusLOV"
NUMBERS_MAX: Final = 40
"""Invoice numbers in one filter: each may have fifty characters."""


def invoice_tree(options: Options) -> Children:
    """Return what is read of an invoice: with the coding of its projects where this company has any."""
    coding = options.project_coding
    return CODED_INVOICE_TREE if coding is not None and coding.is_read_back else INVOICE_TREE


class FinanceReads:
    """Reads of one instance that take more than one call."""

    def __init__(self, api: Api, options: Options, jobs: Jobs, clock: Clock) -> None:
        self._clock = clock
        self._api = api
        self._options = options
        self._jobs = jobs

    def journal_condition(self) -> str | None:
        """Return the filter for the journals that are read, None for all."""
        sources = self._options.journal_sources
        return one_of("UserJeSourceName", sources, is_number=False) if sources else None

    def journals(self, rows: Sequence[bytes]) -> list[bytes]:
        """Make a row of each journal: the header as it came, with its batch beside it."""
        found: list[bytes] = []
        for row in rows:
            batch = wire.decode_any(row)
            headers = batch.pop("journalHeaders", None) if isinstance(batch, dict) else None
            if not isinstance(batch, dict):
                found.append(row)
                continue
            held = headers.get("items", []) if isinstance(headers, dict) else (headers or [])
            if MARK in batch and not held:  # which journals it has can't be read
                found.append(row)
            for header in held:
                own = self._journal_id(batch, header)
                found.append(wire.encode({**header, "@id": own, "@batch": batch}))
        return found

    def _journal_id(self, batch: dict[str, Any], header: dict[str, Any]) -> str:
        name = self._options.journal_attributes.get("JeHeaderId", "JeHeaderId")
        return journal_id(batch.get("JeBatchId", ""), header.get(name, ""))

    async def with_holds(self, rows: Sequence[bytes]) -> list[bytes]:
        """Put beside each invoice that is neither validated nor cancelled what holds it."""
        resource = self._options.holds_resource
        if not resource:
            return list(rows)
        read = [_invoice(row) for row in rows]
        wanted = [one.InvoiceNumber for one in read if one and invoice_status(one) in ("on_hold", "draft")]
        holds: dict[str, list[Any]] = {}
        for part in chunks(list(dict.fromkeys(wanted)), NUMBERS_MAX):
            condition = one_of("InvoiceNumber", part, is_number=False)
            params = {"q": condition, "orderBy": "HoldId:asc", "onlyData": "true"}
            for row in await self._api.rows(resource, params):
                hold = wire.decode_any(row)
                holds.setdefault(str(hold.get("InvoiceNumber")), []).append(hold)
        found = []
        for row, one in zip(rows, read, strict=True):
            own = [hold for hold in holds.get(one.InvoiceNumber, []) if _is_of(hold, one)] if one else []
            found.append(b'%s,"@holds":%s}' % (row.rstrip()[:-1], wire.encode(own)) if own else row)
        return found

    async def periods(self, numbers: frozenset[str] | None = None) -> AsyncIterator[Page]:
        """Read the periods of each configured ledger, in the general ledger and in Payables."""
        wanted_applications = (self._options.ledger_application_id, self._options.payables_application_id)
        queries = [
            (access.ledger_id, application)
            for access in self._options.ledgers.values()
            for application in wanted_applications
            if application is not None
        ]
        for position, (ledger_id, application) in enumerate(queries, 1):
            params = {
                "q": f"LedgerId = {ledger_id} and ApplicationId = {application}",
                "orderBy": "StartDate:asc,PeriodNameId:asc",
                "onlyData": "true",
            }
            rows = await self._api.rows(PERIODS, params)
            wanted = [one for one in rows if numbers is None or self._period_number(one) in numbers]
            yield Page(wanted, None, position == len(queries))
        if not queries:
            yield Page([], None, True)

    def _period_number(self, row: bytes) -> str | None:
        try:
            read: Translated = inbound_finance.fiscal_period(row, self._options)
        except ValueError:
            return None
        return read.external_id

    async def rates(self) -> AsyncIterator[Page]:
        """Read the daily rates of each configured pair."""
        today, queries = self._clock.now().date(), self._options.exchange_rates
        for position, query in enumerate(queries, 1):
            finder = query.finder(today - timedelta(days=query.days), today)
            yield Page(await self._rates(finder), None, position == len(queries))
        if not queries:
            yield Page([], None, True)

    async def rates_of(self, numbers: Sequence[str]) -> list[bytes]:
        """Read single rates afresh: `FROM/TO/DATE/KIND`, as far as their pairs are configured."""
        found: list[bytes] = []
        for number in dict.fromkeys(numbers):
            source, target, day, kind = (number.split("/", 3) + [""] * 4)[:4]
            for query in self._options.exchange_rates:
                if (query.from_currency, query.to_currency, query.kind) == (source, target, kind):
                    on = date.fromisoformat(day)
                    found += await self._rates(query.finder(on, on))
                    break
        return found

    async def _rates(self, finder: str) -> list[bytes]:
        params: Params = {"finder": finder, "orderBy": "ConversionDate:asc", "onlyData": "true"}
        return await self._api.rows("currencyRates", params)

    async def jobs(self, request_ids: Sequence[str]) -> list[bytes]:
        return [await self._jobs.row(one) for one in dict.fromkeys(request_ids)]


def batch_ids(journal_ids: Sequence[str]) -> list[str]:
    """Return the batches that these journals lie in.

    >>> batch_ids(["7-8", "7-9", "x"])
    ['7', 'x']
    """
    return list(dict.fromkeys(one.partition("-")[0] for one in journal_ids))


def only_journals(rows: Sequence[bytes], journal_ids: Sequence[str]) -> list[bytes]:
    wanted = frozenset(journal_ids)
    return [row for row in rows if wire.decode_any(row).get("@id") in wanted]


def _invoice(row: bytes) -> finance.Invoice | None:
    """Read an invoice; one that does not fit is handed on all the same: translation says what is wrong with it."""
    try:
        return _decoder.decode(row)
    except msgspec.DecodeError:
        return None


def _is_of(hold: dict[str, Any], document: finance.Invoice) -> bool:
    return hold.get("BusinessUnit") in (None, document.BusinessUnit) and hold.get("Supplier") in (
        None,
        document.Supplier,
    )


_decoder = msgspec.json.Decoder(finance.Invoice)
