"""Concur's endpoints: read, write, find before a retry, health."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol

import httpx
import msgspec

from adapters import drift
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
from adapters.concur import fis, ids, inbound, lists, wire, wire_masters, wire_people
from adapters.concur.fis import FUNDS_CHECK, OF_REPORTS
from adapters.concur.list_writes import ListDesk
from adapters.concur.masters import Budgets, Vendors
from adapters.concur.options import Options
from adapters.concur.owners import Owners
from adapters.concur.people import People
from adapters.concur.provisioning import ProvisioningDesk
from adapters.concur.report_detail import ReportDetail
from adapters.concur.report_writes import ReportDesk
from adapters.concur.reports import Reports
from adapters.concur.session import Session
from adapters.concur.subscriptions import SubscriptionDesk
from adapters.concur.vendor_writes import VendorDesk
from adapters.errors import AdapterError, SettingsError
from store.clock import Clock, instant, text

_LIST_ROW: Final = (wire_masters.ListRow, ("list", "item"))
_SHAPES: Final[Mapping[str, tuple[type[msgspec.Struct], Sequence[str]]]] = {
    "expense_document": (wire.FisDocument, ("id", "docType", "docStatus", "document")),
    "expense_report": (wire.Report, ("ID", "Name", "Total", "CurrencyCode")),
    "employee": (wire_people.EmployeeRow, ("user",)),
    "cost_centre": _LIST_ROW,
    "project": _LIST_ROW,
    "account_combination": _LIST_ROW,
    "supplier": (wire_masters.Vendor, ("VendorCode", "VendorName")),
    "budget": (wire_masters.BudgetRow, ("header", "detail")),
}
"""What drift looks at, and the fields that can be missed when no row has them."""


_DOCUMENTED = {
    "expense_report": frozenset(
        [
            *[
                "URI",
                "CountrySubdivision",
                "UserDefinedDate",
                "ReceiptsReceived",
                "LastComment",
                "ApproverName",
                "ApprovalStatusName",
                "PaymentStatusName",
                "PersonalAmount",
                "TotalClaimedAmount",
                "PolicyID",
                "WorkflowActionUrl",
            ],
            *(f"OrgUnit{n}" for n in range(1, 7)),
            *(f"Custom{n}" for n in range(1, 21)),
        ]
    )
}
"""Members that a report is documented to have and that nothing here needs: no news when they come."""


class _Desk(Protocol):
    """Who does certain operations."""

    @property
    def operations(self) -> tuple[str, ...]: ...

    async def write(self, request: WriteRequest) -> Receipt: ...

    async def find(self, request: WriteRequest) -> Receipt | None: ...


class Concur:
    """One Concur company."""

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
        self._session = Session(system, connection, options, manifest, secrets, clock, transport)
        pages_max = connection.pages_max
        self._queues = fis.Queues(self._session, options, pages_max)
        self._people = People(self._session, options, pages_max)
        self._lists = lists.Lists(self._session, options, pages_max)
        owners = Owners(self._session, options, self._queues, self._people)
        detail = ReportDetail(self._session, options, owners, self._lists, pages_max)
        self._reports = Reports(self._session, options, owners, detail, pages_max)
        self._vendors = Vendors(self._session, pages_max)
        self._budgets = Budgets(self._session, pages_max)
        desks: tuple[_Desk, ...] = (
            self._queues,
            ReportDesk(self._session, options, self._reports),
            ListDesk(self._session, options, self._lists),
            ProvisioningDesk(self._session, options, self._people),
            SubscriptionDesk(self._session),
            VendorDesk(self._session, options, self._vendors),
        )
        self._desks = {operation: desk for desk in desks for operation in desk.operations}

    @property
    def own_login(self) -> str | None:
        return self.options.own_login

    @property
    def notices(self) -> dict[str, str]:
        """What Concur warned of since we began, by endpoint: what is deprecated, and until when it lives."""
        return dict(self._session.notices)

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        """Walk all rows of `entity` changed since `position`."""
        async for page in self._walk(entity, position):
            yield page

    async def read_taken(
        self, entity: str, position: str | None, is_known: Callable[[str], bool]
    ) -> AsyncIterator[Page]:
        """Walk the documents that were acknowledged in our name and are under way: their reports lead to them.

        Nothing leads to a cash advance or to the funds check of a request: Concur lists neither. They are read by their ids.
        """
        if entity != "expense_document":
            return
        if FUNDS_CHECK in self.options.document_types:
            async for ids_ in self._reports.under_approval():
                yield Page(await self._taken(ids_, (FUNDS_CHECK,), is_known), position, False)
        if not OF_REPORTS & set(self.options.document_types):
            return
        shift = timedelta(minutes=self.options.report_time_offset_minutes)
        since = instant(position) + shift if position else None
        async for some in self._reports.in_payment(since):
            rows = await self._taken(some.ids, sorted(OF_REPORTS), is_known)
            reached = text(some.began) if some.is_last and some.began is not None else position
            yield Page(rows, reached, some.is_last)

    async def _taken(
        self, report_ids: Sequence[str], doc_types: Sequence[str], is_known: Callable[[str], bool]
    ) -> list[bytes]:
        rows: list[bytes] = []
        for report_id in report_ids:
            if ids.ID.fullmatch(report_id) and not is_known(report_id):
                rows += await self._queues.taken(report_id, doc_types)
        return rows

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these documents afresh."""
        self._check(entity)
        if entity == "expense_document":
            return await self._queues.read_many(external_ids)
        if entity == "expense_report":
            return await self._reports.read_many(external_ids)
        if entity == "employee":
            return await self._people.read_many(external_ids)
        if entity == "supplier":
            return await self._vendors.read_many(external_ids)
        if entity == "budget":
            return await self._budgets.read_many(external_ids)
        return await self._lists.read_many(entity, external_ids)

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        """Turn rows into canonical records, in order."""
        self._check(entity)
        return inbound.translate(entity, rows, self.options)

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[drift.Drift]:
        """Say which fields of these rows came, went or changed their kind."""
        self._check(entity)
        shape, asked = _SHAPES[entity]
        known = _DOCUMENTED.get(entity, frozenset())
        return [
            one for one in drift.notice(shape, rows, asked) if one.kind != "unknown" or one.field not in known
        ]

    async def write(self, request: WriteRequest) -> Receipt:
        """Do it once."""
        return await self._desk(request).write(request)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether `request` has taken effect already."""
        return await self._desk(request).find(request)

    async def check_health(self) -> Health:
        """Get a token and look into the queue."""
        started = time.perf_counter()
        try:
            await self._queues.ping()
        except AdapterError as error:
            return Health(False, error.message)
        told = "token and queue are fine"
        for endpoint, warning in self.notices.items():
            told += f"; {endpoint} will change: {warning}"
        return Health(True, told, round((time.perf_counter() - started) * 1000, 1))

    async def aclose(self) -> None:
        await self._session.aclose()

    def _walk(self, entity: str, position: str | None) -> AsyncIterator[Page]:
        self._check(entity)
        if entity == "expense_document":
            return self._queues.read()
        if entity == "expense_report":
            return self._reports.read(position)
        if entity == "employee":
            return self._people.read(position)
        if entity == "supplier":
            return self._vendors.read()
        if entity == "budget":
            return self._budgets.read()
        return self._lists.read(entity)

    def _check(self, entity: str) -> None:
        if entity not in inbound.TRANSLATORS:
            known = ", ".join(sorted(inbound.TRANSLATORS))
            raise SettingsError(self.system, f"Concur has no entity {entity!r}. It has: {known}")

    def _desk(self, request: WriteRequest) -> _Desk:
        desk = self._desks.get(request.operation)
        if desk is None:
            known = ", ".join(sorted(self._desks))
            raise SettingsError(self.system, f"Concur takes no {request.operation}; it takes {known}")
        return desk
