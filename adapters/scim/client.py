"""A directory's endpoints: users and groups to read, by filter where it can be asked for what changed. Nothing is ever written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from adapters import drift
from adapters.answer import Answer
from adapters.auth import Basic, OAuthTokens, StaticHeader
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
from adapters.broken import mended
from adapters.errors import AdapterError, ProtocolError, RejectedError, SettingsError, TransientError
from adapters.judgement import server_time
from adapters.paging import Place, chunks, split_rows
from adapters.scim import failures, inbound, outbound, wire
from adapters.scim.options import Options
from adapters.scim.position import Position, parse
from adapters.transport import TokenSource, Transport, bucket_for
from store.clock import Clock

CONFIG: Final = "/ServiceProviderConfig"
MEMBER: Final = "Resources"
NAMED_AT_ONCE: Final = 20
WALKS_MAX: Final = 3
"""So often a read begins anew because rows moved under it."""
_HEADERS: Final = {"Accept": "application/scim+json, application/json"}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource."""

    path: str
    shape: type[msgspec.Struct]
    translate: Callable[[Sequence[bytes]], list[Translated | Untranslatable]]
    asked: tuple[str, ...]
    """What every row has, so that it can be missed."""


KINDS: Final = {
    "directory_user": Kind("/Users", wire.User, inbound.translate_users, ("id", "userName", "active")),
    "directory_group": Kind("/Groups", wire.Group, inbound.translate_groups, ("id", "displayName")),
}


@dataclass(frozen=True, slots=True)
class Ability:
    """What a directory can do, as it says itself."""

    can_filter: bool
    rows_max: int


class Scim:
    """One directory."""

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
        self._ability: Ability | None = None
        self._transport = Transport(
            system,
            connection,
            auth=_credentials(system, connection, options, manifest, secrets, clock, transport),
            limiter=bucket_for(connection, manifest),
            clock=clock,
            transport=transport,
            connections_max=manifest.connections_max,
            classify=failures.classify,
        )

    @property
    def own_login(self) -> str | None:
        """Nothing is ever written there, so no change can be our own."""
        return None

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        """Walk what changed since the last complete read, or everything.

        The protocol knows offsets only: a row that goes moves those behind it, and one would be passed over. So each page
        begins with the last row of the one before; where that stands elsewhere, the read begins anew.
        """
        kind = self._kind(entity)
        at = parse(self.system, position)
        place = Place(self.system, kind.path, self._pages_max)
        walks = pages = 0
        is_one_by_one = False
        while True:
            pages += 1
            if pages > self._pages_max:
                raise place.too_many()
            overlaps = at.last is not None and not is_one_by_one
            found = await self._page(kind, at, at.start - overlaps)
            if found is None:  # it can't be asked for what changed
                at = Position()
                continue
            answer = mended(found)
            rows = split_rows(answer, MEMBER)
            heads = [_HEADS.decode(row) for row in rows]
            known = _known(at.last, heads) if overlaps else 0
            if known is None:
                walks += 1
                if walks == WALKS_MAX:
                    raise _restless(self.system, kind)
                at = at.again()
                continue
            total = answer.decode(wire.Listing).total_results
            fresh, heads = rows[known:], heads[known:]
            changed = [moment for head in heads if (moment := _changed(head)) is not None]
            start = at.start - overlaps + len(rows)
            is_stuck = start == at.start and start <= total
            at = at.begun(server_time(answer), changed)
            at = at.advanced(start, _id(heads[-1]) if heads else at.last, changed)
            if is_stuck and overlaps:  # its pages have one row
                is_one_by_one = True
                continue
            is_last = start > total or is_stuck
            if is_stuck and self.options.trusts_totals:
                raise _hidden(self.system, kind, total, start - 1)
            yield Page(fresh, (at.completed() if is_last else at).to_text(), is_last)
            if is_last:
                return

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these afresh, one by one: hardly any directory can be asked for several by their ids."""
        kind = self._kind(entity)
        rows: list[bytes] = []
        for part in chunks(list(dict.fromkeys(external_ids)), NAMED_AT_ONCE):
            answers = await asyncio.gather(*[self._one(kind, one) for one in part])
            for answer in answers:
                if answer.status == 200:
                    answer.decode(wire.Head)  # it is one resource, or an error that says where
                    rows.append(answer.content)
        return rows

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        return self._kind(entity).translate(rows)

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[drift.Drift]:
        kind = self._kind(entity)
        found = drift.notice(kind.shape, rows, kind.asked)
        return [
            one for one in found if one.kind != "unknown"
        ]  # servers add what they like: RFC 7643, section 3

    async def write(self, request: WriteRequest) -> Receipt:
        raise SettingsError(self.system, f"a directory takes no {request.operation}: it is only ever read")

    async def find(self, request: WriteRequest) -> Receipt | None:
        raise SettingsError(self.system, f"a directory takes no {request.operation}: it is only ever read")

    async def check_health(self) -> Health:
        started = time.perf_counter()
        try:
            answer = await self._get(KINDS["directory_user"].path, {"startIndex": 1, "count": 1})
            total = answer.decode(wire.Listing).total_results
        except AdapterError as error:
            return Health(False, error.message)
        took_ms = round((time.perf_counter() - started) * 1000, 1)
        return Health(True, f"login and read are fine: {total:,} accounts", took_ms)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _page(self, kind: Kind, at: Position, start: int) -> Answer | None:
        """Return the page from that row on; None: the directory can't be asked for what changed."""
        ability = await self._able()
        if at.since is not None and not ability.can_filter:
            return None
        question = None if at.since is None else outbound.changed_since(at.since, self.options.overlap)
        asked = outbound.page(start, min(self.options.page_size, ability.rows_max), question)
        try:
            return await self._get(kind.path, asked)
        except RejectedError as error:
            if question is None or error.status != failures.BAD_REQUEST:
                raise
            self._ability = Ability(
                False, ability.rows_max
            )  # what else is wrong is wrong without the filter, too
            return None

    async def _able(self) -> Ability:
        """Return what the directory can do, asked for once. One that does not say so is tried."""
        if self._ability is None:
            found = wire.Supported(supported=True)
            answer = await self._transport.request(
                "GET", CONFIG, headers=_HEADERS, is_write=False, expects=(200, 400, 403, 404, 501)
            )
            if answer.status == 200:
                found = answer.decode(wire.ProviderConfig).filter or found
            can_filter = found.supported and self.options.deltas == "ask"
            self._ability = Ability(can_filter, found.max_results or self.options.page_size)
        return self._ability

    async def _one(self, kind: Kind, external_id: str) -> Answer:
        path = f"{kind.path}/{quote(external_id, safe='')}"
        return await self._transport.request(
            "GET", path, headers=_HEADERS, is_write=False, expects=(200, 404)
        )

    async def _get(self, path: str, params: dict[str, str | int]) -> Answer:
        return await self._transport.request("GET", path, params=params, headers=_HEADERS, is_write=False)

    def _kind(self, entity: str) -> Kind:
        kind = KINDS.get(entity)
        if kind is None:
            raise SettingsError(
                self.system,
                f"there is no entity {entity!r} to read in a directory, only {' and '.join(KINDS)}",
            )
        return kind


