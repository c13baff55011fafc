"""Pull: systems to records and events. One transaction a page, so a crash repeats a page and loses nothing.

Systems that give a few dozen rows a page have several of them stored together: what a transaction costs is then shared
by as many rows as on the pages of the others.

Unchanged rows end at their raw digest, before they are decoded. A row that can't be translated becomes an exception
with its payload and never holds up its neighbours.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final, Literal

from adapters import broken
from adapters.base import Adapter, Page, Parts, Queue, Translated, Untranslatable
from adapters.drift import Drift
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DriftStopError,
    MaintenanceError,
    SecretUnsetError,
    SettingsError,
    TransientError,
)
from finsync_tui import documents, garbage
from finsync_tui.policies.asked import DriftAsked
from finsync_tui.policies.verdicts import NOTE, SETTING, STOP, Judging, UndecidedError, Verdict
from finsync_tui.stopping import IsStopping, never
from store import (
    Store,
    audit,
    cases,
    events,
    findings,
    meta,
    records,
    requests,
    runs,
    systems,
    watermarks,
    workflows,
)
from store.canonical.event import Event, event_type
from store.canonical.extending import Extend
from store.canonical.record import raw_digest
from store.clock import Clock, text
from store.columns import chunks
from store.errors import GivenUpError

ENGINE = "engine"
PAYLOAD_CLASSES = ("PAYLOAD_INVALID", "TOTALS_DIFFER")
READ_FAILED = "READ_FAILED"
PASSING: Final = ("transient", "unknown", "maintenance")
"""Failures that end without a person."""
UNSET = "SECRET_MISSING"
ROWS_A_TRANSACTION = 500
"""Small pages are put together until they hold so many rows; more in one transaction saves nothing worth the memory."""
ROWS_IN_HAND = 16
"""So many rows are translated at a time."""
DRIFTS_MAX = 500
"""So many drifted fields of one entity are told; a system that sends more has other documents, not other fields."""
PARKED_FOR = timedelta(minutes=30)
"""How long a system in maintenance is left alone when it does not say."""
SECRET_AWAITED_FOR = timedelta(minutes=5)
"""How long a system is left alone whose secret is missing, unless a cycle begins before."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one read of one entity brought."""

    system: str
    entity: str
    pages: int = 0
    rows_read: int = 0
    rows_changed: int = 0
    rows_refused: int = 0
    error: str | None = None
    is_full: bool = False
    """True when it was read from the beginning, whatever the watermark said."""
    needs_person: bool = False
    """True when it failed, and no later read does better by itself: an outage ends, an answer that can't be read does not."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One read to do. `is_document_source`: each change is a business event, and repeats are worth a finding.

    A full read begins at the beginning and translates every row anew. Until it has come to its end the watermark stays
    where it is, so that a read which breaks off has cost nothing.
    """

    system: str
    entity: str
    is_document_source: bool = False
    is_full: bool = False
    extend: Extend | None = None
    """Adds what regional extensions keep of each record."""


