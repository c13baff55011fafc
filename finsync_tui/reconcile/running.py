"""One reconciliation: read what takes part, compare each pair of sides, and change breaks only where both were read whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from sqlite3 import Connection
from typing import Literal

from adapters.base import Adapter
from finsync_tui.profile import Profile
from finsync_tui.profile.reconciliation import Reconciliation
from finsync_tui.reconcile import accepted, connected, links, sides
from finsync_tui.reconcile.classing import classify
from finsync_tui.reconcile.comparing import Comparison, Periods
from finsync_tui.reconcile.rows import MADE
from finsync_tui.reconcile.sides import AwayError, Reading
from finsync_tui.reconcile.sight import sight
from finsync_tui.stopping import IsStopping, never
from store import Store, audit, breaks, comparison, events, meta, outbox, reconciliations
from store.canonical.event import Event, event_type
from store.clock import Clock, instant, text
from store.columns import encode
from store.comparison import Side
from store.errors import GivenUpError
from store.reconciliations import Mode, NewRun, Run

ENGINE = "engine"
VERIFY_AT_ONCE = 500
_RAN = "reconcile."
_ASKED = "reconcile_asked."
_FAILED = "reconcile_failed."
TRY_AGAIN = timedelta(hours=1)
"""After how long a side that could not be read whole is read again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be reconciled: which definitions, how much of them, and who wants it."""

    names: tuple[str, ...]
    mode: Mode = "changes"
    periods: Periods | None = None
    by: str = ENGINE


@dataclass(frozen=True, slots=True)
class _Planned:
    """One pair of sides, and how it is read now."""

    name: str
    definition: Reconciliation
    sources: tuple[Side, ...]
    targets: tuple[Side, ...]
    mode: Mode
    run_id: int
    beside: tuple[str, ...] = ()
    """All target systems of the definition."""
    absent: tuple[str, ...] = ()
    """Systems that were a side and that the profile still has, though they are not connected: they count as not read."""

    @property
    def target(self) -> str:
        return "+".join(side.system for side in self.targets)


async def reconcile(
    store: Store,
    adapters: Mapping[str, Adapter],
    profile: Profile,
    clock: Clock,
    asked: Asked,
    is_stopping: IsStopping = never,
) -> list[Run]:
    """Reconcile what was asked; return the runs as they ended.

    Told to stop, it leaves off: what was compared is kept, every other run counts as interrupted and comes again.
    """
    with store.transaction() as db:
        reconciliations.interrupt_running(db, clock.now())
        planned = [
            pair for name in asked.names for pair in _plan(db, adapters, name, profile, asked, clock.now())
        ]
        for name in asked.names:
            connected.note_connected(db, name, any(pair.name == name for pair in planned))
    readings = [one for pair in planned for one in _readings(store, adapters, profile, pair, asked.periods)]
    failed = await sides.read(store, adapters, list(_distinct(readings)), clock, is_stopping)
    logins = frozenset(login for one in adapters.values() if (login := one.own_login))
    for pair in planned:
        if is_stopping():
            break
        problems = [failed[side.id] for side in (*pair.sources, *pair.targets) if side.id in failed]
        problems += [str(AwayError(system)) for system in pair.absent]
        if problems:
            with store.transaction() as db:
                reconciliations.fail(db, pair.run_id, clock.now(), problems[0])
        else:
            with suppress(GivenUpError), store.interruptible(is_stopping):
                _compare(store, profile, pair, asked, clock, logins)
    if is_stopping():
        with store.transaction() as db:
            reconciliations.interrupt_running(db, clock.now())
    runs = [run for pair in planned if (run := reconciliations.get(store.db, pair.run_id)) is not None]
    if is_stopping():
        return runs
    failing = {run.definition for run in runs if run.outcome != "complete"}
    with store.transaction() as db:
        for name in asked.names:
            if name in failing:
                meta.set(db, f"{_FAILED}{name}.", text(clock.now()))
            else:
                _note_ran(db, name, asked.mode, clock.now())
    return runs


def due(db: Connection, profile: Profile, now: datetime) -> list[Asked]:
    """Return what should have run by now: by the rhythm of each definition's criticality.

    What could not be read whole has not run: it is tried again after TRY_AGAIN, or by its rhythm where that comes sooner. What
    a person asked for waits for nothing.
    """
    wanted: dict[Mode, list[str]] = {"full": [], "changes": []}
    for name, definition in profile.reconciliations.items():
        if meta.get(db, f"{_ASKED}{name}.") is not None:
            wanted["full"].append(name)
            continue
        rhythm = profile.reconcile.rhythms.get(definition.criticality)
        if rhythm is None or not definition.is_enabled:
            continue
        failed = meta.get(db, f"{_FAILED}{name}.")
        if failed is not None and now < instant(failed) + min(TRY_AGAIN, rhythm.changes, rhythm.full):
            continue
        if _next(db, name, "full", rhythm.full) <= now:
            wanted["full"].append(name)
        elif _next(db, name, "changes", rhythm.changes) <= now:
            wanted["changes"].append(name)
    return [Asked(tuple(sorted(names)), mode) for mode, names in wanted.items() if names]


def _plan(
    db: Connection,
    adapters: Mapping[str, Adapter],
    name: str,
    profile: Profile,
    asked: Asked,
    now: datetime,
) -> Iterator[_Planned]:
    """Yield the pairs of a definition whose systems are connected, each with a run that is under way."""
    definition = profile.reconciliations[name]
    sources = sides.systems_of(definition.source, adapters)
    targets = sides.systems_of(definition.target, adapters)
    if not sources or not targets:
        return
    digest = sha256(encode([MADE, definition.model_dump(mode="json")])).hexdigest()
    number, _ = comparison.define(db, name, digest)
    source_sides = tuple(comparison.side(db, number, "source", system) for system in sources)
    groups = [targets] if definition.pairing == "together" else [[one] for one in targets]
    for group in groups:
        target_sides = tuple(comparison.side(db, number, "target", system) for system in group)
        labels = "+".join(sources), "+".join(group)
        was_full = all(side.full_at is not None for side in (*source_sides, *target_sides))
        mode: Mode = asked.mode if was_full and _is_same_pair(db, definition, name, labels) else "full"
        window = asked.periods if mode == "window" else None
        run = NewRun(
            definition=name, source_system=labels[0], target_system=labels[1], entity=definition.entity,
            mode=mode, window_from=window[0] if window else None, window_to=window[1] if window else None,
            asked_by=asked.by, definition_digest=digest,
        )  # fmt: skip
        away = {
            *comparison.parted(db, number, "source", sources),
            *comparison.parted(db, number, "target", targets),
        }
        yield _Planned(
            name, definition, source_sides, target_sides, mode, reconciliations.begin(db, run, now),
            tuple(targets), tuple(sorted(away & {*profile.systems})),
        )  # fmt: skip


def _is_same_pair(db: Connection, definition: Reconciliation, name: str, labels: tuple[str, str]) -> bool:
    """Say whether the run before compared the same systems: what other ones hold is compared whole."""
    if definition.pairing == "together":
        return reconciliations.last_pair(db, name) in (None, labels)
    return reconciliations.last(db, name, *labels, outcome="complete") is not None


def _readings(
    store: Store, adapters: Mapping[str, Adapter], profile: Profile, pair: _Planned, periods: Periods | None
) -> Iterator[Reading]:
    """Yield the sides of a pair; of a window only its months are read, where a system can be asked for them."""
    for role, some, others in (
        ("source", pair.sources, pair.targets),
        ("target", pair.targets, pair.sources),
    ):
        for side in some:
            which: Literal["source", "target"] = "source" if role == "source" else "target"
            builder = links.builder(store.db, pair.definition, which, side.system, others[0].system, profile)
            is_full = pair.mode != "changes" or not sides.can_tell_changes(
                builder.setup, side.system, adapters
            )
            window = periods if sides.can_read_window(builder.setup, side.system, adapters) else None
            yield Reading(
                side, builder, (pair.target,), is_full and (window is None or pair.mode != "window"), pair.run_id,
                window if pair.mode == "window" else None, pair.name,
            )  # fmt: skip


def _distinct(readings: Sequence[Reading]) -> Iterator[Reading]:
    """Yield each side once, though several targets may be compared with it."""
    seen: set[int] = set()
    for one in readings:
        if one.side.id in seen:
            continue
        seen.add(one.side.id)
        same = [other for other in readings if other.side.id == one.side.id]
        targets = tuple(dict.fromkeys(target for other in same for target in other.targets))
        is_full = any(other.is_full for other in same)
        yield Reading(
            one.side, one.builder, targets, is_full, one.run_id, None if is_full else one.periods, one.name
        )


def _compare(
    store: Store, profile: Profile, pair: _Planned, asked: Asked, clock: Clock, logins: frozenset[str]
) -> None:
    """Compare one pair in one transaction: breaks, totals, the run, its events and its audit entry, or nothing."""
    now = clock.now()
    window = asked.periods if pair.mode == "window" else None
    with store.transaction() as db:
        comparing = Comparison(
            pair.name, pair.definition, pair.sources, pair.targets,
            lambda link, source, target, row: links.is_linked(db, link, source, target, row), window,
            sight(db, pair.definition, pair.sources, pair.targets),
        )  # fmt: skip
        labels = (pair.name, comparing.source_label, comparing.target_label)
        breaks.carry_over(db, pair.run_id, *labels, now, of_one_target=pair.definition.pairing == "each")
        if window is not None:
            comparing.known = breaks.live_keys(db, *labels, window)
        keys: list[str] | None = None
        if pair.mode == "changes":
            keys = comparing.changed_keys(db, breaks.open_keys(db, *labels))
        found = comparing.changes(db, keys) if keys is not None else comparing.everything(db)
        opened = breaks.open(db, pair.run_id, classify(db, comparing, found, now, logins), now)
        totals = comparing.totals(db)
        if pair.mode != "changes":
            rest = classify(db, comparing, comparing.unexplained(db, totals), now, logins)
            opened += breaks.open(db, pair.run_id, rest, now)
        for break_id, why in accepted.without_proof(db, profile, *labels):
            breaks.reopen(db, [break_id], ENGINE, why, now)
        gone = _close_gone(db, profile, pair, comparing, keys, window, now)
        comparison.clean(db, comparing.definition_id, pair.target)
        _verify(db, pair, comparing, now)
        reconciliations.complete(
            db, pair.run_id, now,
            source_rows=comparison.count(db, [side.id for side in pair.sources]),
            target_rows=comparison.count(db, [side.id for side in pair.targets]),
            compared=comparing.compared, opened=len(opened.new) + len(opened.reopened), persisting=opened.persisting,
            closed=len(gone), totals=totals,
        )  # fmt: skip
        events.append(db, _events(db, opened, gone, now))
        if opened.new or opened.reopened or gone:
            audit.record(db, [_entry(pair, opened, gone)], now)


def _close_gone(
    db: Connection,
    profile: Profile,
    pair: _Planned,
    comparing: Comparison,
    keys: Sequence[str] | None,
    window: Periods | None,
    now: datetime,
) -> tuple[int, ...]:
    """Close what was not found again, in words that say why: both sides agree, or one of them is compared no more."""
    labels = (pair.name, comparing.source_label, comparing.target_label)
    parted: tuple[int, ...] = ()
    if comparing.parted:
        parted = breaks.close_gone(
            db, pair.run_id, *labels, now, keys=sorted(comparing.parted), why=breaks.PARTED
        )
    if pair.definition.pairing == "each":
        compared = {*pair.beside, *profile.systems}
        parted += breaks.close_parted(db, pair.run_id, pair.name, compared, now)
    if keys is not None:
        aspects: tuple[breaks.Aspect, ...] = ("document", "duplicate")
        gone = breaks.close_gone(
            db, pair.run_id, *labels, now, keys=keys, aspects=aspects, but=comparing.unreadable
        )
    else:
        gone = breaks.close_gone(db, pair.run_id, *labels, now, periods=window, but=comparing.unreadable)
    return parted + gone


def _verify(db: Connection, pair: _Planned, comparing: Comparison, now: datetime) -> None:
    """What a target shows as its source does is proven: its deliveries are verified.

    Only those from before this run: what was delivered since then it has not read. That no break is about a document proves
    nothing: a status that it only passes through is none.
    """
    run = reconciliations.get(db, pair.run_id)
    assert run is not None, "it was begun before the sides were read"
    last = 0
    systems = {side.system for side in pair.targets}
    while batch := outbox.unverified(db, VERIFY_AT_ONCE, after=last, until=run.started_at):
        last = batch[-1].entry_id
        wanted = [
            one
            for one in batch
            if one.operation in pair.definition.proves and one.system in systems and one.external_id
        ]
        shown = comparing.agreeing(db, [str(one.external_id) for one in wanted])
        outbox.mark_verified(db, [one.entry_id for one in wanted if one.external_id in shown], now)


def _events(db: Connection, opened: breaks.Opened, gone: Sequence[int], now: datetime) -> Iterator[Event]:
    for participle, ids in (("opened", opened.new), ("reopened", opened.reopened), ("closed", gone)):
        for break_id in ids:
            one = breaks.get(db, break_id)
            assert one is not None, "it was written in this transaction"
            name = "fixed" if participle == "closed" and one.state == "fixed" else participle
            yield Event(
                id=f"finsync:break:{break_id}:{name}:run{one.last_run_id}:{text(now)}",
                type=event_type("break", name),
                source="finsync",
                subject=one.document_key or f"break:{break_id}",
                time=now,
                correlation_id=one.document_key,
                data={
                    "break": break_id, "definition": one.definition, "kind": one.kind, "class": one.class_,
                    "number": one.document_number, "amount_minor": one.amount_minor, "currency": one.currency,
                },
            )  # fmt: skip


def _entry(pair: _Planned, opened: breaks.Opened, gone: Sequence[int]) -> audit.Entry:
    return audit.Entry(
        who=ENGINE,
        what="reconciliation.completed",
        subject=f"reconciliation:{pair.name}",
        after={
            "run": pair.run_id, "mode": pair.mode, "opened": list(opened.new), "reopened": list(opened.reopened),
            "closed": list(gone), "persisting": opened.persisting,
        },
    )  # fmt: skip


def ask(db: Connection, name: str) -> None:
    """Have a definition compared whole with the engine's next cycle, whenever its rhythm would."""
    meta.set(db, f"{_ASKED}{name}.", "yes")


