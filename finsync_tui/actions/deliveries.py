"""What a person may do with deliveries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from sqlite3 import Connection

from finsync_tui import people, veil
from finsync_tui.actions.acting import (
    Outcome,
    Seen,
    checked_json,
    checked_reason,
    note_action,
    overtaken,
    resume_waiting,
)
from finsync_tui.actor import Actor
from finsync_tui.flows import agreed
from finsync_tui.reconcile.proving import follows
from store import Store, cases, glances, outbox, workflows
from store.errors import NotAllowedError, NotFoundError
from store.outbox import Delivery

_UNSENT = ("pending", "held", "cancelled")


def hold_deliveries(
    store: Store, actor: Actor, entry_ids: Sequence[int], reason: str, *, seen: Seen | None = None
) -> Outcome:
    """Keep deliveries back until they are released."""
    return _each_delivery(
        store, actor, entry_ids, "delivery.held", reason, outbox.hold, "it is not pending", seen=seen
    )


def release_deliveries(
    store: Store, actor: Actor, entry_ids: Sequence[int], reason: str, *, seen: Seen | None = None
) -> Outcome:
    """Let held deliveries go."""
    return _each_delivery(
        store, actor, entry_ids, "delivery.released", reason, outbox.release, "it is not held", seen=seen
    )


def cancel_deliveries(
    store: Store, actor: Actor, entry_ids: Sequence[int], reason: str, *, seen: Seen | None = None
) -> Outcome:
    """Never send these. A delivery whose outcome is unknown can't be cancelled: it may have happened."""

    def cancel(db: Connection, ids: Sequence[int], now: datetime) -> int:
        known = [i for i in ids if (held := outbox.get(db, i)) is not None and not held.is_outcome_unknown]
        return outbox.cancel(db, known, now)

    return _each_delivery(
        store,
        actor,
        entry_ids,
        "delivery.cancelled",
        reason,
        cancel,
        "it is under way, already done, or may have happened: let it be looked up, or resolve its exception",
        seen=seen,
    )


def replay_deliveries(
    store: Store, actor: Actor, entry_ids: Sequence[int], reason: str, edited_body: str | None = None, *,
    seen: Seen | None = None,
) -> Outcome:  # fmt: skip
    """Send dead or refused deliveries again, edited or not; the original decision stays."""
    if edited_body is not None:
        checked_json(edited_body)
    whole: dict[int, str] = {}

    def refusal(db: Connection, delivery: Delivery) -> str | None:
        if edited_body is None:
            return None
        try:
            whole[delivery.entry_id] = veil.restored(edited_body, delivery.edited_body, delivery.body)
        except ValueError as error:
            return str(error)
        return agreed.edit_refusal(db, delivery, whole[delivery.entry_id])

    def replay(db: Connection, ids: Sequence[int], now: datetime) -> int:
        current = [entry_id for entry_id in ids if _is_current(db, entry_id)]
        if edited_body is None:
            done = outbox.replay(db, current, now)
        else:
            done = sum(outbox.replay(db, [one], now, edited_body=whole[one]) for one in current)
        if done:
            for entry_id in current:
                _follow_replay(store, db, entry_id, actor)
        return done

    return _each_delivery(
        store,
        actor,
        entry_ids,
        "delivery.replayed",
        reason,
        replay,
        "it is not dead, refused or held, or a later decision for its document has taken its place",
        refusal,
        seen=seen,
    )


def _is_current(db: Connection, entry_id: int) -> bool:
    """Say whether sending this now could not undo something newer: its instance lives, and nothing later was sent.

    What a system said yes to and does not show may be sent again though its instance is done: it is looked up first, and
    looked for again afterwards. There only a later delivery that takes its place is newer.
    """
    delivery = outbox.get(db, entry_id)
    assert delivery is not None, "an entry is never taken away"
    workflow = workflows.get(db, delivery.workflow_id) if delivery.workflow_id is not None else None
    is_over = workflow is not None and workflow.ended_at is not None
    if is_over and not (delivery.was_doubted and workflow is not None and workflow.state == "done"):
        return False
    later = [
        other
        for other in outbox.of_document(db, delivery.entity, delivery.document_key)
        if other.entry_id > entry_id and other.system == delivery.system and other.state not in _UNSENT
    ]
    return not any(follows(delivery, other) if delivery.was_doubted else True for other in later)


def _follow_replay(store: Store, db: Connection, entry_id: int, actor: Actor) -> None:
    """A replayed delivery ends the exception it had caused, and its instance waits for it again."""
    entry = outbox.get(db, entry_id)
    assert entry is not None
    for case in cases.live_for_document(db, entry.document_key):
        if case.entry_id == entry_id:
            cases.end(db, [case.id], "closed", actor.name, "its delivery was replayed", store.clock.now())
            resume_waiting(store, db, case)


def _waits_for_analyst(db: Connection, delivery: Delivery) -> bool:
    """Say whether another exception of its instance is still open: that one decides when it goes on."""
    live = cases.live_for_document(db, delivery.document_key)
    return any(case.workflow_id == delivery.workflow_id for case in live)


def _each_delivery(
    store: Store,
    actor: Actor,
    entry_ids: Iterable[int],
    what: str,
    reason: str,
    act: Callable[[Connection, Sequence[int], datetime], int],
    why_not: str,
    refusal: Callable[[Connection, Delivery], str | None] | None = None,
    *,
    seen: Seen | None,
) -> Outcome:
    people.require(actor.name, actor.roles, what)
    wanted = list(dict.fromkeys(entry_ids))
    reason = checked_reason(reason)
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    with store.transaction() as db:
        stands = glances.of_deliveries(db, [entry_id for entry_id in wanted if entry_id in (seen or {})])
        for entry_id in wanted:
            delivery = outbox.get(db, entry_id)
            if delivery is None:
                if len(wanted) == 1:
                    raise NotFoundError("delivery", str(entry_id), "`finsync outbox list` shows them.")
                refused.append((entry_id, "there is no such delivery"))
                continue
            problem = overtaken(seen, stands, entry_id)
            if problem is None and refusal is not None:
                problem = refusal(db, delivery)
            if problem is None and not act(db, [entry_id], store.clock.now()):
                problem = why_not
            if problem is not None:
                if len(wanted) == 1:
                    raise NotAllowedError(f"delivery {entry_id}: {problem}. Nothing was changed.")
                refused.append((entry_id, problem))
            else:
                if delivery.workflow_id is not None and not _waits_for_analyst(db, delivery):
                    workflows.wake(db, [delivery.workflow_id], store.clock.now())
                note_action(store, db, actor, what, delivery.document_key, reason, {"delivery": entry_id})
                done.append(entry_id)
    return Outcome(tuple(done), tuple(refused))
