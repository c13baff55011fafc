"""Putting a change of tables or rules in force before a second person has approved it, and ending that again."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actor import Actor
from finsync_tui.mapping import emergencies
from finsync_tui.mapping.emergencies import ACT, InForce
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import emergencies as stored
from store import proposals, workflows
from store.errors import NotAllowedError
from store.proposals import Kind, Proposal


def require(actor: Actor, kind: Kind, rule: str) -> None:
    """Raise unless the person may put changes of that kind in force at once, and the profile asks for a second one at all."""
    people.require(actor.name, actor.roles, ACT[kind])
    if rule == "one":
        raise NotAllowedError(
            "one person is enough here, so a change needs no emergency to be in force at once. Nothing was changed."
        )


def require_none(db: Connection, kind: Kind, name: str, *, but: int = 0) -> None:
    """Raise while an emergency change of the same table or policy waits for its second person: that is decided first."""
    waiting = stored.live(db, kind).get(name)
    if waiting is not None and waiting[0].id != but:
        raise NotAllowedError(
            f"{name} is in force by the emergency change {waiting[0].id}, which nobody has approved yet. Nothing was changed. "
            f"Somebody else approves or rejects {waiting[0].id} first ({kind} approve, {kind} reject; key A or R)."
        )


def require_new(db: Connection, kind: Kind, name: str, body: str) -> None:
    """Raise where the same rules were in force in an emergency before and nobody agreed: it takes two from then on."""
    for change, one in stored.of_name(db, kind, name):
        if change.body == body and one.ending in ("rejected", "withdrawn", "late"):
            raise NotAllowedError(
                f"these rules were in force by the emergency change {change.id}, which ended as {one.ending}. They can't be put "
                "in force at once again. Nothing was changed. Propose them without --emergency."
            )


def put_in_force(
    db: Connection, profile: Profile, signer: Signer, proposal_id: int, version: int, now: datetime
) -> InForce:
    """Sign that a proposal is in force from now on as that version."""
    change = proposals.get(db, proposal_id)
    assert change is not None, "it was proposed in this transaction"
    step = workflows.last_step(db)
    statement = proposals.put_in_force_statement(
        proposals.store_id(db), change, put_at=now, version=version, step_before=step
    )
    stored.put(
        db, proposal_id, put_at=now, version=version, step_before=step, signature=signer.sign(statement)
    )
    one = stored.get(db, proposal_id)
    assert one is not None, "it was put in this transaction"
    known = emergencies.in_force(profile, change, one)
    emergencies.note_put(db, known, "policy" if change.kind == "policy" else "mapping", change.name, now)
    return known


def of(db: Connection, change: Proposal) -> stored.Emergency | None:
    """Return how an open proposal is in force already; None: it is not."""
    one = stored.get(db, change.id)
    return one if one is not None and one.ended_at is None else None