def end_removed(store: Store, profile: Profile, now: datetime) -> None:
    """Close the breaks of definitions that the profile has no more: nothing would ever look for them again."""
    removed = [name for name in breaks.live_definitions(store.db) if name not in profile.reconciliations]
    if not removed:
        return
    with store.transaction() as db:
        gone = breaks.close_removed(db, removed, now)
        events.append(db, _events(db, breaks.Opened(), gone, now))
        entry = audit.Entry(
            who=ENGINE,
            what="reconciliation.removed",
            subject=f"reconciliation:{removed[0]}",
            after={"definitions": removed, "closed": list(gone)},
        )
        audit.record(db, [entry], now)


def _note_ran(db: Connection, name: str, mode: Mode, now: datetime) -> None:
    for one in ("full", "changes") if mode == "full" else (mode,):
        meta.set(db, f"{_RAN}{name}.{one}", text(now))
    meta.clear(db, f"{_FAILED}{name}.")
    if mode == "full":  # what was asked for is to be read afresh, whether it has changed or not
        meta.clear(db, f"{_ASKED}{name}.")


def _next(db: Connection, name: str, mode: Mode, every: timedelta) -> datetime:
    """Return when a definition runs next; what never ran is due at once."""
    last = meta.get(db, f"{_RAN}{name}.{mode}")
    return instant(last) + every if last else datetime.min.replace(tzinfo=UTC)