async def pull(
    store: Store,
    adapter: Adapter,
    task: Pull,
    clock: Clock,
    is_stopping: IsStopping = never,
    judge: Judging | None = None,
) -> Pulled:
    """Read what changed and store it. Failures end in the result and, where a person must act, in an exception.

    Told to stop, it stores the pages it has; the next read goes on behind them. `judge`: who says what drift does; None: it
    is noted.
    """
    mark = watermarks.get(store.db, task.system, task.entity)
    position = mark.position if mark and not task.is_full else None
    reached = position
    moves_mark = not task.is_full or mark is None or mark.position is None
    began = clock.now()
    run_id: int | None = None  # a run is noted with the first thing it stores: an idle read costs one commit
    result = Pulled(task.system, task.entity, is_full=task.is_full)
    try:
        async for page, page_count in _together(_pages(store.db, adapter, task, position, is_stopping)):
            reached = page.position or reached
            if not page.rows and page.position in (None, position):
                result = replace(result, pages=result.pages + page_count)
                continue
            if run_id is None:
                with store.transaction() as db:
                    run_id = runs.begin(db, task.system, task.entity, began)
            with garbage.not_collected():
                stored = _store_page(
                    store,
                    adapter,
                    task,
                    page,
                    run_id,
                    result.pages,
                    clock,
                    is_stopping,
                    moves_mark=moves_mark,
                    judge=judge,
                )
            result = replace(
                result,
                pages=result.pages + page_count,
                rows_read=result.rows_read + len(page.rows),
                rows_changed=result.rows_changed + stored.changed,
                rows_refused=result.rows_refused + stored.refused,
            )
    except AdapterError as error:
        result = replace(result, error=str(error), needs_person=error.failure not in PASSING)
        _note_failure(store, task, run_id, began, result, error, clock)
        return result
    except asyncio.CancelledError:
        _note_cut(store, run_id, result, clock)
        raise
    except GivenUpError:  # amid a page: it is read again
        _note_cut(store, run_id, result, clock)
        return result
    if is_stopping():
        _note_cut(store, run_id, result, clock)
        return result
    with store.transaction() as db:
        now = clock.now()
        run_id = run_id or runs.begin(db, task.system, task.entity, began)
        if not moves_mark and reached is not None:
            watermarks.advance(db, task.system, task.entity, reached, True, now)
        runs.end(
            db,
            run_id,
            now,
            "done",
            pages=result.pages,
            rows_read=result.rows_read,
            rows_changed=result.rows_changed,
            rows_refused=result.rows_refused,
        )
        systems.ok(db, task.system, now)
        meta.set(db, _caught_up(task.system, task.entity), "yes")
        _end_cases(
            db, task.entity, [f"{task.system}:{task.entity}"], (READ_FAILED, "CREDENTIALS_REFUSED"), clock
        )
        _end_cases(db, "system", [task.system], ("CREDENTIALS_REFUSED", UNSET, "CONFIGURATION"), clock)
    return result


async def reread(
    store: Store, adapter: Adapter, task: Pull, asked: Sequence[requests.Reread], clock: Clock
) -> Pulled:
    """Read documents afresh by their ids, after they came in a shape that could not be read: it may have been the way."""
    result = Pulled(task.system, task.entity)
    began = clock.now()
    try:
        rows = await adapter.read_many(task.entity, [one.external_id for one in asked])
    except AdapterError as error:
        result = replace(result, error=str(error))
        if isinstance(
            error, MaintenanceError | CredentialsError | TransientError
        ):  # about the system, not the document
            _note_failure(store, task, None, began, result, error, clock)
        rows = []
    if rows:
        with store.transaction() as db:
            run_id = runs.begin(db, task.system, task.entity, began)
        stored = _store_page(store, adapter, task, Page(rows, None, True), run_id, None, clock)
        result = replace(
            result,
            pages=1,
            rows_read=len(rows),
            rows_changed=stored.changed,
            rows_refused=stored.refused,
        )
    with store.transaction() as db:
        for one in asked:
            if requests.is_asked(db, one):
                requests.document_failed(db, one, clock.now())
        if rows:
            runs.end(
                db, run_id, clock.now(), "done", 1, result.rows_read, result.rows_changed, result.rows_refused
            )
    return result


async def _pages(
    db: Connection,
    adapter: Adapter,
    task: Pull,
    position: str | None,
    is_stopping: IsStopping,
) -> AsyncIterator[Page]:
    """Read what changed; where documents leave a queue as they are taken over, also what a lost store forgot of them.

    That is looked for once by each engine that starts: its file may be new, or an older copy.
    """
    async for page in adapter.read(task.entity, position):
        yield page
        if is_stopping():
            return
    if isinstance(adapter, Queue) and not is_caught_up(db, task.system, task.entity):

        def is_known(report_id: str) -> bool:
            return _is_known(db, task, report_id)

        async for page in adapter.read_taken(task.entity, position, is_known):
            yield page
            if is_stopping():
                return


def _is_known(db: Connection, task: Pull, report_id: str) -> bool:
    """Say whether we hold a document of this report that is not over: after a resubmission there is another one."""
    return any(
        all(one.state != "aborted" for one in workflows.of_document(db, f"{task.system}:{name}", task.entity))
        for name in records.twins(db, task.entity, "report", report_id, task.system)
    )


