"""What people do about doubles: merge one into the supplier that stays, decide on that of somebody else, take it back."""

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
from finsync_tui.flows.supplier_merge import MERGE, NAME, PART
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.suppliers import accounts, merging
from store import Store, proposals, supplier_merges, workflows
from store.errors import NotAllowedError, NotFoundError
from store.proposals import Proposal
from store.supplier_merges import Merge

ACT: Final = "merge"


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a merge."""

    merge: int
    proposal: int | None
    """None: one person was enough."""
    workflow: int | None
    """Its process; None: it waits for a second person."""


def merge_suppliers(
    store: Store,
    profile: Profile,
    actor: Actor,
    keep: str,
    double: str,
    reason: str,
    signer: Signer | None = None,
) -> Merged:
    """Let a double become part of the supplier that stays; where it takes two persons, it waits for the second."""
    people.require(actor.name, actor.roles, "supplier.merge_proposed")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        for key, part in ((double, "is a double"), (keep, "is a double itself")):
            known = supplier_merges.live_double(db, key)
            if known is not None:
                raise NotAllowedError(
                    f"{key} {part} of {known.keep_key} already (merge {known.id}, {known.state}). Nothing was changed. "
                    "`finsync supplier merges` shows it."
                )
        plan = merging.plan(db, profile, keep, double)
        refuse_account_number(reason, accounts.shown(db, keep, double))
        merge_id = supplier_merges.new(db, keep, double, plan.body, reason=reason, by=actor.name, now=now)
        merge = _get(db, merge_id)
        number = workflow = None
        if merging.rule(db, profile, merge.plan_data) == "two":
            number = second_person.propose(
                db, profile, actor, signer, kind=NAME, what="a merge of suppliers", name=merge.name, body=plan.body,
                reason=reason, now=now,
            )  # fmt: skip
            supplier_merges.change(db, merge_id, "proposed", now, proposal_id=number)
        else:
            workflow = _begin(db, merge, now)
        note_action(store, db, actor, "supplier.merge_proposed", double, reason, _told(merge))
    return Merged(merge_id, number, workflow)


def approve_merge(
    store: Store, profile: Profile, actor: Actor, merge_id: int, signer: Signer, comment: str = ""
) -> Merged:
    """Approve another person's merge as it was planned; both signatures are checked again before anything is written."""
    people.require(actor.name, actor.roles, "supplier.merge_approved")
    now = store.clock.now()
    with store.transaction() as db:
        merge, found = _waiting(db, merge_id)
        refuse_account_number(comment, accounts.shown(db, merge.keep_key, merge.double_key))
        what = f"{merge.double_key} into {merge.keep_key}"
        second_person.approve(
            db, profile, actor, signer, found, what=what, body=merge.plan, comment=comment, now=now, act=ACT
        )
        if merging.plan(db, profile, merge.keep_key, merge.double_key).body != merge.plan:
            raise NotAllowedError(
                f"merging {what} would change other things by now than were proposed. Nothing was changed. Reject it "
                f"(`finsync supplier decide-merge {merge.id} --reject --reason TEXT`), look again "
                f"(`finsync supplier merge {merge.keep_key} {merge.double_key} --preview`), and have it proposed anew."
            )
        workflow = _begin(db, merge, now)
        note_action(
            store,
            db,
            actor,
            "supplier.merge_approved",
            merge.double_key,
            comment or merge.reason,
            _told(merge),
        )
    return Merged(merge_id, found.id, workflow)


def reject_merge(store: Store, actor: Actor, merge_id: int, reason: str) -> None:
    """Say no to a merge; it stays with what was said."""
    people.require(actor.name, actor.roles, "supplier.merge_rejected")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        merge, found = _waiting(db, merge_id)
        refuse_account_number(reason, accounts.shown(db, merge.keep_key, merge.double_key))
        proposals.decide(db, found.id, "rejected", by=actor.name, at_=now, decision=reason)
        supplier_merges.change(db, merge_id, "rejected", now)
        note_action(store, db, actor, "supplier.merge_rejected", merge.double_key, reason, _told(merge))


def withdraw_merge(store: Store, actor: Actor, merge_id: int, reason: str) -> None:
    """Take one's own merge back before anybody decided."""
    people.require(actor.name, actor.roles, "supplier.merge_withdrawn")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        merge, found = _waiting(db, merge_id)
        refuse_account_number(reason, accounts.shown(db, merge.keep_key, merge.double_key))
        second_person.withdraw(
            db, actor, found, what=merge.double_key, command=f"finsync supplier decide-merge {merge_id}",
            reason=reason, now=now, noun=ACT,
        )  # fmt: skip
        supplier_merges.change(db, merge_id, "withdrawn", now)
        note_action(store, db, actor, "supplier.merge_withdrawn", merge.double_key, reason, _told(merge))


