"""Workday's web services: pages as known at one moment and valid on one day, and a log of transactions.

A read of what changed makes two passes, in requests of their own: what was entered since the last one, and what takes effect
since then. The first shows a future move with the old data on the day it is entered; only the second comes back with it on its day.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.answer import Answer
from adapters.auth import TokenSource
from adapters.base import Page, Secrets
from adapters.errors import CredentialsError, ProtocolError
from adapters.paging import Place, chunks
from adapters.transport import Transport
from adapters.workday import failures, inbound_soap, outbound, totals, wire
from adapters.workday.gate import Gate
from adapters.workday.inbound_soap import Entry
from adapters.workday.options import Options
from adapters.workday.outbound import AsOf, Window
from adapters.workday.position import Position, Walk
from adapters.workday.rows import Row, hierarchy_parents, wrapped
from adapters.workday.safe_xml import Node, UnsafeXmlError, parse
from adapters.workday.totals import Totals

CHANGES: Final = "scheduled_change"
COUNT_MAX: Final = 999
_NODES: Final = ("COST_CENTER_HIERARCHY",)
_CENTRES: Final = ("COST_CENTER",)


@dataclass(frozen=True, slots=True)
class Found:
    """One page as it came: its records, and how many there are in all."""

    nodes: tuple[Node, ...]
    page: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class Helpers:
    """What other organisations say of values in a row; None: nobody asks."""

    parents: Mapping[str, str] | None = None
    codes: Mapping[str, str] | None = None


class WebServices:
    """The web services of one tenant."""

    transport = "soap"

    def __init__(
        self,
        system: str,
        transport: Transport,
        gate: Gate,
        options: Options,
        secrets: Secrets,
        tokens: TokenSource | None,
        page_size: int,
        pages_max: int,
    ) -> None:
        self._system = system
        self._transport = transport
        self._gate = gate
        self._options = options
        self._secrets = secrets
        self._tokens = tokens
        self._page_size = min(page_size, COUNT_MAX)
        self._path = f"/ccx/service/{options.tenant}/Human_Resources/{options.version}"
        self._place = Place(system, self._path, pages_max)

    async def read(self, entity: str, at: Position) -> AsyncIterator[Page]:
        """Walk an entity: everything when that is due, else what was entered and what takes effect since."""
        walk = at.walk or await self._begun(entity, at)
        stages = self._stages(entity, at, walk)
        if at.walk is None:
            walk = await self._checked(entity, at, msgspec.structs.replace(walk, stage=stages[0]))
        helpers = await self._helpers(entity, walk)
        for stage in stages[stages.index(walk.stage) :]:
            if stage != walk.stage:
                walk = msgspec.structs.replace(walk, stage=stage, page=1)
            is_last_stage = stage == stages[-1]
            previous: frozenset[str] = frozenset()
            while True:
                found = await self._page(entity, at, walk)
                self._check_page(walk, found, previous)
                read = await self._rows(entity, found, walk, helpers, previous)
                previous = frozenset(_wid(one) for one in found.nodes)
                is_end = walk.page >= found.pages
                walk = msgspec.structs.replace(walk, page=walk.page + 1)
                if is_end and is_last_stage:
                    yield Page(read, self._done(at, walk).to_text(), True)
                    return
                behind = walk
                if is_end:
                    following = stages[stages.index(stage) + 1]
                    behind = msgspec.structs.replace(walk, stage=following, page=1)
                yield Page(read, msgspec.structs.replace(at, walk=behind).to_text(), False)
                if is_end:
                    break
                if walk.page > self._place.pages_max:
                    raise self._place.too_many()

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read single records as they are now. Of an event only its worker's log tells: those ahead are looked through."""
        walk = msgspec.structs.replace(await self._begun(entity, Position()), stage="whole")
        if entity == CHANGES:
            found = [page async for page in self.read(entity, Position())]
            wanted = set(external_ids)
            return [row for page in found for row in page.rows if _event_in(row) in wanted]
        helpers = await self._helpers(entity, walk)
        rows: list[bytes] = []
        for part in chunks([one for one in external_ids if one], self._page_size):
            nodes = await self._referred(entity, part, self._as_of(walk))
            rows += [self._wrapped(entity, one, walk, helpers) for one in nodes]
        return rows

    async def ping(self) -> str:
        """Ask for the time, and count what may be seen: a constrained security group hides rows without a word."""
        walk = msgspec.structs.replace(await self._begun("employee", Position()), stage="whole")
        workers = await self._count("employee", walk)
        organisations = await self._count("organisation", walk)
        return (
            f"sign-in is fine; {workers.active:,} active workers and {organisations.rows:,} organisations are shown: does this "
            "look right?"
        )

    async def _begun(self, entity: str, at: Position) -> Walk:
        """Take the server's own time as the clock of this read."""
        answer = await self._call("Server_Timestamp_Get", outbound.server_timestamp(self._options.version))
        told = next((one.text for one in answer.walk() if one.tag == "Server_Timestamp_Data"), "")
        try:
            now = datetime.fromisoformat(told)
        except ValueError:
            now = None
        if now is None or now.tzinfo is None:
            raise ProtocolError(self._system, "Server_Timestamp_Get answered no moment with an offset")
        settled = now - timedelta(seconds=self._options.settle_seconds)
        return Walk("", settled.isoformat(), settled.date().isoformat())

    def _stages(self, entity: str, at: Position, walk: Walk) -> tuple[str, ...]:
        if entity == CHANGES:
            return ("ahead",) if at.is_first else ("entry",)
        due_on = timedelta(days=self._options.whole_every_days)
        is_due = not at.whole or date.fromisoformat(walk.today) >= date.fromisoformat(at.whole) + due_on
        return ("whole",) if at.is_first or is_due else ("entry", "effective")

    async def _checked(self, entity: str, at: Position, walk: Walk) -> Walk:
        """Count what may be seen before anything of it is stored."""
        if entity == CHANGES:
            return walk
        now = await self._count(entity, walk)
        totals.check(self._system, entity, Totals(at.rows, at.active), now, self._options)
        return msgspec.structs.replace(walk, rows=now.rows, active=now.active)

    async def _count(self, entity: str, walk: Walk) -> Totals:
        as_of = self._as_of(walk)
        types = wire.TYPES.get(entity)
        if types is not None:
            body = outbound.get_organizations(self._options.version, as_of, types, page=1, count=1)
            total = (await self._found("Get_Organizations", body, "Organization")).total
            return Totals(total, total)
        found = []
        for only_active in (False, True):
            body = outbound.get_workers(
                self._options.version, as_of, page=1, count=1, only_active=only_active, is_count=True
            )
            found.append((await self._found("Get_Workers", body, "Worker")).total)
        return Totals(found[0], found[1])

    def _done(self, at: Position, walk: Walk) -> Position:
        return Position(
            entry=walk.now,
            effective=walk.today,
            whole=walk.today if walk.stage == "whole" else at.whole,
            rows=walk.rows,
            active=walk.active,
        )

    async def _page(self, entity: str, at: Position, walk: Walk) -> Found:
        as_of, window, version = self._as_of(walk), self._window(at, walk), self._options.version
        types = wire.TYPES.get(entity)
        page, count = walk.page, self._page_size
        if types is not None:
            body = outbound.get_organizations(version, as_of, types, page=page, count=count, window=window)
            return await self._found("Get_Organizations", body, "Organization")
        body = outbound.get_workers(version, as_of, page=page, count=count, window=window)
        return await self._found("Get_Workers", body, "Worker")

    def _window(self, at: Position, walk: Walk) -> Window | None:
        today = date.fromisoformat(walk.today)
        if walk.stage == "entry":
            overlap = timedelta(minutes=self._options.entry_overlap_minutes)
            return Window("Updated", at.entered_since(overlap), datetime.fromisoformat(walk.now))
        if walk.stage == "effective":
            days = timedelta(days=self._options.effective_overlap_days)
            return Window("Effective", at.effective_since(days), today)
        if walk.stage == "ahead":
            days = timedelta(days=self._options.scheduled_days)
            return Window("Effective", today + timedelta(days=1), today + days)
        return None

    async def _rows(
        self, entity: str, found: Found, walk: Walk, helpers: Helpers, previous: frozenset[str]
    ) -> list[bytes]:
        """Return the rows of a page, without those that the page before ended with."""
        nodes = [one for one in found.nodes if _wid(one) not in previous]
        if entity == CHANGES:
            return await self._changes(nodes, walk, helpers)
        return [self._wrapped(entity, one, walk, helpers) for one in nodes]

    async def _changes(self, nodes: Sequence[Node], walk: Walk, helpers: Helpers) -> list[bytes]:
        """Return what waits for its day, and what of it was taken back; each worker is read once more as of that day."""
        today = date.fromisoformat(walk.today)
        waiting: list[tuple[Entry, dict[str, Any]]] = []
        for node in nodes:
            before = inbound_soap.worker(node)
            waiting += [
                (entry, before)
                for entry in inbound_soap.log(node)
                if entry.is_ahead_of(today) or entry.status != "SUCCESSFULLY_COMPLETED"
            ]
        standing = [(entry, before) for entry, before in waiting if entry.status == "SUCCESSFULLY_COMPLETED"]
        then: dict[tuple[str, str], dict[str, Any]] = {}
        for day in sorted({entry.effective_on for entry, _ in standing}):
            wids = [str(before["Worker_WID"]) for entry, before in standing if entry.effective_on == day]
            as_of = AsOf(datetime.fromisoformat(walk.now), date.fromisoformat(day))
            for part in chunks(list(dict.fromkeys(wids)), self._page_size):
                for node in await self._referred("employee", part, as_of):
                    then[_wid(node), day] = inbound_soap.worker(node)
        rows = []
        for entry, before in waiting:
            after = then.get((str(before.get("Worker_WID")), entry.effective_on))
            row = inbound_soap.change(entry, before, after)
            codes = (
                {"New_Cost_Centre_ID": helpers.codes.get(str(row.get("New_Cost_Centre_ID")))}
                if helpers.codes
                else {}
            )
            rows.append(wrapped(CHANGES, row, walk, self.transport, codes))
        return rows

    async def _referred(self, entity: str, wids: Sequence[str], as_of: AsOf) -> tuple[Node, ...]:
        """Read records by their ids; those that nobody knows are left out."""
        types, version = wire.TYPES.get(entity), self._options.version
        if types is not None:
            body = outbound.get_organizations(version, as_of, types, page=1, count=len(wids), wids=wids)
            found = await self._found("Get_Organizations", body, "Organization")
            return tuple(
                one for one in found.nodes if inbound_soap.organisation(one).get("Org_Type") in types
            )
        body = outbound.get_workers(version, as_of, page=1, count=len(wids), wids=wids)
        return (await self._found("Get_Workers", body, "Worker")).nodes

    def _wrapped(self, entity: str, node: Node, walk: Walk, helpers: Helpers) -> bytes:
        resolved: dict[str, str | None] = {}
        if entity == "employee":
            row = inbound_soap.worker(node)
            if self._options.cost_centre_key == "code" and "Cost_Centre_ID" in row:
                resolved["Cost_Centre_ID"] = inbound_soap.cost_centre_code(node)
        else:
            row = inbound_soap.organisation(node)
            if helpers.parents is not None:
                nodes = [one for one in row.get("Included_In_Org_IDs", ()) if one in helpers.parents]
                resolved["parent"] = nodes[0] if nodes else None
            if helpers.codes is not None and "Default_Cost_Centre_ID" in row:
                resolved["Default_Cost_Centre_ID"] = helpers.codes.get(row["Default_Cost_Centre_ID"])
        return wrapped(entity, row, walk, self.transport, resolved)

    async def _helpers(self, entity: str, walk: Walk) -> Helpers:
        parents = codes = None
        tree = self._options.cost_centre_tree
        if entity == "cost_centre" and tree is not None:
            parents = hierarchy_parents(await self._organisations(_NODES, walk), tree)
        if entity in ("organisation", CHANGES) and self._options.cost_centre_key == "code":
            rows = await self._organisations(_CENTRES, walk)
            codes = {str(one["Org_ID"]): str(one["Org_Code"]) for one in rows if "Org_Code" in one}
        return Helpers(parents, codes)

    async def _organisations(self, types: Sequence[str], walk: Walk) -> list[Row]:
        """Read all organisations of some types."""
        rows: list[Row] = []
        for page in range(1, self._place.pages_max + 1):
            body = outbound.get_organizations(
                self._options.version, self._as_of(walk), types, page=page, count=self._page_size
            )
            found = await self._found("Get_Organizations", body, "Organization")
            rows += [inbound_soap.organisation(one) for one in found.nodes]
            if page >= found.pages:
                return rows
        raise self._place.too_many()

    def _as_of(self, walk: Walk) -> AsOf:
        return AsOf(datetime.fromisoformat(walk.now), date.fromisoformat(walk.today))

    def _check_page(self, walk: Walk, found: Found, previous: frozenset[str]) -> None:
        if found.page != walk.page:
            raise self._place.loop(walk.page, f"it says that it is page {found.page}")
        wids = frozenset(_wid(one) for one in found.nodes)
        if wids and wids == previous:
            raise self._place.loop(walk.page, "it is the page before once more")
        if not wids and walk.page < found.pages:
            raise self._place.loop(walk.page, "it holds no rows, yet says there are more")

    async def _found(self, operation: str, body: str, record: str) -> Found:
        root = await self._call(operation, body)
        response = root.find(f"Body/{operation}_Response")
        results = response.find("Response_Results") if response is not None else None
        if response is None or results is None:
            raise ProtocolError(self._system, f"{operation}: the answer has no results")
        try:
            page, pages = int(results.value("Page") or 1), int(results.value("Total_Pages") or 0)
            total = int(results.value("Total_Results") or 0)
        except ValueError:
            raise ProtocolError(
                self._system, f"{operation}: the answer counts its pages in no numbers"
            ) from None
        return Found(tuple(response.all(f"Response_Data/{record}")), page, pages, total)

    async def _call(self, operation: str, body: str) -> Node:
        """Ask once; with another token once more, since web services refuse one that has ended with a fault, not a 401."""
        tokens = self._tokens
        if tokens is None:
            return await self._asked(operation, body)
        _, value = await tokens.header()
        try:
            return await self._asked(operation, body)
        except CredentialsError:
            await tokens.renew(value)
            return await self._asked(operation, body)

    async def _asked(self, operation: str, body: str) -> Node:
        user = None
        if self._options.auth == "basic":
            password = self._secrets("password")
            self._transport.hide((password,))
            user = (f"{self._secrets('user')}@{self._options.tenant}", password)
        async with self._gate.open():
            answer = await self._transport.request(
                "POST",
                self._path,
                headers={"Content-Type": "text/xml;charset=UTF-8", "Accept": "text/xml"},
                content=outbound.envelope(body, user),
                is_write=False,
                is_private=True,
                expects=(200, 500),
            )
            if answer.status == 500:
                raise failures.of_fault(answer, operation)
        return self._parsed(answer)

    def _parsed(self, answer: Answer) -> Node:
        try:
            return parse(answer.content)
        except UnsafeXmlError as error:
            raise answer.unreadable(str(error)) from None


def _wid(node: Node) -> str:
    """Return the id of a `Worker` or an `Organization`."""
    for name in ("Worker_Reference", "Organization_Reference"):
        for one in node.all(f"{name}/ID"):
            if one.attributes.get("type") == "WID":
                return one.text
    return ""


def _event_in(row: bytes) -> str:
    return msgspec.json.decode(row, type=wire.Read[wire.ChangeRow]).row.Event_WID or ""
