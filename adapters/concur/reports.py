"""Reports over a whole company, by the only list there is: the old one, read as everybody's.

Its dates move with the header only, so reports in open states are read again once in a while. Its next-links
name an old host: the offset is taken from them and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Final

import httpx

from adapters.answer import Answer
from adapters.base import Page
from adapters.concur import position, wire
from adapters.concur.inbound_parts import moment
from adapters.concur.options import Options
from adapters.concur.position import Position
from adapters.concur.reading import decoded, decoded_or_none
from adapters.concur.session import Session
from adapters.concur.walk import PageRead, walk_stages
from adapters.errors import ProtocolError
from adapters.judgement import server_time
from adapters.paging import Place, split_rows

REPORTS: Final = "/api/v3.0/expense/reports"
OPEN_STATES: Final = "A_FILE,A_PEND,A_PECO,A_PBDG,A_EXTV,A_PVAL,A_RHLD,A_AAFH,A_TEXP,A_ACCO,A_RESU"
OWNERS_MAX: Final = 100_000
_EVERYBODY: Final = "ALL"


class _Page(wire.Pascal):
    next_page: str | None = None


class Reports:
    """The report headers of one company."""

    def __init__(self, session: Session, options: Options, pages_max: int) -> None:
        self._session = session
        self._options = options
        self._place = Place(session.system, REPORTS, pages_max)
        self._shift = timedelta(minutes=options.report_time_offset_minutes)
        self._owners: dict[str, str] = {}
        """Whose report it is, as far as rows have told: a single report is only given to its owner."""

    async def read(self, stored: str | None) -> AsyncIterator[Page]:
        """Walk the reports changed since `stored`, then, when it is time, those in open states."""
        every = timedelta(hours=self._options.open_reports_every_hours)
        at = position.parse(self._session.system, stored)
        async for page in walk_stages(self._place, at, every, self._page):
            yield page

    async def read_many(self, external_ids: Sequence[str]) -> list[bytes]:
        """Read these reports afresh: by their owners where those are known, else by looking through all."""
        rows: list[bytes] = []
        unknown: set[str] = set()
        for external_id in dict.fromkeys(external_ids):
            owner = self._owners.get(external_id)
            if owner is None or not external_id.isalnum():
                unknown.add(external_id)
                continue
            answer = await self._session.request(
                "GET",
                f"{REPORTS}/{external_id}",
                params={"user": owner},
                is_write=False,
                expects=(200, 404),
            )
            if answer.status == 200:
                rows.append(answer.content)
        cursor: str | None = None
        count = 0
        while unknown:
            count += 1
            page = await self._page(Position(cursor=cursor))
            for row in page.rows:
                own_id = _head(row).id
                if own_id in unknown:
                    unknown.discard(own_id)
                    rows.append(row)
            if page.cursor is None or count >= self._place.pages_max:
                break
            if page.cursor == cursor:
                raise self._place.loop(count, "its next page is itself")
            cursor = page.cursor
        return rows

    async def status(self, report_id: str, owner: Any = None) -> str | None:
        """Return the approval status of one report now; its owner's login saves looking through all."""
        if owner:
            self._owners[report_id] = str(owner)
        for row in await self.read_many([report_id]):
            return (
                decoded(self._session.system, row, wire.Report, f"report {report_id}").approval_status_code
                or ""
            )
        return None

    async def _page(self, at: Position) -> PageRead:
        params: dict[str, str | int] = {"user": _EVERYBODY, "limit": self._options.reports_per_page}
        if at.stage == "open":
            params["approvalStatusCode"] = OPEN_STATES
        elif at.since is not None:
            since = at.since - timedelta(minutes=self._options.report_overlap_minutes)
            params["modifiedDateAfter"] = since.strftime("%Y-%m-%dT%H:%M:%S")
        if at.cursor is not None:
            params["offset"] = at.cursor
        answer = await self._session.request("GET", REPORTS, params=params, is_write=False, expects=(200,))
        rows = split_rows(answer, "Items")
        heads = [_head(row) for row in rows]
        for head in heads:
            if head.id and head.owner_login_id and len(self._owners) < OWNERS_MAX:
                self._owners[head.id] = head.owner_login_id
        said_at = server_time(answer)
        times = (moment(head.last_modified_date) for head in heads)
        return PageRead(
            rows,
            [one for one in times if one is not None],
            _cursor(answer),
            said_at + self._shift if said_at else None,
        )


def _head(row: bytes) -> wire.ReportHead:
    return decoded_or_none(row, wire.ReportHead) or wire.ReportHead()


def _cursor(answer: Answer) -> str | None:
    """Return the offset of the next page; the link itself leads to another host and is not followed."""
    named = answer.decode(_Page).next_page
    if not named:
        return None
    try:
        offset = httpx.URL(named).params.get("offset", "")
    except httpx.InvalidURL:
        offset = ""
    if not offset or len(offset) > 4000:
        raise ProtocolError(
            answer.system,
            f"{answer.path} names a next page without an offset. What was read before is kept",
            status=answer.status,
        )
    return str(offset)
