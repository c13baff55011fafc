"""A single report with its expenses: by v4, or by v3 where v4 is not granted. The list over a company stays cheap.

v4 gives a report to its owner only, named by id, and writes ids of list items where a document needs codes: both
are looked up here, once each. An itemized expense is read as its items, as the financial document has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from adapters.broken import mended
from adapters.concur import ids, wire_masters, wire_reports
from adapters.concur.lists import Lists
from adapters.concur.options import Options
from adapters.concur.owners import Owners
from adapters.concur.reading import decoded
from adapters.concur.session import Session
from adapters.concur.v3_pages import next_offset
from adapters.errors import ProtocolError
from adapters.paging import Place, split_rows

CONTEXT: Final = "/expensereports/v4/users/{}/context/TRAVELER/reports/{}"
SHORT: Final = "/expensereports/v4/reports/{}"
V3: Final = "/api/v3.0/expense"
V3_LIMIT: Final = 25
EXPENSES_MAX: Final = 2_000
CODES_MAX: Final = 50_000


class ReportDetail:
    """The expenses of single reports."""

    def __init__(
        self, session: Session, options: Options, owners: Owners, lists: Lists, pages_max: int
    ) -> None:
        self._session = session
        self._options = options
        self._owners = owners
        self._lists = lists
        self._pages_max = pages_max
        self._codes: dict[str, str] = {}
        """Codes of list items by their ids as fields write them."""

    async def whole(self, report_id: str, owner: str, report: bytes) -> bytes | None:
        """Return a report's header with its expenses; None: it is gone, or its owner is nobody we can see."""
        if self._options.report_detail == "none":
            return report
        if self._options.report_detail == "v3":
            return await self._by_v3(report_id, owner, report)
        user_id = await self._owners.user_id(owner)
        return None if user_id is None else await self._by_v4(report_id, user_id, report)

    # -- v4 ------------------------------------------------------------------------------------------

    async def _by_v4(self, report_id: str, user_id: str, report: bytes) -> bytes | None:
        base = CONTEXT.format(user_id, report_id)
        answer = await self._session.request("GET", base, is_write=False, expects=(200, 404))
        if answer.status == 404:
            return None
        header = answer.decode(wire_reports.Header)
        fields = list(header.custom_data or ())
        expenses = []
        for expense_id in await self._leaves(base):
            row, own = await self._expense(base, report_id, expense_id)
            expenses.append(row)
            fields += own
        return msgspec.json.encode(
            {
                "report": msgspec.Raw(report),
                "header": msgspec.Raw(answer.content),
                "expenses": expenses,
                "codes": await self._codes_of(fields),
            }
        )

    async def _leaves(self, base: str) -> list[str]:
        """Return the ids of the expenses, of an itemized one those of its items."""
        found: list[str] = []
        for one in await self._ids(f"{base}/expenses"):
            found += await self._ids(f"{base}/expenses/{one}/itemizations") or [one]
            if len(found) > EXPENSES_MAX:
                raise ProtocolError(
                    self._session.system,
                    f"{base} shows more than {EXPENSES_MAX:,} expenses. Nothing of it was taken over; show this to the "
                    "system's support",
                )
        return found

    async def _ids(self, path: str) -> list[str]:
        answer = await self._session.request("GET", path, is_write=False, expects=(200,))
        return [
            self._id(one.expense_id, "an expense", path) for one in answer.decode(list[wire_reports.Named])
        ]

    async def _expense(
        self, base: str, report_id: str, expense_id: str
    ) -> tuple[dict[str, Any], list[wire_reports.Field]]:
        path = f"{base}/expenses/{expense_id}"
        detail = await self._session.request("GET", path, is_write=False, expects=(200,))
        parts = await self._session.request("GET", f"{path}/allocations", is_write=False, expects=(200,))
        taxed = await self._session.request(
            "GET", f"{SHORT.format(report_id)}/expenses/{expense_id}/taxes", is_write=False, expects=(200,)
        )
        allocations = parts.decode(list[msgspec.Raw])
        fields = list(detail.decode(wire_reports.Named).custom_data or ())
        for raw in allocations:
            one = decoded(
                self._session.system, bytes(raw), wire_reports.Allocation, f"an allocation of {path}"
            )
            fields += one.custom_data or ()
        row = {
            "expense": msgspec.Raw(detail.content),
            "allocations": allocations,
            "taxes": taxed.decode(wire_reports.Taxes).expense_taxes or [],
        }
        return row, fields

    async def _codes_of(self, fields: Sequence[wire_reports.Field]) -> dict[str, str]:
        """Return the codes of the list items that fields name; an item that is gone has none."""
        found: dict[str, str] = {}
        for one in fields:
            value = wire_reports.as_text(one.value)
            # The link leads to the data centre's own name: of it only the id is taken, which may have hyphens that
            # the value has not.
            item_id = (one.list_item_url or "").rstrip("/").rpartition("/")[2]
            if not value or not ids.ID.fullmatch(item_id):
                continue
            if item_id not in self._codes:
                answer = await self._lists.item(item_id)
                code = answer.decode(wire_masters.ListItem).short_code if answer is not None else None
                if len(self._codes) >= CODES_MAX:
                    self._codes.clear()
                self._codes[item_id] = code or ""
            if self._codes[item_id]:
                found[value] = self._codes[item_id]
        return dict(sorted(found.items()))

    def _id(self, value: str | None, what: str, path: str) -> str:
        if value is None or not ids.ID.fullmatch(value):
            raise ProtocolError(
                self._session.system, f"{path} shows {what} without an id that can be asked for"
            )
        return value

    # -- v3 ------------------------------------------------------------------------------------------

    async def _by_v3(self, report_id: str, owner: str, report: bytes) -> bytes:
        rows: list[dict[str, Any]] = []
        asked = {"reportID": report_id, "user": owner}
        for entry in await self._pages("entries", asked):
            head = decoded(self._session.system, entry, wire_reports.EntryV3, "an expense")
            items = (
                await self._pages("itemizations", {**asked, "entryID": head.id or ""})
                if head.has_itemizations
                else []
            )
            for item in items:
                own = decoded(self._session.system, item, wire_reports.EntryV3, "an item of an expense")
                parts = await self._pages("allocations", {**asked, "itemizationID": own.id or ""})
                rows.append(_v3_row(item, entry, parts))
            if not items:
                parts = await self._pages("allocations", {**asked, "entryID": head.id or ""})
                rows.append(_v3_row(entry, None, parts))
        return msgspec.json.encode({"report": msgspec.Raw(report), "entries": rows})

    async def _pages(self, kind: str, asked: dict[str, str]) -> list[bytes]:
        path = f"{V3}/{kind}"
        place = Place(self._session.system, path, self._pages_max)
        rows: list[bytes] = []
        offset: str | None = None
        count = 0
        while True:
            params: dict[str, str | int] = {**asked, "limit": V3_LIMIT}
            if offset is not None:
                params["offset"] = offset
            answer = mended(
                await self._session.request("GET", path, params=params, is_write=False, expects=(200,))
            )
            rows += split_rows(answer, "Items")
            following = next_offset(answer)
            count += 1
            if following is None:
                return rows
            if following == offset:
                raise place.loop(count, "its next page is itself")
            if count >= self._pages_max or len(rows) > EXPENSES_MAX:
                raise place.too_many()
            offset = following


def _v3_row(entry: bytes, parent: bytes | None, allocations: Sequence[bytes]) -> dict[str, Any]:
    return {
        "entry": msgspec.Raw(entry),
        "parent": None if parent is None else msgspec.Raw(parent),
        "allocations": [msgspec.Raw(one) for one in allocations],
    }
