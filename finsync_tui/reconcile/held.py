"""What waits for an analyst may be over at its source: looked at again once in a while, and ended when it is.

Each hour at first, and more and more seldom the longer it waits.

Nothing else is decided here. An instance whose write may have happened unseen stays with its analyst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from sqlite3 import Connection
from typing import Final, Protocol

from adapters.base import Adapter
from finsync_tui.reconcile.expenses import HeldDocument
from finsync_tui.reconcile.intervals import is_turn
from finsync_tui.reconcile.read_back import BATCH, Found, Want, read_afresh
from finsync_tui.reconcile.reports import HeldReport
from store import Store, audit, cases, meta, outbox, workflows
from store.clock import Clock, instant, text
from store.workflows import Workflow

LOOK_EVERY: Final = timedelta(hours=1)
_LOOKED: Final = "held.looked_at"
_ENGINE: Final = "engine"


class HeldCheck(Protocol):
    """What is read again of a held instance, and whether it is over."""

    step: str
    """Where an instance goes on that is over at its source."""

    def wants(self, db: Connection, workflow: Workflow) -> Want: ...

    def doubts(self, db: Connection, workflow: Workflow, found: Found) -> Want | None:
        """Return what else has to be read before it is known; None: nothing."""
        ...

    def is_over(self, db: Connection, workflow: Workflow, found: Found) -> str | None:
        """Say why it is over at its source; None: it is not, or nobody can say."""
        ...


HELD: Final[Mapping[str, HeldCheck]] = {
    "expense_to_reimbursement": HeldDocument(),
    "expense_validation": HeldReport(),
}


async def look_again(store: Store, adapters: Mapping[str, Adapter], clock: Clock) -> int:
    """Read what held instances are about, when it is time; let those go on that are over, and return how many."""
    before = meta.get(store.db, _LOOKED)
    last_look = instant(before) if before is not None else None
    now = clock.now()
    if last_look is not None and now - last_look < LOOK_EVERY:
        return 0
    ended, away = 0, False
    for flow, check in HELD.items():
        last = 0
        while batch := workflows.held(store.db, flow, BATCH, after=last):
            last = batch[-1].id
            due = [w for w in batch if is_turn(w.changed_at, last_look, now, every=LOOK_EVERY)]
            done = await _look(store, adapters, clock, check, due)
            ended, away = ended + done.ended, away or done.is_away
    if not away:  # what a system away could not show is looked at when it is back
        with store.transaction() as db:
            meta.set(db, _LOOKED, text(now))
    return ended


@dataclass(frozen=True, slots=True)
class _Looked:
    ended: int
    is_away: bool


async def _look(
    store: Store,
    adapters: Mapping[str, Adapter],
    clock: Clock,
    check: HeldCheck,
    batch: Sequence[Workflow],
) -> _Looked:
    wants = {w.id: check.wants(store.db, w) for w in batch}
    asked = [w for w in batch if wants[w.id].system in adapters]
    found, away = await read_afresh(store, adapters, clock, [wants[w.id] for w in asked])
    asked = [w for w in asked if (wants[w.id].system, wants[w.id].entity) not in away]
    more = [want for w in asked if (want := check.doubts(store.db, w, found)) is not None]
    if more:
        further, gone = await read_afresh(store, adapters, clock, more)
        found |= further
        away |= gone
    over = {w.id: why for w in asked if (why := check.is_over(store.db, w, found)) is not None}
    ended = 0
    if not over:
        return _Looked(0, bool(away))
    with store.transaction() as db:
        for workflow_id, why in over.items():
            ended += _end(db, workflow_id, check.step, why, clock)
    return _Looked(ended, bool(away))


def _end(db: Connection, workflow_id: int, step: str, why: str, clock: Clock) -> bool:
    """Let it go on at the step that ends it, unless a person was faster or a write may have happened."""
    now = clock.now()
    workflow = workflows.get(db, workflow_id)
    if workflow is None or workflow.state != "held":
        return False
    if any(outbox.may_have_happened(one) for one in outbox.of_workflow(db, workflow_id)):
        return False
    cases.end_for_workflow(db, workflow_id, "closed", _ENGINE, why, now)
    data = {name: value for name, value in workflow.data.items() if name not in ("return", "read_back")}
    workflows.save(db, workflow_id, state="running", step=step, data=data, due_at=workflow.due_at, now=now)
    what = audit.Entry(
        who=_ENGINE,
        what="exception.closed",
        subject=workflow.document_key,
        after={"workflow": workflow_id, "why": why},
    )
    audit.record(db, [what], now)
    return True
