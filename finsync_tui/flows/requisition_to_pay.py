"""Requisition to pay, orders: an approved order becomes a commitment in the ERP, and its status comes back.

    route -> confirm_supplier -> resolve_accounts -> check_budget -> check_approval -> enrich -> request_commitment
      -> await_commitment -> check_funds -> await_funds -> submit -> await_submit -> await_approval -> publish
      -> write_back -> await_write_back -> verify

A change of the order runs the same steps and becomes a change order. A cancelled or closed order:

    route -> request_end -> await_end -> await_ended -> publish_end -> write_back -> await_write_back -> verify

A closed order that the source opens again is opened in the ERP before it is brought up to date:

    route -> request_reopen -> await_reopen -> await_reopened -> confirm_supplier -> as a change

An order that is done and that the ERP cancels or closes by itself: `follow_erp` -> `await_followed`; one that somebody changes
there: `follow_change` -> `await_change_told` -> `ask_change`. One that was not approved, and whose exception somebody has settled,
waits at `await_late_approval`, and goes on at `publish` should the ERP approve it all the same.

Steps decide; nothing leaves the machine here. What is to be written goes into the outbox, what the ERP says comes in
by sync, and `verify` waits until reconcile has read both systems afresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from finsync_tui.flows.order import asking, budget, changed, checks, commitment, ended, endings, replies
from finsync_tui.flows.steps import Step
from finsync_tui.flows.usual import UsualFlow
from store import crossrefs
from store.canonical.event import Event
from store.canonical.keys import RecordKey
from store.canonical.purchasing import PurchaseOrder
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow

NAME = "requisition_to_pay"
ENTITY = PurchaseOrder.entity
_NOT_APPROVED_YET = frozenset(
    (
        "check_funds",
        "await_funds",
        "submit",
        "await_submit",
        "await_approval",
        "await_late_approval",
    )
)
"""Steps at which the ERP holds a draft, or one that waits for its approval: it may approve it after somebody has settled that."""


class RequisitionToPay(UsualFlow):
    """The flow for orders."""

    name = NAME
    model = PurchaseOrder
    listens_to = ("com.finsync.purchase_order.",)
    rechecks = frozenset(("ask_change",))
    settled_at = frozenset(
        [
            "ask_change",
            "write_back",
            "await_write_back",
            "verify",
            "follow_erp",
            "await_followed",
            "follow_change",
            "await_change_told",
        ]
    )
    is_followed_behind = True
    under_way = frozenset(
        [
            "await_commitment",
            "check_funds",
            "await_funds",
            "submit",
            "await_submit",
            "await_approval",
            "await_end",
            "await_ended",
            "await_reopen",
            "await_reopened",
            "publish",
            "publish_end",
            "write_back",
            "await_write_back",
            "verify",
        ]
    )

    def steps(self, kind: str) -> Mapping[str, Step]:
        if kind == "reopen":
            return _REOPEN_STEPS
        return _END_STEPS if kind in ("cancel", "close") else _STEPS

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        assert isinstance(record, PurchaseOrder)
        status = record.status
        if status == "open" and any(
            w.state == "done" and w.kind in ("create", "change", "reopen") for w in earlier
        ):
            # An order whose closing has begun is closed in the ERP, or will be: it is opened there first.
            last = [w for w in earlier if w.state == "done" or (w.ended_at is None and w.step != "route")][-1]
            return "reopen" if last.kind == "close" else "change"
        return {"open": "create", "cancelled": "cancel", "closed": "close"}.get(status)

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        key = RecordKey.parse(event.subject)
        found = crossrefs.find(db, ENTITY, key.system, key.external_id)
        return (found,) if found is not None else ()

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        """What the ERP ends or changes by itself promises nothing, or something else, and its source has to know."""
        if ended.is_news(db, workflow):
            return "follow_erp"
        return "follow_change" if changed.is_news(db, workflow) else None

    def goes_on(self, db: Connection, workflow: Workflow) -> str | None:
        """What the ERP made of an order while a person was to look at it is followed now."""
        if workflow.kind in ("cancel", "close"):
            return None
        if workflow.step == "publish":
            return "publish"
        if workflow.step in _NOT_APPROVED_YET:
            link = crossrefs.get(db, ENTITY, workflow.document_key, str(workflow.target))
            return "await_late_approval" if link is not None else None
        if workflow.step not in self.settled_at or workflow.step == "ask_change":
            return None
        if ended.is_news(db, workflow):
            return "follow_erp"
        return "follow_change" if changed.is_news(db, workflow) else None

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER":
            return step, False
        if step in ("follow_erp", "await_followed"):
            return "follow_erp", True
        if step in ("follow_change", "await_change_told"):
            return "follow_change", True
        if step == "ask_change":
            return "confirm_supplier", True
        if class_ in ("READ_BACK_DIFFERS", "WRITE_BACK_IGNORED") and kind not in ("cancel", "close"):
            return ("write_back" if class_ == "WRITE_BACK_IGNORED" else "confirm_supplier"), True
        if step in ("await_write_back", "write_back"):
            return "write_back", True
        return "route", True


_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        checks.route,
        checks.confirm_supplier,
        checks.resolve_accounts,
        budget.check_budget,
        checks.check_approval,
        checks.enrich,
        commitment.request_commitment,
        commitment.await_commitment,
        budget.check_funds,
        budget.await_funds,
        commitment.submit,
        commitment.await_submit,
        commitment.await_approval,
        commitment.publish,
        replies.write_back,
        replies.await_write_back,
        replies.verify,
        ended.follow_erp,
        ended.await_followed,
        changed.follow_change,
        changed.await_change_told,
        asking.ask_change,
        commitment.await_late_approval,
    )
}
_REOPEN_STEPS: Mapping[str, Step] = {
    "route": checks.route,
    "request_reopen": endings.request_reopen,
    "await_reopen": endings.await_reopen,
    "await_reopened": endings.await_reopened,
    **{name: step for name, step in _STEPS.items() if name != "route"},
}
_END_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        checks.route,
        endings.request_end,
        endings.await_end,
        endings.await_ended,
        endings.publish_end,
        replies.write_back,
        replies.await_write_back,
        replies.verify,
    )
}
