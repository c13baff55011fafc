"""Reports over a whole company, by the only list there is: the old one, read as everybody's.

Its dates move with the header only, so reports in open states are read again once in a while. Single reports come
with their expenses; lists never do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.answer import Answer
from adapters.base import Page
from adapters.broken import mended
from adapters.concur import position, wire
from adapters.concur.inbound_parts import moment
from adapters.concur.options import Options
from adapters.concur.owners import Owners
from adapters.concur.position import Position
from adapters.concur.reading import decoded, decoded_or_none
from adapters.concur.report_detail import ReportDetail
from adapters.concur.session import Session
from adapters.concur.v3_pages import next_offset
from adapters.concur.walk import PageRead, walk_stages
from adapters.judgement import server_time
from adapters.paging import Place, split_rows

REPORTS: Final = "/api/v3.0/expense/reports"
OPEN_STATES: Final = "A_FILE,A_PEND,A_PECO,A_PBDG,A_EXTV,A_PVAL,A_RHLD,A_AAFH,A_TEXP,A_ACCO,A_RESU"
BEING_POSTED: Final = "P_PROC"
POSTED: Final = "P_PAID"
POSTED_WITHIN: Final = timedelta(days=92)
"""How far back a store that knows nothing looks for reports that are posted and may still be paid."""
_EVERYBODY: Final = "ALL"


@dataclass(frozen=True, slots=True)
class InPayment:
    """A page of reports whose documents may be under way."""

    ids: Sequence[str]
    began: datetime | None
    """The system's time when this walk began, where it says so."""
    is_last: bool


class Reports:
    """The reports of one company."""

    def __init__(
        self, session: Session, options: Options, owners: Owners, detail: ReportDetail, pages_max: int
    ) -> None:
        self._session = session
        self._options = options
        self._place = Place(session.system, REPORTS, pages_max)
        self._shift = timedelta(minutes=options.report_time_offset_minutes)
        self._owners = owners
        self._detail = detail

    async def read(self, stored: str | None) -> AsyncIterator[Page]:
        """Walk the reports changed since `stored`, then, when it is time, those in open states."""
        every = timedelta(hours=self._options.open_reports_every_hours)
        at = position.parse(self._session.system, stored)
        async for page in walk_stages(self._place, at, every, self._page):
            yield page

    async def read_many(self, external_ids: Sequence[str]) -> list[bytes]:
        """Read these reports afresh, with their expenses."""
        found = []
        for row in await self._headers(external_ids):
            head = _head(row)
            whole = row
            if head.id and head.owner_login_id and head.id.isalnum():
                whole = await self._detail.whole(head.id, head.owner_login_id, row) or row
            found.append(whole)
        return found

    async def _headers(self, external_ids: Sequence[str]) -> list[bytes]:
        """Return the headers: by their owners where those can be told, else by looking through the lists."""
        rows: list[bytes] = []
        unknown: set[str] = set()
        for external_id in dict.fromkeys(external_ids):
            owner = await self._owners.login(external_id)
            if owner is None:
                unknown.add(external_id)
            else:
                rows += await self._single(external_id, owner)
        for stage in ("open", "changed"):  # what is asked for by itself is mostly under way
            rows += await self._looked_for(unknown, Position(stage=stage))
        return rows

    async def _single(self, external_id: str, owner: str) -> list[bytes]:
        answer = await self._session.request(
            "GET", f"{REPORTS}/{external_id}", params={"user": owner}, is_write=False, expects=(200, 404)
        )
        if answer.status == 200:
            return [answer.content]
        self._owners.forget(
            external_id
        )  # it is gone, or its owner has another login now: asked afresh next time
        return []

    async def _looked_for(self, unknown: set[str], at: Position) -> list[bytes]:
        """Look for reports in a list, and take from `unknown` what is found."""
        rows: list[bytes] = []
        count = 0
        while unknown:
            count += 1
            page = await self._page(at)
            for row in page.rows:
                own_id = _head(row).id
                if own_id in unknown:
                    unknown.discard(own_id)
                    rows.append(row)
            if page.cursor is None or count >= self._place.pages_max:
                break
            if page.cursor == at.cursor:
                raise self._place.loop(count, "its next page is itself")
            at = msgspec.structs.replace(at, cursor=page.cursor)
        return rows

    async def in_payment(self, since: datetime | None) -> AsyncIterator[InPayment]:
        """Walk the ids of the reports that are being posted, whatever their age, then of those posted after `since`."""
        began: datetime | None = None
        for state in (BEING_POSTED, POSTED):
            params: dict[str, str | int] = {"paymentStatusCode": state}
            if state == POSTED:
                after = since or (began - POSTED_WITHIN if began is not None else None)
                if after is not None:
                    params["modifiedDateAfter"] = self._after(after)
            async for one in self._ids(params):
                began = began or one.began
                yield InPayment(one.ids, began, one.is_last and state == POSTED)

    async def under_approval(self) -> AsyncIterator[Sequence[str]]:
        """Walk the ids of the reports that somebody has yet to approve: their funds may have been asked for."""
        async for one in self._ids({"approvalStatusCode": OPEN_STATES}):
            yield one.ids

    async def _ids(self, params: Mapping[str, str | int]) -> AsyncIterator[InPayment]:
        cursor: str | None = None
        for _ in range(self._place.pages_max):
            answer = await self._list(dict(params), cursor)
            heads = [_head(row) for row in split_rows(answer, "Items")]
            following = next_offset(answer)
            yield InPayment([head.id for head in heads if head.id], server_time(answer), following is None)
            if following is None:
                return
            if following == cursor:
                raise self._place.loop(1, "its next page is itself")
            cursor = following
        raise self._place.too_many()

    async def status(self, report_id: str, owner: Any = None) -> str | None:
        """Return the approval status of one report now; its owner's login saves finding out whose it is."""
        if owner:
            self._owners.note(report_id, str(owner))
        for row in await self._headers([report_id]):
            return (
                decoded(self._session.system, row, wire.Report, f"report {report_id}").approval_status_code
                or ""
            )
        return None

    async def _page(self, at: Position) -> PageRead:
        params: dict[str, str | int] = {}
        if at.stage == "open":
            params["approvalStatusCode"] = OPEN_STATES
        elif at.since is not None:
            params["modifiedDateAfter"] = self._after(at.since)
        answer = mended(await self._list(params, at.cursor))
        rows = split_rows(answer, "Items")
        heads = [_head(row) for row in rows]
        for head in heads:
            self._owners.note(head.id, head.owner_login_id)
        said_at = server_time(answer)
        times = (moment(head.last_modified_date) for head in heads)
        return PageRead(
            rows,
            [one for one in times if one is not None],
            next_offset(answer),
            said_at + self._shift if said_at else None,
        )

    async def _list(self, asked: Mapping[str, str | int], cursor: str | None) -> Answer:
        """Ask for one page of everybody's reports."""
        params: dict[str, str | int] = {"user": _EVERYBODY, "limit": self._options.reports_per_page, **asked}
        if cursor is not None:
            params["offset"] = cursor
        return await self._session.request("GET", REPORTS, params=params, is_write=False, expects=(200,))

    def _after(self, since: datetime) -> str:
        """Return how the list is asked for what moved after `since`, and a little before."""
        before = since - timedelta(minutes=self._options.report_overlap_minutes)
        return before.strftime("%Y-%m-%dT%H:%M:%S")


def _head(row: bytes) -> wire.ReportHead:
    return decoded_or_none(row, wire.ReportHead) or wire.ReportHead()
