"""What makes a write-off count: a second person's signature over the break as it is, checked each time a run meets it."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from finsync_tui.mapping.standing import refusal
from finsync_tui.profile import Profile
from store import breaks, proposals
from store.breaks import Break
from store.columns import encode

KIND: Final = "write_off"
VERSION: Final = 1
"""A write-off is decided once."""


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
    if profile.write_off_takes(one.amount_minor, one.currency) == "one":
        return None
    found = proposals.get(db, one.proposal_id) if one.proposal_id is not None else None
    if found is None or found.kind != KIND or found.name != name_of(one.id) or found.state != "approved":
        return "nobody else approved it"
    if found.body != body_of(one):
        return "what was approved is another difference"
    return refusal(profile, proposals.store_id(db), found)


def without_proof(
    db: Connection, profile: Profile, definition: str, source_system: str, target_system: str
) -> list[tuple[int, str]]:
    """Return the breaks that claim to be written off and are not, with the reason."""
    claimed = breaks.written_off_live(db, definition, source_system, target_system)
    return [(one.id, why) for one in claimed if (why := problem_of(db, profile, one)) is not None]
