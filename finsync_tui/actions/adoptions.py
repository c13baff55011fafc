"""Adopting the target's value: where the profile says that the target is its master, its source gets it.

Two persons sign it where the profile asks for them. The engine checks that again before it writes, and the break ends when
both sides, read afresh, agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.actions import adopting, second_person
from finsync_tui.actions.acting import Seen
from finsync_tui.actions.breaks import compare_soon, open_break, subject_of, tell
from finsync_tui.actions.matters import Acts, Matter
from finsync_tui.actor import Actor
from finsync_tui.flows.break_adoption import KIND, NAME, name_of
from finsync_tui.governance.limits import Taken
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import Store, breaks, glances, workflows
from store.breaks import Break
from store.canonical.keys import RecordKey
from store.columns import from_json
from store.errors import NotAllowedError
from store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of an adoption."""

    break_id: int
    proposal: int | None
    """None: one person was enough."""
    is_in_force: bool
    """The engine writes it with its next cycle; False: it waits for a second person."""


def adopt_target(
    store: Store, profile: Profile, actor: Actor, break_id: int, reason: str, signer: Signer | None = None, *,
    seen: Seen | None = None,
) -> Adopted:  # fmt: skip
    """Let the source have the target's values; where it takes two persons, it waits for the second. `seen`: how the break
    stood when the person decided."""
    done = _ADOPTION.ask(store, profile, actor, break_id, reason, signer, seen)
    return Adopted(break_id, done.proposal, done.is_in_force)


def approve_adoption(
    store: Store, profile: Profile, actor: Actor, break_id: int, signer: Signer, comment: str = ""
) -> Adopted:
    """Approve another person's adoption, of the same values as they are planned now."""
    done = _ADOPTION.approve(store, profile, actor, break_id, signer, comment)
    return Adopted(break_id, done.proposal, done.is_in_force)


def reject_adoption(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Say no to an adoption; the break stays open."""
    _ADOPTION.reject(store, actor, break_id, reason)


def withdraw_adoption(store: Store, actor: Actor, break_id: int, reason: str) -> None:
    """Take one's own adoption back before anybody decided."""
    _ADOPTION.withdraw(store, actor, break_id, reason)


def is_adoption(store: Store, break_id: int) -> bool:
    """Say whether what waits for a second person on a break is an adoption."""
    one = breaks.get(store.db, break_id)
    return one is not None and second_person.waiting(store.db, one.proposal_id, KIND) is not None


def _body(db: Connection, profile: Profile, one: Break) -> str:
    planned = adopting.plan(db, profile, one)
    if isinstance(planned, str):
        raise NotAllowedError(f"break {one.id}: {planned}. Nothing was changed.")
    key = RecordKey(str(planned["system"]), str(planned["external_id"]))
    if any(
        w.flow == NAME and w.ended_at is None for w in workflows.of_document(db, str(key), planned["entity"])
    ):
        raise NotAllowedError(f"break {one.id}: its value is being adopted already. Nothing was changed.")
    return adopting.body_of(planned)


def _finish(
    store: Store, db: Connection, actor: Actor, one: Break, reason: str, found: Proposal | None, body: str,
    now: datetime,
) -> None:  # fmt: skip
    """Begin the process that tells the source; both sides are compared when it has."""
    planned: dict[str, Any] = from_json(body)
    key = str(RecordKey(str(planned["system"]), str(planned["external_id"])))
    earlier = [w for w in workflows.of_document(db, key, planned["entity"]) if w.flow == NAME]
    version = 1 + max((w.document_version for w in earlier), default=0)
    started = workflows.start(
        db, flow=NAME, kind="adopt", entity=str(planned["entity"]), document_key=key,
        document_number=one.document_number, document_version=version, document_revision="", step="check_approval",
        legal_entity=one.legal_entity, data={"plan": body, "proposal": found.id if found else None}, now=now,
    )  # fmt: skip
    assert started is not None, "its version is new"
    breaks.note_fix(db, [one.id], "adopt", actor.name, f"{adopting.told(one)}: {reason}", now)
    compare_soon(db, one)
    tell(db, one, "adopted", now)


def _keep(db: Connection, one: Break, proposal: int, who: str, reason: str, now: datetime) -> None:
    breaks.propose(db, [one.id], proposal, who, "adoption proposed", reason, now)


def _told(one: Break) -> dict[str, object]:
    return {"break": one.id, "definition": one.definition, "values": adopting.told(one)}


_ADOPTION: Final[Matter[Break]] = Matter(
    kind=KIND,
    noun="break",
    act="adopt",
    act_done="adopted",
    what="an adoption",
    command="breaks adopt",
    acts=Acts(
        "break.adoption_proposed", "break.adopted", "break.adoption_rejected", "break.adoption_withdrawn"
    ),
    get=open_break,
    glances=glances.of_breaks,
    name=name_of,
    takes=lambda db, profile, one, now: Taken(profile.adoption_rule),
    body=_body,
    subject=subject_of,
    told=_told,
    keep=_keep,
    note=lambda db, one, who, words, now: breaks.comment(db, [one.id], who, words, now),
    finish=_finish,
)