async def _together(pages: AsyncIterator[Page]) -> AsyncIterator[tuple[Page, int]]:
    """Yield pages of ROWS_A_TRANSACTION rows or more made of smaller ones that follow each other, and of how many.

    A page without a position stays as it is: it is known again by its digest. What was read before an error is handed on
    first, so that an error costs as little as it does page by page.
    """
    waiting: list[Page] = []
    error: AdapterError | None = None
    try:
        async for page in pages:
            if page.position is None:
                if waiting:
                    yield _joined(waiting), len(waiting)
                    waiting = []
                yield page, 1
                continue
            waiting.append(page)
            if page.is_last or sum(len(one.rows) for one in waiting) >= ROWS_A_TRANSACTION:
                yield _joined(waiting), len(waiting)
                waiting = []
    except AdapterError as raised:
        error = raised
    if waiting:
        yield _joined(waiting), len(waiting)
    if error is not None:
        raise error


def _joined(pages: Sequence[Page]) -> Page:
    """Return consecutive pages as one: it is read as far as the last of them."""
    if len(pages) == 1:
        return pages[0]
    keys = [page.keys for page in pages]
    return Page(
        rows=[row for page in pages for row in page.rows],
        position=pages[-1].position,
        is_last=pages[-1].is_last,
        keys=None if None in keys else [key for some in keys for key in some or ()],
        wholes={key: said for page in pages for key, said in page.wholes.items()},
    )


def is_caught_up(db: Connection, system: str, entity: str) -> bool:
    """Say whether this entity was read to the end since the engine started."""
    return meta.get(db, _caught_up(system, entity)) == "yes"


def begin_anew(db: Connection) -> None:
    """An engine starts: the file may be another one than before, so nothing counts as read to the end."""
    meta.clear(db, _CAUGHT_UP)


_CAUGHT_UP = "caught_up."


def _caught_up(system: str, entity: str) -> str:
    return f"{_CAUGHT_UP}{system}.{entity}"


@dataclass(frozen=True, slots=True)
class _PageStored:
    changed: int
    refused: int


def _store_page(
    store: Store,
    adapter: Adapter,
    task: Pull,
    page: Page,
    run_id: int,
    page_number: int | None,
    clock: Clock,
    is_stopping: IsStopping = never,
    *,
    moves_mark: bool = True,
    judge: Judging | None = None,
) -> _PageStored:
    """Translate what is new on the page and store rows, events, exceptions, watermark and audit entry as one.

    Without a page number the rows are documents that were asked for by id.
    """
    # A page without a position is one of a full read: when it is as it was, its rows need not be looked at.
    is_asked = page_number is None or task.is_full
    seen = None if page_number is None or page.position is not None else records.page_digest(page.rows)
    page_number = page_number or 0
    if (
        seen
        and not task.is_full
        and records.is_known_page(store.db, task.entity, task.system, page_number, seen)
    ):
        return _PageStored(0, 0)
    rows = [*page.rows, *_gone(store.db, adapter, task, page)]
    digests = [raw_digest(row) for row in rows]
    by_digest = dict(zip(digests, rows, strict=True))
    held = dict(zip(page.keys, digests, strict=True)) if page.keys is not None else {}
    known = set() if task.is_full else records.known_digests(store.db, task.entity, task.system, held)
    fresh = [(digest, row) for digest, row in by_digest.items() if digest not in known]
    incoming, states, refused = _prepared(adapter, task, fresh, is_stopping)
    whole = [row for _, row in fresh if broken.in_row(row) is None]
    drifted = adapter.drift(task.entity, whole) if whole else []
    now = clock.now()
    said = _said_of_drift(store.db, task, drifted, judge, now) if judge is not None and drifted else {}
    _stop_for_drift(store, task, drifted, said, now)
    with store.transaction() as db:
        stored = records.put_prepared(db, task.entity, task.system, incoming, now, is_afresh=task.is_full)
        news = [
            (s, state) for s, state in zip(stored, states, strict=True) if s.outcome in ("new", "changed")
        ]
        changed = [s for s, _ in news]
        if task.is_document_source:
            _note_repeats(db, adapter, task, incoming, stored, now, is_asked=is_asked)
        well = [s.external_id for s in stored if s.outcome != "stale"]
        ended = _end_cases(db, task.entity, [f"{task.system}:{one}" for one in well], PAYLOAD_CLASSES, clock)
        if ended or is_asked:
            requests.forget_documents(db, task.system, task.entity, well)
        for bad, row in refused:
            cases.open(db, _payload_case(task, bad, row), now)
            if bad.external_id:
                requests.ask_document_later(db, task.system, task.entity, bad.external_id, now)
        _note_drift(db, task, drifted, said, now)
        events.append(db, _events(task, news, run_id, page_number, now))
        if page.position is not None and moves_mark:
            watermarks.advance(db, task.system, task.entity, page.position, page.is_last, now)
        if seen and not refused and all(s.outcome != "stale" for s in stored):
            records.note_page(db, task.entity, task.system, page_number, seen)
        if changed or refused:
            audit.record(db, [_audit_entry(task, changed, refused, page)], now)
    return _PageStored(len(changed), len(refused))


