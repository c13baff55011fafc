"""Reading both sides afresh: which systems take part, page by page into the rows that are compared.

A page that fails leaves its side incomplete, and nothing is said about breaks then. One walk through a system serves every
definition that compares it.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final, NamedTuple, cast

from adapters.base import Adapter, Page, Translated, Untranslatable, WindowReader
from adapters.broken import translated
from adapters.errors import AdapterError
from finsync_tui import extensions
from finsync_tui.profile.reconciliation import SideSetup
from finsync_tui.reconcile import known, unchanged
from finsync_tui.reconcile.rows import Builder, Read
from finsync_tui.stopping import IsStopping, never
from store import Store, comparison, findings, records, systems, unreadable, workflows
from store.canonical.contracts import CONTRACTS
from store.canonical.keys import RecordKey
from store.canonical.record import CanonicalRecord
from store.clock import Clock, text
from store.columns import chunks
from store.comparison import NewRow, Side
from store.errors import FinsyncError, GivenUpError
from store.wording import counted

OWN: Final = "finsync"
"""What was decided here, read from the store."""
Periods = tuple[str, str]
"""The first and the last month."""
KNOWN_AT_ONCE: Final = 200
ROWS_IN_HAND: Final = 500


class AwayError(FinsyncError):
    """A system can't be asked now; the run says nothing about breaks."""

    code = "SYSTEM_AWAY"

    def __init__(self, system: str) -> None:
        super().__init__(
            f"{system} can't be asked now; breaks are as they were, and it is read when it is back"
        )


