"""Reading delivered documents back, in batches, and telling their instances what was seen.

What to read and what to compare is one `Check` for each step that waits for it; this module only does the reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Protocol

from adapters.base import Adapter, Translated
from adapters.broken import translated
from adapters.errors import AdapterError
from finsync_tui.reconcile.compare import Difference
from store import Store, systems, workflows
from store.canonical.record import CanonicalRecord
from store.clock import Clock
from store.workflows import Workflow

BATCH = 200
LOOK_AGAIN = timedelta(minutes=5)
"""After how long a system that has not finished yet is looked at again."""


@dataclass(frozen=True, slots=True)
class Want:
    """One record to be read afresh."""

    system: str
    entity: str
    external_id: str


Found = Mapping[Want, CanonicalRecord]
"""What was read. A wanted record that is not there does not exist in its system."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reading showed: the differences by system, or that a system is still at work."""

    differences: Mapping[str, Sequence[Difference]]
    still_waits_for: str | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)
    """What of the reading the instance's own steps need, as JSON values."""


class Check(Protocol):
    """What one step of one flow wants read back, and what it makes of it."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want] | None:
        """Return what is to be read; None: the instance waits for something else there."""
        ...

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen: ...


@dataclass(frozen=True, slots=True)
class Verified:
    """How many instances were read back, and how many showed a difference."""

    read: int = 0
    differing: int = 0

    def __add__(self, other: Verified) -> Verified:
        return Verified(self.read + other.read, self.differing + other.differing)


async def verify(
    store: Store, adapters: Mapping[str, Adapter], checks: Mapping[tuple[str, str], Check], clock: Clock
) -> Verified:
    """Read back what waits for it. A system that can't be asked now is asked in the next cycle."""
    total = Verified()
    for step in sorted({step for _, step in checks}):
        last = 0
        while batch := workflows.waiting_at(store.db, step, clock.now(), BATCH, after=last):
            last = batch[-1].id
            total += await _verify_batch(store, adapters, checks, clock, batch)
    return total


async def _verify_batch(
    store: Store,
    adapters: Mapping[str, Adapter],
    checks: Mapping[tuple[str, str], Check],
    clock: Clock,
    batch: Sequence[Workflow],
) -> Verified:
    waiting = [
        (w, checks[w.flow, w.step])
        for w in batch
        if (w.flow, w.step) in checks and not w.data.get("read_back")
    ]
    asked = ((workflow, check, check.wants(store.db, workflow)) for workflow, check in waiting)
    wanted = [
        (workflow, check, wants)
        for workflow, check, wants in asked
        if wants is not None and all(want.system in adapters for want in wants)
    ]
    if not wanted:
        return Verified()
    found, away = await read_afresh(
        store, adapters, clock, [want for _, _, wants in wanted for want in wants]
    )
    read = differing = 0
    with store.transaction() as db:
        for workflow, check, wants in wanted:
            if any((want.system, want.entity) in away for want in wants):
                continue
            seen = check.see(db, workflow, found)
            _tell(db, workflow, seen, clock.now())
            if seen.still_waits_for is None:
                read += 1
                differing += any(seen.differences.values())
    return Verified(read, differing)


def _tell(db: Connection, workflow: Workflow, seen: Seen, now: datetime) -> None:
    if seen.still_waits_for is not None:
        workflows.save(
            db, workflow.id, state="waiting", step=workflow.step, data=workflow.data, due_at=workflow.due_at,
            waiting_for=seen.still_waits_for, wake_at=now + LOOK_AGAIN, now=now,
        )  # fmt: skip
        return
    shown = {system: [asdict(d) for d in differences] for system, differences in seen.differences.items()}
    workflows.save(
        db, workflow.id, state="running", step=workflow.step, data={**workflow.data, **seen.kept, "read_back": shown},
        due_at=workflow.due_at, now=now,
    )  # fmt: skip


async def read_afresh(
    store: Store, adapters: Mapping[str, Adapter], clock: Clock, wants: Sequence[Want]
) -> tuple[dict[Want, CanonicalRecord], set[tuple[str, str]]]:
    """Read these afresh; return them, and the (system, entity) pairs that can't be read now."""
    found: dict[Want, CanonicalRecord] = {}
    away: set[tuple[str, str]] = set()
    groups: dict[tuple[str, str], list[str]] = {}
    for want in dict.fromkeys(wants):
        groups.setdefault((want.system, want.entity), []).append(want.external_id)
    for (system, entity), external_ids in groups.items():
        if not systems.is_open(store.db, system, clock.now()):
            away.add((system, entity))
            continue
        try:
            rows = await adapters[system].read_many(entity, external_ids)
        except AdapterError as error:
            with store.transaction() as db:
                systems.unread(db, system, str(error), clock.now(), error.closes_for)
            away.add((system, entity))
            continue
        for item in translated(adapters[system], entity, rows):
            if isinstance(item, Translated):
                found[Want(system, entity, item.external_id)] = item.record
    return found, away