def _gone(db: Connection, adapter: Adapter, task: Pull, page: Page) -> list[bytes]:
    """Return a row for each part that we hold of what was read to its end, and that is not there any more."""
    if not page.wholes or not isinstance(adapter, Parts):
        return []
    read = broken.translated(adapter, task.entity, page.rows)
    shown = {one.external_id for one in read}
    if None in shown:  # it may be any of them
        return []
    return [
        gone
        for whole, said in page.wholes.items()
        for external_id, row in records.parts_of(db, task.entity, task.system, whole).items()
        if external_id not in shown and (gone := adapter.gone(task.entity, row, said)) != row
    ]


def _prepared(
    adapter: Adapter, task: Pull, fresh: Sequence[tuple[bytes, bytes]], is_stopping: IsStopping
) -> tuple[list[records.Prepared], list[documents.Description | None], list[tuple[Untranslatable, bytes]]]:
    """Return what is to be stored of these rows (each after its digest), what events say of each, and what was refused.

    A few rows at a time: a record that is written out as soon as it was made costs half of one that has left the
    processor's cache meanwhile, and a page of them would take megabytes.
    """
    ready: list[records.Prepared] = []
    states: list[documents.Description | None] = []
    refused: list[tuple[Untranslatable, bytes]] = []
    is_told = documents.is_document(task.entity, is_source=task.is_document_source)
    is_huge = len(fresh) > 2 * ROWS_A_TRANSACTION  # a page of usual size is through, and kept, in no time
    for some in chunks(fresh, ROWS_IN_HAND):
        if is_huge and is_stopping():
            raise GivenUpError("nothing of this page was stored")
        for (digest, row), read in zip(
            some, broken.translated(adapter, task.entity, [row for _, row in some], task.extend), strict=True
        ):
            if not isinstance(read, Translated):
                refused.append((read, read.payload or row))
                continue
            ready.append(
                records.prepare(
                    read.external_id,
                    read.record,
                    row,
                    read.source_version,
                    read.source_updated_at,
                    read.changed_by,
                    digest,
                )
            )
            states.append(documents.describe(read.record) if is_told else None)
    return ready, states, refused


def _events(
    task: Pull,
    news: Sequence[tuple[records.Stored, documents.Description | None]],
    run_id: int,
    page_number: int,
    now: datetime,
) -> Iterable[Event]:
    """One event a document; for reference data one a page, since nobody waits for a single row."""
    if not documents.is_document(task.entity, is_source=task.is_document_source):
        if news:
            yield Event(
                id=f"{task.system}:{task.entity}:run{run_id}:page{page_number}",
                type=event_type(task.entity, "received"),
                source=task.system,
                subject=f"{task.system}:{task.entity}",
                time=now,
                data={"changed": len(news), "new": sum(item.outcome == "new" for item, _ in news)},
            )
        return
    for item, state in news:
        assert state is not None, "a page holds records of one entity"
        participle = state.participle if task.is_document_source else documents.REPORTED
        if participle == "approved" and item.outcome == "changed":
            participle = "changed"
        key = f"{task.system}:{item.external_id}"
        yield Event(
            id=f"{task.system}:{task.entity}:{item.external_id}:v{item.version}",
            type=event_type(task.entity, participle),
            source=task.system,
            subject=key,
            time=now,
            correlation_id=key,
            data={"number": item.number, "version": item.version, "status": state.status},
        )