def part_suppliers(store: Store, actor: Actor, merge_id: int, reason: str) -> int:
    """Undo a merge: each system shows the double as it was, then links and answers are what they were; return its process."""
    people.require(actor.name, actor.roles, "supplier.parted")
    reason = checked_reason(reason)
    now = store.clock.now()
    with store.transaction() as db:
        merge = _get(db, merge_id)
        if merge.state != "merged":
            raise NotAllowedError(_not_merged(merge))
        refuse_account_number(reason, accounts.shown(db, merge.keep_key, merge.double_key))
        _refuse_later(db, merge)
        done = workflows.get(db, merge.workflow_id or 0)
        assert done is not None, "what is merged was done by a process"
        started = workflows.start(
            db, flow=NAME, kind=PART, entity=supplier_merges.ENTITY, document_key=merge.key,
            document_number=f"{merge.double_key} from {merge.keep_key}", document_version=_next_version(db, merge),
            document_revision="", step="request_return", data={"ended": done.data["ended"], "place": 0}, now=now,
        )  # fmt: skip
        assert started is not None, "its version is new"
        supplier_merges.part(db, merge_id, started, by=actor.name, reason=reason, now=now)
        note_action(store, db, actor, "supplier.parted", merge.double_key, reason, _told(merge))
    return started


def _refuse_later(db: Connection, merge: Merge) -> None:
    """What a later merge changed again can't be what it was before that one is undone."""
    mine = merging.touched(merge.plan_data)
    for later in supplier_merges.listed(db):
        is_standing = later.state in ("merging", "merged", "parting")
        if later.id > merge.id and is_standing and not mine.isdisjoint(merging.touched(later.plan_data)):
            how = (
                "wait until it is undone"
                if later.state == "parting"
                else f"undo or end merge {later.id} first"
            )
            raise NotAllowedError(
                f"merge {later.id} ({later.double_key} into {later.keep_key}, {later.state}) stands on what merge {merge.id} "
                f"changed. Nothing was changed. {how[0].upper()}{how[1:]}."
            )


def _not_merged(merge: Merge) -> str:
    advice = {
        "proposed": f"`finsync supplier decide-merge {merge.id} --withdraw` takes a proposal back.",
        "merging": f"`finsync workflow abort {merge.workflow_id} --reason ...` undoes what it has done so far.",
        "parting": f"`finsync workflow show {merge.parting_workflow_id}` tells how far it is.",
    }
    return (
        f"merge {merge.id} is {merge.state.replace('_', ' ')}, not merged. Nothing was changed. "
        + advice.get(merge.state, "There is nothing to undo.")
    )


def _begin(db: Connection, merge: Merge, now: datetime) -> int:
    started = workflows.start(
        db, flow=NAME, kind=MERGE, entity=supplier_merges.ENTITY, document_key=merge.key,
        document_number=f"{merge.double_key} into {merge.keep_key}", document_version=1, document_revision="",
        step="check_approval", now=now,
    )  # fmt: skip
    assert started is not None, "a merge begins once"
    supplier_merges.change(db, merge.id, "merging", now, workflow_id=started)
    return started


def _next_version(db: Connection, merge: Merge) -> int:
    found = workflows.of_document(db, merge.key, supplier_merges.ENTITY)
    return max(one.document_version for one in found) + 1


def _get(db: Connection, merge_id: int) -> Merge:
    found = supplier_merges.get(db, merge_id)
    if found is None:
        raise NotFoundError("merge", str(merge_id), "`finsync supplier merges` shows them.")
    return found


def _waiting(db: Connection, merge_id: int) -> tuple[Merge, Proposal]:
    merge = _get(db, merge_id)
    found = second_person.waiting(db, merge.proposal_id, NAME)
    if merge.state != "proposed" or found is None:
        raise NotAllowedError(
            f"merge {merge_id} waits for nobody: it is {merge.state.replace('_', ' ')}. Nothing was changed."
        )
    return merge, found


def _told(merge: Merge) -> dict[str, Any]:
    return {
        "merge": merge.id,
        "keep": merge.keep_key,
        "double": merge.double_key,
        "digest": proposals.digest(merge.plan),
    }
