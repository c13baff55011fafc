"""Vendors of Concur Invoice, and budgets: read whole, there is no way to ask for changes only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import httpx
import msgspec

from adapters.answer import Answer
from adapters.base import Page
from adapters.broken import mended
from adapters.concur import ids, wire, wire_masters
from adapters.concur.inbound_masters import SEPARATOR
from adapters.concur.reading import decoded, decoded_or_none
from adapters.concur.session import Session
from adapters.errors import ProtocolError
from adapters.paging import Place, split_rows

VENDORS: Final = "/api/v3.1/invoice/vendors"
VENDORS_LIMIT: Final = 100
BUDGETS: Final = "/budget/v4/budgetItemHeader"
_PEOPLE: Final = ("owner", "budgetApprovers", "budgetManagers", "budgetViewers")

_Raws = dict[str, msgspec.Raw]


class _VendorPage(wire.Pascal):
    next_page: str | None = None
    items: list[msgspec.Raw] | None = None
    vendor: list[msgspec.Raw] | None = None


class Vendors:
    """The vendors of one company."""

    def __init__(self, session: Session, pages_max: int) -> None:
        self._session = session
        self._place = Place(session.system, VENDORS, pages_max)

    async def read(self) -> AsyncIterator[Page]:
        cursor: str | None = None
        count = 0
        while True:
            count += 1
            params: dict[str, str | int] = {"limit": VENDORS_LIMIT}
            if cursor is not None:
                params["offset"] = cursor
            answer = mended(
                await self._session.request("GET", VENDORS, params=params, is_write=False, expects=(200,))
            )
            following = _offset(answer)
            if following is not None and following == cursor:
                raise self._place.loop(count, "its next page is itself")
            yield Page(_vendors(answer), None, following is None)
            if following is None:
                return
            if count >= self._place.pages_max:
                raise self._place.too_many()
            cursor = following

    async def read_many(self, external_ids: Sequence[str]) -> list[bytes]:
        rows = []
        for external_id in dict.fromkeys(external_ids):
            code, _, address = external_id.partition(SEPARATOR)
            if not code:
                continue
            params: dict[str, str | int] = {"searchType": "exact", "vendorCode": code}
            if address:
                params["addressCode"] = address
            answer = await self._session.request(
                "GET", VENDORS, params=params, is_write=False, expects=(200, 404)
            )
            if answer.status == 200:
                rows += [row for row in _vendors(mended(answer)) if _key(row) == (code, address)]
        return rows


class Budgets:
    """The budgets of one company, one row for each period of each."""

    def __init__(self, session: Session, pages_max: int) -> None:
        self._session = session
        self._place = Place(session.system, BUDGETS, pages_max)

    async def read(self) -> AsyncIterator[Page]:
        """Walk the short list of budgets; the periods are only in each budget's own answer."""
        offset, count = 0, 0
        while True:
            count += 1
            params: dict[str, str | int] = {
                "adminView": "true",
                "offset": offset,
                "responseSchema": "COMPACT",
            }
            answer = mended(
                await self._session.request("GET", BUDGETS, params=params, is_write=False, expects=(200,))
            )
            heads = [
                decoded(self._session.system, raw, wire_masters.BudgetHeader, "a budget")
                for raw in split_rows(answer, "budgetItemHeaders")
            ]
            rows: list[bytes] = []
            for head in heads:
                rows += await self._periods(head.sync_guid or head.id or "")
            has_more = bool(heads) and bool(answer.decode(dict[str, Any]).get("next"))
            yield Page(rows, None, not has_more)
            if not has_more:
                return
            if count >= self._place.pages_max:
                raise self._place.too_many()
            offset += len(heads)

    async def read_many(self, external_ids: Sequence[str]) -> list[bytes]:
        """Read these afresh. A period is not found by its own id, so all are looked through."""
        wanted = set(external_ids)
        rows = []
        async for page in self.read():
            for row in page.rows:
                found = decoded_or_none(row, wire_masters.BudgetRow)
                if found and (found.detail.sync_guid or found.detail.id) in wanted:
                    rows.append(row)
        return rows

    async def _periods(self, budget_id: str) -> list[bytes]:
        if not ids.ID.fullmatch(budget_id):
            return []
        answer = await self._session.request(
            "GET", f"{BUDGETS}/{budget_id}", is_write=False, expects=(200, 404)
        )
        if answer.status == 404:
            return []
        answer = mended(answer)
        header = answer.decode(_Raws)
        details = (
            split_rows(answer, "budgetItemDetails")
            if wire.is_there(header.get("budgetItemDetails", b""))
            else []
        )
        kept = {name: raw for name, raw in header.items() if name not in (*_PEOPLE, "budgetItemDetails")}
        return [msgspec.json.encode({"header": kept, "detail": msgspec.Raw(raw)}) for raw in details]


def _vendors(answer: Answer) -> list[bytes]:
    page = answer.decode(_VendorPage)
    return split_rows(answer, "Items" if page.items is not None else "Vendor")


def _offset(answer: Answer) -> str | None:
    named = answer.decode(_VendorPage).next_page
    if not named:
        return None
    try:
        offset = str(httpx.URL(named).params.get("offset", ""))
    except httpx.InvalidURL:
        offset = ""
    if not offset or len(offset) > 4000:
        raise ProtocolError(
            answer.system,
            f"{answer.path} names a next page without an offset. What was read before is kept",
            status=answer.status,
        )
    return offset


def _key(row: bytes) -> tuple[str | None, str]:
    vendor = decoded_or_none(row, wire_masters.Vendor) or wire_masters.Vendor()
    return vendor.vendor_code, vendor.address_code or ""