class UnidentifiedError(FinsyncError):
    """A record can be neither read nor told from others; the run says nothing about breaks."""

    code = "RECORD_UNIDENTIFIED"

    def __init__(self, system: str, count: int) -> None:
        super().__init__(
            f"{counted(count, 'record')} of {system} can't be read, not even their ids, so nobody can say what is missing there; breaks "
            f"are as they were. `finsync exceptions list` shows what was sent"
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """One side to read: where from, what becomes its rows, and with which targets they are compared."""

    side: Side
    builder: Builder
    targets: tuple[str, ...]
    is_full: bool
    run_id: int
    periods: Periods | None = None
    """Only what lies in these is asked for."""
    name: str = ""
    """Of the definition."""

    @property
    def where(self) -> Where:
        """Readings that agree in this are one walk."""
        setup = self.builder.setup
        is_part = not self.is_full and not self.periods
        position = self.side.position if is_part else None
        since = self.side.read_at if is_part and setup.read == "known" else None
        flow = self.builder.definition.flow if setup.read == "taken_up" else None
        known = self.name if since is not None else None
        moment = text(since) if since is not None else None
        return Where(
            self.builder.system, setup.entity, position, setup.read, self.periods, flow, moment, known
        )


class Where(NamedTuple):
    """What one walk through a system reads."""

    system: str
    entity: str
    position: str | None
    read: str
    periods: Periods | None
    flow: str | None
    since: str | None = None
    """Of documents that are known one by one: those that may have changed since; None: all of them."""
    definition: str | None = None

    @property
    def is_part(self) -> bool:
        """Say whether only what changed is read."""
        return self.position is not None or self.since is not None


def systems_of(setup: SideSetup, adapters: Mapping[str, Adapter]) -> list[str]:
    """Return the systems of a side, in order."""
    if setup.systems:
        return [name for name in setup.systems if name in adapters or name == OWN]
    return sorted(
        name
        for name, adapter in adapters.items()
        if setup.role in adapter.manifest.roles
        and (capability := adapter.manifest.capability(setup.entity)) is not None
        and "read" in capability.directions
    )


def can_tell_changes(setup: SideSetup, system: str, adapters: Mapping[str, Adapter]) -> bool:
    """Say whether a system can be asked for what changed only."""
    if system == OWN:
        return False
    if setup.read == "known":
        return True  # what may have changed is read one by one
    capability = adapters[system].manifest.capability(setup.entity)
    return capability is not None and capability.has_delta


def can_read_window(setup: SideSetup, system: str, adapters: Mapping[str, Adapter]) -> bool:
    """Say whether a system can be asked for the documents of a few months only: by the very date that is the period."""
    if system == OWN or setup.read != "all" or setup.period is None:
        return False
    capability = adapters[system].manifest.capability(setup.entity)
    return capability is not None and capability.window == setup.period


async def read(
    store: Store,
    adapters: Mapping[str, Adapter],
    readings: Sequence[Reading],
    clock: Clock,
    is_stopping: IsStopping = never,
) -> dict[int, str]:
    """Read these sides; return why each side that could not be read whole was not.

    Told to stop, it leaves off between two pages; the side at hand and those after it do not count as read then.
    """
    walks: dict[Where, list[Reading]] = {}
    for one in readings:
        walks.setdefault(one.where, []).append(one)
    failed: dict[int, str] = {}
    for where, some in sorted(walks.items(), key=lambda item: str(item[0])):
        try:
            await _walk(store, adapters, where, some, clock, is_stopping)
        except GivenUpError:
            break
        except (AdapterError, AwayError, UnidentifiedError) as error:
            failed |= {one.side.id: str(error) for one in some}
            if isinstance(error, AdapterError):
                with store.transaction() as db:
                    systems.unread(db, where.system, str(error), clock.now(), error.retry_after)
    for where, some in sorted(walks.items(), key=lambda item: str(item[0])):
        if where.periods is None or is_stopping() or any(one.side.id in failed for one in some):
            continue
        try:
            await _read_beside(store, adapters[where.system], where, some, clock)
        except (AdapterError, UnidentifiedError) as error:
            failed |= {one.side.id: str(error) for one in some}
    return failed


async def _walk(
    store: Store,
    adapters: Mapping[str, Adapter],
    where: Where,
    readings: Sequence[Reading],
    clock: Clock,
    is_stopping: IsStopping,
) -> None:
    last = where.position
    if where.system == OWN:
        _read_own(store, where, readings, is_stopping)
    else:
        if not systems.is_open(store.db, where.system, clock.now()):
            raise AwayError(where.system)
        adapter = adapters[where.system]
        with store.transaction() as db:
            made = [unchanged.made(db, one.side, one.builder, clock.now()) for one in readings]
        nameless = 0
        async for page in _pages(store, adapter, where):
            nameless += _put(store, adapter, where.entity, page, readings, clock, made)
            last = page.position or last
            _go_on(is_stopping)
        if where.periods is not None:
            nameless += await _read_moved(store, adapter, where, readings, clock)
        if nameless:
            raise UnidentifiedError(where.system, nameless)
    with store.transaction() as db:
        for one in readings:
            if not where.is_part:
                comparison.sweep(db, one.side, run_id=one.run_id, targets=one.targets, periods=where.periods)
                if where.periods is None:
                    unreadable.sweep(db, one.side, one.run_id)
            is_full = not where.is_part and where.periods is None
            comparison.was_read(db, one.side, last, is_full=is_full, at=clock.now())


def _pages(store: Store, adapter: Adapter, where: Where) -> AsyncIterator[Page]:
    if where.periods is not None:
        first, last = (date.fromisoformat(f"{month}-01") for month in where.periods)
        end = last.replace(day=monthrange(last.year, last.month)[1])
        return cast("WindowReader", adapter).read_window(where.entity, first, end)
    return (
        known.pages(store, adapter, where.entity, where.definition or "", where.since)
        if where.read == "known"
        else adapter.read(where.entity, where.position)
    )


async def _read_moved(
    store: Store, adapter: Adapter, where: Where, readings: Sequence[Reading], clock: Clock
) -> int:
    """What a window does not show any more may have another date now: it is asked for by its id before it counts as gone.

    Return how many of them can't be told from others.
    """
    assert where.periods is not None
    nameless = 0
    found = {
        external_id: None
        for one in readings
        for external_id in comparison.unseen(store.db, one.side, one.run_id, where.periods)
    }
    for some in chunks(list(found), KNOWN_AT_ONCE):
        page = Page(await adapter.read_many(where.entity, some), None, is_last=False)
        nameless += _put(store, adapter, where.entity, page, readings, clock)
    return nameless


async def _read_beside(
    store: Store, adapter: Adapter, where: Where, readings: Sequence[Reading], clock: Clock
) -> None:
    """What lies outside a window and has its twin within may have changed, too: it is asked for by its id. After both sides."""
    assert where.periods is not None
    found = {
        external_id: None
        for one in readings
        for external_id in comparison.beside(store.db, one.side, one.run_id, where.periods)
    }
    for some in chunks(list(found), KNOWN_AT_ONCE):
        page = Page(await adapter.read_many(where.entity, some), None, is_last=False)
        nameless = _put(store, adapter, where.entity, page, readings, clock)
        if nameless:
            raise UnidentifiedError(where.system, nameless)
        with store.transaction() as db:
            for one in readings:
                gone = comparison.not_seen(db, one.side, some, one.run_id)
                comparison.put_records(
                    db, one.side, dict.fromkeys(gone, ()), run_id=one.run_id, targets=one.targets
                )


def _put(
    store: Store,
    adapter: Adapter,
    entity: str,
    page: Page,
    readings: Sequence[Reading],
    clock: Clock,
    made: Sequence[unchanged.Made] = (),
) -> int:
    """Turn one page into rows; return how many of its records can be neither read nor told from others.

    What is as it was, and a document that can't be read, keeps the rows it has: it is there.
    """
    page, same, digests = unchanged.split(store.db, entity, made, page)
    read: list[Translated] = []
    unread: list[str] = []
    nameless = 0
    extending = readings[0].builder.profile.extending
    extend = extensions.extend(extending, adapter.system, entity) if extending else None
    for item in translated(adapter, entity, page.rows, extend):
        if isinstance(item, Translated):
            read.append(item)
        elif isinstance(item, Untranslatable) and item.external_id:
            unread.append(item.external_id)
        else:
            nameless += 1
    newer = _newer(store, adapter.system, entity, read, clock)
    found = [
        newer.get(item.external_id)
        or Read(item.external_id, item.record, item.source_updated_at, item.changed_by)
        for item in read
    ]
    _store(store, readings, found, same, digests, newer, unread)
    return nameless


def _newer(
    store: Store, system: str, entity: str, read: Sequence[Translated], clock: Clock
) -> dict[str, Read]:
    """Return, of documents that came older than we hold them, what we hold, and note that they did.

    A system may answer from a copy that lags behind: comparing that would open breaks that are none.
    """
    late = records.behind(
        store.db,
        entity,
        system,
        [(item.external_id, item.source_version, item.source_updated_at) for item in read],
    )
    if not late:
        return {}
    held = records.get_many(store.db, CONTRACTS[entity], system, sorted(late))
    now = clock.now()
    with store.transaction() as db:
        findings.append(
            db,
            [
                findings.stale_version(system, entity, f"{system}:{key}", one.record.number, now)
                for key, one in held.items()
            ],
        )
    return {key: Read(key, one.record, one.source_updated_at, one.changed_by) for key, one in held.items()}


def _store(
    store: Store,
    readings: Sequence[Reading],
    read: Sequence[Read],
    kept: Sequence[str] = (),
    digests: Sequence[Mapping[str, bytes]] = (),
    late: Collection[str] = (),
    unread: Sequence[str] = (),
) -> None:
    """Keep rows as they are now, and what they were made of, where that is known: not of what came `late`.

    `kept` stays as it is, and so does what is `unread`, which is noted as being there.
    """
    made: list[dict[str, list[NewRow]]] = [
        {item.external_id: one.builder.rows(item) for item in read} for one in readings
    ]
    with store.transaction() as db:
        for place, (one, rows) in enumerate(zip(readings, made, strict=True)):
            comparison.put_records(db, one.side, rows, run_id=one.run_id, targets=one.targets)
            unreadable.forget(db, one.side, [*rows, *kept])
            unreadable.note(db, one.side, unread, one.run_id)
            held = digests[place] if digests else {}
            told = {
                key: held.get(key) if key not in late and unchanged.is_settled(found) else None
                for key, found in rows.items()
            }
            comparison.note_made(db, one.side, told)
            for some in chunks([*kept, *unread]):
                comparison.keep(db, one.side, some, one.run_id)


def _go_on(is_stopping: IsStopping) -> None:
    if is_stopping():
        raise GivenUpError("this side does not count as read")


def _read_own(store: Store, where: Where, readings: Sequence[Reading], is_stopping: IsStopping) -> None:
    model = CONTRACTS[where.entity]
    if where.flow is not None:
        for keys in workflows.taken_up(store.db, where.flow, where.entity, ROWS_IN_HAND):
            _store(store, readings, list(_taken_up(store, model, keys)))
            _go_on(is_stopping)
        return
    ids = iter(records.external_ids(store.db, where.entity, OWN))
    while some := list(islice(ids, ROWS_IN_HAND)):
        held = records.get_many(store.db, model, OWN, some)
        _store(store, readings, [Read(one.external_id, one.record, one.fetched_at) for one in held.values()])
        _go_on(is_stopping)


def _taken_up(store: Store, model: type[CanonicalRecord], keys: Sequence[str]) -> Iterator[Read]:
    """Yield what a flow has taken up, under the keys of the documents, as they were read last."""
    named = [RecordKey.parse(key) for key in keys]
    for system in sorted({key.system for key in named}):
        ids = [key.external_id for key in named if key.system == system]
        for one in records.get_many(store.db, model, system, ids).values():
            yield Read(f"{system}:{one.external_id}", one.record, one.fetched_at)
