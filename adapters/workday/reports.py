"""Workday's reports as a service: one call gives all rows, and a prompt those that were touched since a moment.

What takes effect today was touched long ago, so everything is read once in each of the tenant's days, and what was touched in
between. Before each report its schema is asked for: it tells that the columns are those of our definition, and what time it was
there before the report ran.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.base import Page
from adapters.broken import mended
from adapters.errors import ProtocolError, Refusal, RejectedError
from adapters.judgement import server_time
from adapters.paging import split_rows
from adapters.transport import Transport
from adapters.workday import totals, wire
from adapters.workday.gate import Gate
from adapters.workday.options import Options
from adapters.workday.outbound import report_prompts
from adapters.workday.position import Position, Walk
from adapters.workday.rows import Row, by_key, hierarchy_parents, wrapped
from adapters.workday.safe_xml import UnsafeXmlError, parse
from adapters.workday.totals import Totals

BASE: Final = "/ccx/service/customreport2"
CHANGES: Final = "scheduled_change"
_INACTIVE: Final = frozenset({"0", "false"})
_TRUE: Final = frozenset({"1", "true"})


class Reports:
    """The reports of one tenant."""

    transport = "raas"

    def __init__(
        self, system: str, transport: Transport, gate: Gate, options: Options, page_size: int
    ) -> None:
        self._system = system
        self._transport = transport
        self._gate = gate
        self._options = options
        self._page_size = page_size
        self._zone = ZoneInfo(options.time_zone)

    async def read(self, entity: str, at: Position) -> AsyncIterator[Page]:
        """Walk the rows of an entity: everything on a day's first read, then what was touched since."""
        began = await self._began(entity)
        walk = at.walk
        if walk is None:
            today = began.astimezone(self._zone).date().isoformat()
            is_whole = entity == CHANGES or at.is_first or at.effective != today
            walk = Walk("whole" if is_whole else "entry", began.isoformat(), today)
        since = None
        if walk.stage == "entry":
            since = at.entered_since(timedelta(minutes=self._options.entry_overlap_minutes))
        rows, counted = await self._rows(entity, walk, since)
        self._check_totals(entity, at, walk, rows, counted)
        done = Position(
            entry=walk.now,
            effective=walk.today,
            rows=counted.rows if walk.stage == "whole" else at.rows,
            active=counted.active if walk.stage == "whole" else at.active,
        )
        rest = [(key, row) for key, row in rows if key > walk.after or not walk.after]
        for start in range(0, max(1, len(rest)), self._page_size):
            some = rest[start : start + self._page_size]
            is_last = start + self._page_size >= len(rest)
            behind = msgspec.structs.replace(
                at, walk=msgspec.structs.replace(walk, after=some[-1][0] if some else "")
            )
            yield Page([row for _, row in some], done.to_text() if is_last else behind.to_text(), is_last)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read single records: a report has no prompt for them, so it is run and the others are left."""
        began = await self._began(entity)
        walk = Walk("whole", began.isoformat(), began.astimezone(self._zone).date().isoformat())
        rows, _ = await self._rows(entity, walk, None)
        wanted = set(external_ids)
        return [row for key, row in rows if key in wanted]

    async def ping(self) -> str:
        """Look whether all three reports have our columns, and read what changed just now."""
        for entity in ("employee", "organisation", CHANGES):
            began = await self._began(entity)
        today = began.astimezone(self._zone).date()
        await self._run("employee", report_prompts(today, began))
        await self._run("organisation", report_prompts(today, began))
        return "sign-in and the columns of the three reports are fine"

    async def _began(self, entity: str) -> datetime:
        """Check the columns of a report; return the moment up to which a read that starts now is complete."""
        path = self._path(entity)
        answer = await self._get(path, {"xsd": ""})
        try:
            root = parse(answer.content)
        except UnsafeXmlError as error:
            raise answer.unreadable(str(error)) from None
        has = [
            one.attributes["name"] for one in root.walk() if one.tag == "element" and "name" in one.attributes
        ]
        missing = [one for one in wire.columns(entity) if one not in has]
        if missing:
            others = [one for one in has if one not in wire.columns(entity) and one != "Report_Entry"]
            told = f"; it has {', '.join(others[:10])}, which we do not know" if others else ""
            raise RejectedError(
                self._system,
                Refusal(
                    "CONFIGURATION",
                    f"the report {path.rpartition('/')[2]} has no column {', '.join(missing)}{told}. Nothing was read: what "
                    "stands in such a column would look empty. Give the column its alias again (docs/adapters/workday.md)",
                    details={"missing": missing, "unknown": others[:10]},
                ),
            )
        now = server_time(answer)
        if now is None:
            raise ProtocolError(
                self._system, f"the answer to GET {path} carries no Date: no read can go on from it"
            )
        return now - timedelta(seconds=self._options.settle_seconds)

    async def _rows(
        self, entity: str, walk: Walk, since: datetime | None
    ) -> tuple[list[tuple[str, bytes]], Totals]:
        """Run a report; return rows by their ids, and how many there were and are active."""
        prompts = (
            {"format": "json"} if entity == CHANGES else report_prompts(date.fromisoformat(walk.today), since)
        )
        found = await self._run(entity, prompts)
        types = wire.TYPES.get(entity)
        chosen = [one for one in found if types is None or str(one.get("Org_Type", "")).upper() in types]
        parents, codes = await self._helpers(entity, found, walk, since)
        rows = by_key(
            wire.KEYS[entity],
            [
                (one, wrapped(entity, one, walk, self.transport, resolved(entity, one, parents, codes)))
                for one in chosen
            ],
        )
        return rows, Totals(len(rows), sum(_is_active(entity, one) for one in chosen))

    async def _helpers(
        self, entity: str, found: Sequence[Row], walk: Walk, since: datetime | None
    ) -> tuple[Mapping[str, str] | None, Mapping[str, str] | None]:
        """Return nodes that count as parents, and codes of cost centres, where the options ask for them."""
        needs_tree = entity == "cost_centre" and self._options.cost_centre_tree is not None
        needs_codes = entity != "cost_centre" and self._options.cost_centre_key == "code"
        if not (needs_tree or needs_codes):
            return None, None
        is_here = entity in wire.TYPES and since is None
        today = date.fromisoformat(walk.today)
        everything = found if is_here else await self._run("organisation", report_prompts(today, None))
        tree = self._options.cost_centre_tree
        parents = hierarchy_parents(everything, tree) if needs_tree and tree is not None else None
        codes = {
            str(one["Org_ID"]): str(one["Org_Code"])
            for one in everything
            if str(one.get("Org_Type", "")).upper() == "COST_CENTER" and "Org_Code" in one and "Org_ID" in one
        }
        return parents, codes if needs_codes else None

    def _check_totals(
        self, entity: str, at: Position, walk: Walk, rows: Sequence[tuple[str, bytes]], now: Totals
    ) -> None:
        if entity == CHANGES:
            return
        before = Totals(at.rows, at.active)
        if walk.stage == "whole":
            totals.check(self._system, entity, before, now, self._options)
        else:
            totals.check_leaving(self._system, entity, before, len(rows) - now.active, self._options)

    async def _run(self, entity: str, prompts: Mapping[str, str]) -> list[Row]:
        answer = mended(await self._get(self._path(entity), prompts))
        rows = split_rows(answer, "Report_Entry")
        return [_decoded(answer, row) for row in rows]

    async def _get(self, path: str, params: Mapping[str, str]) -> Answer:
        async with self._gate.open():
            accept = {"Accept": "text/xml" if "xsd" in params else "application/json"}
            return await self._transport.request(
                "GET", path, params=params, headers=accept, is_write=False, is_private=True
            )

    def _path(self, entity: str) -> str:
        paths = self._options.reports
        report = paths.workers if entity == "employee" else paths.organizations
        return f"{BASE}/{self._options.tenant}/{paths.scheduled_changes if entity == CHANGES else report}"


def resolved(
    entity: str, row: Row, parents: Mapping[str, str] | None, codes: Mapping[str, str] | None
) -> dict[str, str | None]:
    """Return what other rows say of values in this one."""
    found: dict[str, str | None] = {}
    if parents is not None and entity == "cost_centre":
        nodes = [one for one in wire.values(row.get("Included_In_Org_IDs")) if one in parents]
        found["parent"] = nodes[0] if nodes else None
    if codes is not None:
        for column in ("Cost_Centre_ID", "Default_Cost_Centre_ID", "New_Cost_Centre_ID"):
            if column in row:
                found[column] = codes.get(str(row[column]))
    return found


def _is_active(entity: str, row: Row) -> bool:
    if entity == "employee":
        return str(row.get("Active", "")).strip().lower() not in _INACTIVE
    return str(row.get("Inactive", "")).strip().lower() not in _TRUE


def _decoded(answer: Answer, row: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(row, type=dict[str, Any])
    except UNREADABLE:
        raise answer.unreadable("one of its rows is no object") from None
