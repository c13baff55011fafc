"""What makes a write-off or an explanation count: a second person's signature over the break as it is, checked each time a run meets it."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final, Literal

from finsync_tui.governance.limits import Limits
from finsync_tui.mapping.standing import disagreement
from finsync_tui.profile import Profile
from store import breaks, proposals
from store.breaks import Break
from store.columns import encode

WRITE_OFF: Final = "write_off"
EXPLANATION: Final = "explanation"


def body_of(one: Break) -> str:
    """Return what the two persons sign: the difference, and the money that nobody asks for any more."""
    said = {
        "break": one.id,
        "definition": one.definition,
        "key": one.key,
        "kind": one.kind,
        "document": one.document_number,
        "fingerprint": one.fingerprint,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
    }
    return encode(said).decode()


def name_of(break_id: int) -> str:
    return f"break-{break_id}"


def without_proof(
    db: Connection, profile: Profile, definition: str, source_system: str, target_system: str
) -> list[tuple[int, str]]:
    """Return the breaks that claim to be written off or explained and are not, with the reason."""
    claimed = breaks.accepted_live(db, definition, source_system, target_system)
    if not claimed:
        return []
    limits = Limits(db, profile)
    return [
        (one.id, f"it is not {one.state.replace('_', ' ')}: {why}")
        for one in claimed
        if (why := _problem(db, profile, limits, one)) is not None
    ]


def _problem(db: Connection, profile: Profile, limits: Limits, one: Break) -> str | None:
    is_written_off = one.state == "written_off"
    kind: Literal["write_off", "explanation"] = WRITE_OFF if is_written_off else EXPLANATION
    at = one.ended_at or one.changed_at or one.opened_at
    rule = limits.of_break(one, "write_off" if is_written_off else "explain", at).persons
    problem = disagreement(
        db, profile, rule, one.proposal_id, kind=kind, name=name_of(one.id), body=body_of(one), what="difference"
    )  # fmt: skip
    if problem is None and rule == "two":
        found = proposals.get(db, one.proposal_id) if one.proposal_id is not None else None
        reopened = breaks.reopened_at(db, one.id)
        if found is None or (
            reopened is not None and found.decided_at is not None and found.decided_at < reopened
        ):
            return "it was opened again since two agreed on it"
    return problem