def _note_repeats(
    db: Connection,
    adapter: Adapter,
    task: Pull,
    incoming: Sequence[records.Prepared],
    stored: Sequence[records.Stored],
    now: datetime,
    *,
    is_asked: bool,
) -> None:
    """Say which documents came in an older version than the one we hold, or again without a change.

    What we asked for ourselves comes again because of that: no news.
    """
    who = {row.external_id: row.changed_by for row in incoming}
    found = []
    for item in stored:
        key = f"{task.system}:{item.external_id}"
        by = who.get(item.external_id)
        if item.outcome == "stale":
            found.append(findings.stale_version(task.system, task.entity, key, item.number, now))
        elif item.outcome == "touched" and not is_asked and (by is None or by != adapter.own_login):
            found.append(
                findings.Finding(
                    class_="DUPLICATE_EVENT",
                    severity="info",
                    system=task.system,
                    entity=task.entity,
                    document_key=key,
                    document_number=item.number,
                    message="read again without a change; ignored",
                    noticed_at=now,
                )
            )
    findings.append(db, found)


def _known_drift(db: Connection, task: Pull) -> set[tuple[str, ...]]:
    return {tuple(pair) for pair in json.loads(meta.get(db, _drift_name(task)) or "[]")}


def _drift_name(task: Pull) -> str:
    return f"drift.{task.system}.{task.entity}"


def _said_of_drift(
    db: Connection, task: Pull, drifted: Sequence[Drift], judge: Judging, now: datetime
) -> Mapping[tuple[str, str], Verdict]:
    """Return what rules say of what drifted since the last look; a rule that can't be asked leaves it as usual."""
    known = _known_drift(db, task)
    found: dict[tuple[str, str], Verdict] = {}
    for one in drifted:
        if (one.kind, one.field) in known:
            continue
        asked = DriftAsked(system=task.system, entity=task.entity, kind=one.kind, field=one.field)
        try:
            said = judge.ask({"drift": asked}, "", "", now.date())
        except UndecidedError:
            continue
        if said and said[0].then != SETTING:
            found[one.kind, one.field] = said[0]
    return found


def _stop_for_drift(
    store: Store,
    task: Pull,
    drifted: Sequence[Drift],
    said: Mapping[tuple[str, str], Verdict],
    now: datetime,
) -> None:
    """Leave a system alone before anything of the page is stored, where a rule says so: until a person resumes it."""
    stopping = next(
        (one for one in drifted if (v := said.get((one.kind, one.field))) and v.then == STOP), None
    )
    if stopping is None:
        return
    verdict = said[stopping.kind, stopping.field]
    reason = (
        f"field {stopping.field} of {task.entity} {_DRIFTED[stopping.kind]}: {verdict.why} [{verdict.rule}]"
    )
    with store.transaction() as db:
        _note_drift(db, task, drifted, said, now)  # known from now on: whoever resumes it has looked
        systems.hold(db, task.system, reason, now)
    raise DriftStopError(task.system, reason)


def _note_drift(
    db: Connection,
    task: Pull,
    drifted: Sequence[Drift],
    said: Mapping[tuple[str, str], Verdict],
    now: datetime,
) -> None:
    """Say once that a field came, went or changed its kind: the adapter goes on with what it describes."""
    known = _known_drift(db, task)
    fresh = [one for one in drifted if (one.kind, one.field) not in known][: DRIFTS_MAX - len(known)]
    if not fresh:
        return
    meta.set(db, _drift_name(task), json.dumps(sorted(known | {(one.kind, one.field) for one in fresh})))
    ruled = {one: said.get((one.kind, one.field)) for one in fresh}
    findings.append(
        db,
        [
            findings.Finding(
                class_="DRIFT",
                severity=_severity(one, verdict),
                system=task.system,
                entity=task.entity,
                message=f"{task.entity.replace('_', ' ')}: field {one.field} {_DRIFTED[one.kind]}: {one.detail}"
                + (f" ({verdict.why} [{verdict.rule}])" if verdict is not None else ""),
                noticed_at=now,
                detail={"field": one.field, "kind": one.kind},
            )
            for one, verdict in ruled.items()
            if verdict is None or verdict.then != "off"
        ],
    )


