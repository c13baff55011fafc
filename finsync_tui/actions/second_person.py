"""What takes two persons besides mappings: what the maker signs, what the checker signs, what is checked before it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actions.mappings import ProposalRefusedError, checked_key
from finsync_tui.actor import Actor
from finsync_tui.mapping.standing import maker_refusal, refusal
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import proposals
from store.errors import NotAllowedError
from store.proposals import Kind, NewProposal, Proposal, Rule


@dataclass(frozen=True, slots=True)
class Base:
    """What a change was made from, where what is decided has versions."""

    version: int = 0
    digest: str = proposals.digest("")
    layer_version: int = 0
    effective_from: date | None = None
    """The first day of the change."""


def propose(
    db: Connection,
    profile: Profile,
    actor: Actor,
    signer: Signer | None,
    *,
    kind: Kind,
    what: str,
    name: str,
    body: str,
    reason: str,
    now: datetime,
    base: Base | None = None,
) -> int:
    """Keep what takes two persons, signed by its maker, until somebody else decides; return the proposal's number."""
    signer = required(actor, signer, what)
    base = base or Base()
    change = NewProposal(
        kind=kind, name=name, base_version=base.version, base_digest=base.digest, body=body,
        layer_version=base.layer_version, effective_from=base.effective_from, reason=reason, maker=actor.name,
        made_at=now, rule="two",
    )  # fmt: skip
    checked_key(profile, signer, now)
    signature = signer.sign(proposals.made_statement(proposals.make_store_id(db), change))
    return proposals.propose(db, change, signature)


def required(actor: Actor, signer: Signer | None, what: str) -> Signer:
    """Return the person's own key; raise where they have none."""
    if signer is None or signer.name != actor.name:
        raise people.KeyMissingError(
            actor.name,
            f"{what} that takes two persons is signed by both",
            "Run `finsync people key` first.",
        )
    return signer


def alone(
    db: Connection,
    profile: Profile,
    actor: Actor,
    signer: Signer | None,
    *,
    kind: Kind,
    what: str,
    name: str,
    body: str,
    reason: str,
    rule: Rule,
    now: datetime,
) -> int:
    """Keep what one person's word decides at once, signed where the profile asks for signatures (`rule`); return its number."""
    change = NewProposal(
        kind=kind, name=name, base_version=0, base_digest=proposals.digest(""), body=body, layer_version=0,
        reason=reason, maker=actor.name, made_at=now, rule="one",
    )  # fmt: skip
    signature = None
    if rule == "two":
        if signer is None or signer.name != actor.name:
            raise people.KeyMissingError(
                actor.name, f"{what} is signed by whoever says it", "Run `finsync people key` first."
            )
        checked_key(profile, signer, now)
        signature = signer.sign(proposals.made_statement(proposals.make_store_id(db), change))
    number = proposals.propose(db, change, signature)
    proposals.decide(
        db, number, "approved", by=actor.name, at_=now, decision=reason, version=proposals.ONLY_VERSION
    )
    return number


def approve(
    db: Connection,
    profile: Profile,
    actor: Actor,
    signer: Signer,
    found: Proposal,
    *,
    what: str,
    body: str,
    comment: str,
    now: datetime,
    act: str,
    version: int = proposals.ONLY_VERSION,
) -> None:
    """Sign what another person proposed as it is now; `what` it is about. What would not stand later is refused here."""
    if found.maker == actor.name:
        raise NotAllowedError(
            f"{actor.name} proposed to {act} {what} and can't approve it too. Nothing was changed. Ask somebody else."
        )
    problem = maker_refusal(profile, proposals.store_id(db), found)
    if problem is None and found.body != body:
        problem = f"{what} has changed since it was proposed to {act} it"
    if problem is not None:
        raise ProposalRefusedError(found.id, problem)
    checked_key(profile, signer, now)
    statement = proposals.decided_statement(
        proposals.store_id(db), found, checker=actor.name, decided_at=now, version=version
    )
    proposals.decide(
        db, found.id, "approved", by=actor.name, at_=now, decision=comment, signature=signer.sign(statement),
        version=version,
    )  # fmt: skip
    decided = proposals.get(db, found.id)
    assert decided is not None
    problem = refusal(profile, proposals.store_id(db), decided)
    if problem is not None:
        raise ProposalRefusedError(found.id, problem)


def withdraw(
    db: Connection,
    actor: Actor,
    found: Proposal,
    *,
    what: str,
    command: str,
    reason: str,
    now: datetime,
    noun: str,
) -> None:
    """Take one's own proposal back before anybody decided; the proposal stays with the reason."""
    if found.maker != actor.name:
        raise NotAllowedError(
            f"the {noun} of {what} is {found.maker}'s: only they can withdraw it. Nothing was changed. "
            f"An approver says no to it with `{command} --reject`."
        )
    proposals.decide(db, found.id, "withdrawn", by=actor.name, at_=now, decision=reason)


def waiting(db: Connection, proposal_id: int | None, kind: str) -> Proposal | None:
    """Return the proposal of that kind that waits for a second person; None: none does."""
    found = open_on(db, proposal_id)
    return found if found is not None and found.kind == kind else None


def open_on(db: Connection, proposal_id: int | None) -> Proposal | None:
    """Return the proposal if it still waits, of whatever kind."""
    found = proposals.get(db, proposal_id) if proposal_id is not None else None
    return found if found is not None and found.state == "open" else None
