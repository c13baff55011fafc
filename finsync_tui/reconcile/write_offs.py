"""What makes a write-off count: a second person's signature over the break as it is, checked each time a run meets it."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from finsync_tui.mapping.standing import disagreement
from finsync_tui.profile import Profile
from store import breaks
from store.breaks import Break
from store.columns import encode

KIND: Final = "write_off"


def body_of(one: Break) -> str:
    """Return what the two persons sign: the difference, and the money that is given up."""
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


def problem_of(db: Connection, profile: Profile, one: Break) -> str | None:
    """Say why a break may not stand as written off; None: it may."""
    rule = profile.write_off_takes(one.amount_minor, one.currency)
    return disagreement(
        db,
        profile,
        rule,
        one.proposal_id,
        kind=KIND,
        name=name_of(one.id),
        body=body_of(one),
        what="difference",
    )


def without_proof(
    db: Connection, profile: Profile, definition: str, source_system: str, target_system: str
) -> list[tuple[int, str]]:
    """Return the breaks that claim to be written off and are not, with the reason."""
    claimed = breaks.written_off_live(db, definition, source_system, target_system)
    return [(one.id, why) for one in claimed if (why := problem_of(db, profile, one)) is not None]