def _severity(one: Drift, verdict: Verdict | None) -> Literal["info", "warn", "block"]:
    if verdict is None:
        return "info" if one.kind == "unknown" else "warn"
    return "block" if verdict.then == STOP else "info" if verdict.then == NOTE else "warn"


_DRIFTED = {"unknown": "is new", "vanished": "is gone", "retyped": "has another kind"}


def _payload_case(task: Pull, bad: Untranslatable, row: bytes) -> cases.NewCase:
    is_totals = bad.reason.startswith("totals")
    known = bad.external_id or f"unread-{raw_digest(row).hex()[:12]}"
    return cases.NewCase(
        class_="TOTALS_DIFFER" if is_totals else "PAYLOAD_INVALID",
        entity=task.entity,
        document_key=f"{task.system}:{known}",
        document_number=bad.number or known,
        system=task.system,
        cause=f"{task.system} sent {_a(task.entity)} that can't be read: {bad.reason} (at {bad.path})",
        fix=f"Correct the document in {task.system}; it is read again by itself as soon as it changes. "
        "In case it was garbled on the way, it is also read again by itself a few times; `finsync exceptions retry` does so now.",
        evidence={"path": bad.path, "reason": bad.reason},
        amount_minor=bad.amount.amount_minor if bad.amount else None,
        currency=bad.amount.currency if bad.amount else None,
        payload=row,
    )


def _a(entity: str) -> str:
    """Return an entity's name with its article."""
    return f"{'an' if entity[0] in 'aeiou' else 'a'} {entity.replace('_', ' ')}"


def _audit_entry(
    task: Pull, changed: Sequence[records.Stored], refused: Sequence[tuple[Untranslatable, bytes]], page: Page
) -> audit.Entry:
    return audit.Entry(
        who=ENGINE,
        what="records.stored",
        subject=f"{task.system}:{task.entity}",
        after={
            "records": [f"{s.external_id}@{s.version}" for s in changed],
            "refused": [bad.external_id or "unread" for bad, _ in refused],
            "position": page.position,
        },
        source=task.system,
    )


def _note_cut(store: Store, run_id: int | None, result: Pulled, clock: Clock) -> None:
    """Note that a read ended because the engine stops: its pages are stored, and it is not read to the end."""
    if run_id is None:
        return
    with store.transaction() as db:
        runs.end(
            db,
            run_id,
            clock.now(),
            "failed",
            pages=result.pages,
            rows_read=result.rows_read,
            rows_changed=result.rows_changed,
            rows_refused=result.rows_refused,
            error=runs.INTERRUPTED,
        )


def _note_failure(
    store: Store,
    task: Pull,
    run_id: int | None,
    began: datetime,
    result: Pulled,
    error: AdapterError,
    clock: Clock,
) -> None:
    now = clock.now()
    with store.transaction() as db:
        run_id = run_id or runs.begin(db, task.system, task.entity, began)
        outcome: Literal["failed", "parked"] = "failed"
        if isinstance(error, MaintenanceError):
            outcome = "parked"
            park(db, task.system, error.retry_after, str(error), clock)
        elif isinstance(error, CredentialsError):
            shut_out(db, task.system, error, now)
        else:
            systems.unread(db, task.system, str(error), now, error.retry_after)
            if error.failure not in PASSING:
                cases.open(db, _read_failed_case(task, error), now)
        runs.end(
            db,
            run_id,
            now,
            outcome,
            pages=result.pages,
            rows_read=result.rows_read,
            rows_changed=result.rows_changed,
            rows_refused=result.rows_refused,
            error=str(error),
        )


