"""What people do about changed bank details of a supplier: confirm with the supplier, approve, or refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui import people
from finsync_tui.actions import second_person
from finsync_tui.actions.account_words import refuse_account_number
from finsync_tui.actions.acting import checked_reason, note_action
from finsync_tui.actor import Actor
from finsync_tui.flows import supplier_bank_agreement as agreement
from finsync_tui.flows.supplier_bank_change import NAME
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import Store, cases, proposals, workflows
from store.canonical.supplier import SupplierBankAccount
from store.errors import NotAllowedError, NotFoundError
from store.workflows import Workflow

ACT: Final = "let through"
STEPS: Final = ("await_approval", "cool_off", "await_entry")
"""Where persons may still decide."""


@dataclass(frozen=True, slots=True)
class BankDecision:
    """What became of it."""

    change: int
    state: str
    """confirmed, approved, refused"""
    proposal: int | None


def confirm_bank_change(
    store: Store, profile: Profile, actor: Actor, change: int, reason: str, signer: Signer | None = None
) -> BankDecision:
    """Say, signed, that the supplier itself has confirmed it and how; where it takes two, it waits for the second."""
    people.require(actor.name, actor.roles, "bank_change.confirmed")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        workflow, account = _waiting(db, change)
        refuse_account_number(reason, [account.masked])
        _refuse_changer(db, workflow, actor)
        known = agreement.approval(db, workflow)
        if known is not None and known.body == agreement.body_of(workflow, account):
            raise NotAllowedError(
                f"bank change {change} was confirmed by {known.maker} already. Nothing was changed. A second person approves it "
                f"with `finsync supplier bank-approve {change}`."
            )
        name, body = agreement.name_of(workflow), agreement.body_of(workflow, account)
        if profile.bank_change_rule == "two":
            number = second_person.propose(
                db, profile, actor, signer, kind=agreement.KIND, what="a change of bank details", name=name, body=body,
                reason=reason, now=now,
            )  # fmt: skip
        else:
            number = second_person.alone(
                db, profile, actor, None, kind=agreement.KIND, what="a change of bank details", name=name, body=body,
                reason=reason, rule="one", now=now,
            )  # fmt: skip
        _go_on(db, workflow, workflow.data, actor, f"confirmed: {reason}", now)
        _note(store, db, actor, "bank_change.confirmed", workflow, account, reason, number)
    return BankDecision(change, "confirmed" if profile.bank_change_rule == "two" else "approved", number)


def approve_bank_change(
    store: Store, profile: Profile, actor: Actor, change: int, signer: Signer, comment: str = ""
) -> BankDecision:
    """Approve what another person has confirmed, signed; the cooling-off time begins."""
    people.require(actor.name, actor.roles, "bank_change.approved")
    now = store.clock.now()
    with store.transaction() as db:
        workflow, account = _waiting(db, change)
        refuse_account_number(comment, [account.masked])
        _refuse_changer(db, workflow, actor)
        found = agreement.approval(db, workflow)
        if found is None or found.state != "open":
            raise NotAllowedError(
                f"bank change {change} waits for nobody's approval. Nothing was changed. "
                + (
                    "It is approved already."
                    if found is not None
                    else f"`finsync supplier bank-confirm {change}` comes first."
                )
            )
        second_person.approve(
            db, profile, actor, signer, found, what=f"the bank details of {workflow.data['supplier']}",
            body=agreement.body_of(workflow, account), comment=comment, now=now, act=ACT,
        )  # fmt: skip
        _go_on(db, workflow, workflow.data, actor, "approved", now)
        _note(store, db, actor, "bank_change.approved", workflow, account, comment or found.reason, found.id)
    return BankDecision(change, "approved", found.id)


def refuse_bank_change(
    store: Store, profile: Profile, actor: Actor, change: int, reason: str, signer: Signer | None = None
) -> BankDecision:
    """Say no, signed, also within the cooling-off time: the ERPs keep what they have, and the origin is flagged."""
    people.require(actor.name, actor.roles, "bank_change.refused")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        workflow, account = _waiting(db, change)
        refuse_account_number(reason, [account.masked])
        found = agreement.approval(db, workflow)
        if found is not None and found.state == "open":
            proposals.decide(db, found.id, "rejected", by=actor.name, at_=now, decision=reason)
        number = second_person.alone(
            db, profile, actor, signer, kind=agreement.REFUSAL, what="a refusal of bank details",
            name=agreement.refusal_name(workflow), body=agreement.refusal_body(workflow, account), reason=reason,
            rule=profile.bank_change_rule, now=now,
        )  # fmt: skip
        data = {**workflow.data, "refused": {"by": actor.name, "reason": reason}}
        _go_on(db, workflow, data, actor, f"refused: {reason}", now)
        _note(store, db, actor, "bank_change.refused", workflow, account, reason, number)
    return BankDecision(change, "refused", number)


def _waiting(db: Connection, change: int) -> tuple[Workflow, SupplierBankAccount]:
    workflow = workflows.get(db, change)
    if workflow is None or workflow.flow != NAME:
        raise NotFoundError("bank change", str(change), "`finsync supplier bank-list` shows them.")
    if workflow.ended_at is not None or workflow.step not in STEPS or workflow.data.get("refused"):
        raise NotAllowedError(
            f"bank change {change} can't be decided any more: it is at {workflow.step} ({workflow.state}). Nothing was changed."
        )
    return workflow, agreement.account_of(db, workflow)


def _refuse_changer(db: Connection, workflow: Workflow, actor: Actor) -> None:
    """Whoever changed the details at their origin lets them through nowhere, as the one who confirms or as the one who approves."""
    changer = (agreement.changed_by(db, workflow) or "").casefold()
    own = {one.casefold() for one in (actor.name, actor.account, actor.web_login) if one}
    if changer and not own.isdisjoint({changer, changer.partition("@")[0]}):
        raise NotAllowedError(
            f"{actor.name} changed these details at their origin (as {changer}) and does not decide on them. Nothing was changed. "
            "Two others confirm and approve; refusing it takes anybody who may."
        )


def _go_on(
    db: Connection, workflow: Workflow, data: dict[str, Any], actor: Actor, what: str, now: datetime
) -> None:
    cases.end_for_workflow(db, workflow.id, "closed", actor.name, what, now)
    workflows.save(
        db, workflow.id, state="running", step=workflow.step, data=data, due_at=workflow.due_at, now=now
    )


def _note(
    store: Store, db: Connection, actor: Actor, what: str, workflow: Workflow, account: SupplierBankAccount, why: str,
    proposal: int | None,
) -> None:  # fmt: skip
    told = {
        "change": workflow.id, "supplier": workflow.data["supplier"], "new": account.masked, "proposal": proposal,
        "digest": proposals.digest(agreement.body_of(workflow, account)),
    }  # fmt: skip
    note_action(store, db, actor, what, workflow.document_key, why, told)