def _id(head: wire.Head) -> str | None:
    return head.id if isinstance(head.id, str) else None


def _changed(head: wire.Head) -> datetime | None:
    """Return when a row changed last; a text that is no aware time counts as none."""
    told = head.meta.get("lastModified") if isinstance(head.meta, dict) else None
    if not isinstance(told, str):
        return None
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _known(last: str | None, heads: Sequence[wire.Head]) -> int | None:
    """Return how many rows of a page were read already; None: rows have moved, and some may have been passed over.

    Rows that came in before shift the last one to the right: those up to it are repeats, or changed later than this read began
    and are found by the next. Where it is not on the page at all, nobody knows what moved.
    """
    return next((n + 1 for n, head in enumerate(heads) if _id(head) == last), None)


def _restless(system: str, kind: Kind) -> TransientError:
    return TransientError(
        system,
        f"{kind.path} changed {WALKS_MAX} times while it was read, so that rows may have been passed over; what was read is "
        "kept, and it is read again at the next turn",
    )


def _hidden(system: str, kind: Kind, total: int, shown: int) -> ProtocolError:
    return ProtocolError(
        system,
        f"{kind.path} says that it has {total:,} rows and shows {shown:,}. Either our account may not see all of them: have it "
        "given the right to read every user and group; or this directory counts what it never shows: then set "
        "trusts_totals = false in the options of this system. What was read is kept",
    )


def _credentials(
    system: str,
    connection: Connection,
    options: Options,
    manifest: Manifest,
    secrets: Secrets,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None,
) -> TokenSource:
    if options.auth == "basic":
        return Basic(secrets)
    if options.auth == "bearer":
        return StaticHeader("Authorization", secrets, "token", "Bearer ")
    url = httpx.URL(options.token_url or "")
    origin = str(url.copy_with(path="/", query=None, fragment=None)).rstrip("/")
    door = Transport(
        system,
        connection.model_copy(update={"base_url": origin}),
        auth=None,
        limiter=bucket_for(connection, manifest),
        clock=clock,
        transport=transport,
    )
    return OAuthTokens(door, url.path, secrets, clock, scope=options.scope)


_HEADS: Final = msgspec.json.Decoder(wire.Head)