def park(
    db: Connection,
    system: str,
    asked: timedelta | None,
    reason: str,
    clock: Clock,
    *,
    is_on_trial: bool = False,
) -> None:
    """Leave a system in maintenance alone for as long as it asked, and say so."""
    now = clock.now()
    until = now + (asked or PARKED_FOR)
    systems.park(db, system, until, reason, now, is_on_trial=is_on_trial)
    findings.append(
        db,
        [
            findings.Finding(
                class_="MAINTENANCE",
                severity="warn",
                system=system,
                message=f"in maintenance; its queue waits until {text(until)} and resumes by itself",
                noticed_at=now,
            )
        ],
    )


def shut_out(db: Connection, system: str, error: CredentialsError, now: datetime) -> None:
    """Leave a system alone that does not let us in: until a person resumes it, or until a secret that is missing is set."""
    if isinstance(error, SecretUnsetError):
        systems.park(db, system, now + SECRET_AWAITED_FOR, str(error), now)
        cases.open(db, _secret_case(system, error), now)
    else:
        systems.hold(db, system, str(error), now)
        cases.open(db, _credentials_case(system, error), now)


def _secret_case(system: str, error: SecretUnsetError) -> cases.NewCase:
    commands = " and ".join(f"`finsync secrets set {system} {name}`" for name in error.names)
    return cases.NewCase(
        class_=UNSET,
        entity="system",
        document_key=system,
        document_number=system,
        system=system,
        cause=str(error),
        fix=f"Set it: {commands}; `finsync secrets test {system}` tries it. The engine goes on by itself at its next cycle. "
        "Nothing is lost meanwhile.",
        evidence={"secrets": list(error.names)},
    )


def _credentials_case(system: str, error: CredentialsError) -> cases.NewCase:
    return cases.NewCase(
        class_="CREDENTIALS_REFUSED",
        entity="system",
        document_key=system,
        document_number=system,
        system=system,
        cause=str(error),
        fix=f"Set the right secret with `finsync secrets set {system} NAME`, try it with `finsync secrets test {system}`, "
        f"then `finsync systems resume {system} --reason TEXT`. Nothing is lost meanwhile.",
    )


def settings_case(system: str, error: SettingsError) -> cases.NewCase:
    return cases.NewCase(
        class_="CONFIGURATION",
        entity="system",
        document_key=system,
        document_number=system,
        system=system,
        cause=str(error),
        fix=f"Correct the connection (docs/connect.md), check it with `finsync profile check`, then `finsync systems resume "
        f"{system} --reason TEXT`. Its queue waits; nothing is lost meanwhile.",
    )


def _read_failed_case(task: Pull, error: AdapterError) -> cases.NewCase:
    return cases.NewCase(
        class_=READ_FAILED,
        entity=task.entity,
        document_key=f"{task.system}:{task.entity}",
        document_number=task.entity,
        system=task.system,
        cause=f"reading {task.entity.replace('_', ' ')} stopped: {error}",
        fix=f"{_READ_FIXES.get(error.failure, _READ_FIX)} Then `finsync sync {task.system} {task.entity}` tries it at once; what was "
        "read before is stored, and the read goes on from there.",
        evidence={"code": error.code, "answer": error.answer[:2000]},
    )


_READ_FIX: Final = "See the message for the setting or person to ask."
_READ_FIXES: Final = {
    "rejected": "The system refuses this request of ours: give its user access to what it reads, or correct the option that the "
    "request rests on (docs/connect.md).",
    "protocol": "Look at what answers in the system's place: base_url, proxies and gateways before it, and its own health.",
    "drift": "Find out what changed there and whether its documents still say what they said. `finsync systems resume SYSTEM --reason "
    "TEXT` lets it be read as it is now.",
    "totals": "Look in the system whether our login sees less than it did; if so many have really gone, read all of it anew "
    "(`finsync sync SYSTEM ENTITY --full`, as the message names it).",
}


def _end_cases(
    db: Connection, entity: str, document_keys: Sequence[str], classes: Sequence[str], clock: Clock
) -> int:
    """End what these documents were refused for; return how many exceptions that were."""
    live = cases.live_ids(db, entity, document_keys, classes)
    if live:
        cases.end(db, live, "closed", ENGINE, "the trouble is gone: it was read well again", clock.now())
    return len(live)
