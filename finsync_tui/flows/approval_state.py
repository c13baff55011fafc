"""Does the approval of a document still stand: by its chain, the hierarchy, the limits and the policy in force?

Requisitions, orders and invoices are compared with who approved them, and an order with the requisition that was approved;
on which budgets and accounts stands in `approval_basis`. What has changed since is a *stale approval basis*: it is noted, looked at again for a while, or stops the document, as the
company's policy says. Until an HR system is connected, people and limits are those that the connected systems show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from sqlite3 import Connection

from finsync_tui.flows import dates, rates, ruled, waiting
from finsync_tui.flows.expense.approval import superiors
from finsync_tui.flows.steps import Context, Hold, Wait
from finsync_tui.policies.asked import DoubtAsked
from finsync_tui.profile.approval import ApprovalBasis, Doubtful
from store import findings, records
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.people import Approval, Employee, LimitedTo
from store.canonical.purchasing import PurchaseOrder, Requisition

PATIENCE = timedelta(days=1)
"""How long a doubtful approval is looked at again before a person has to."""
LOOK_AGAIN = timedelta(hours=1)
CLASSES: dict[Doubtful, str] = {
    "missing": "APPROVER_MISSING",
    "self_approval": "APPROVER_SELF",
    "approver": "APPROVAL_STALE",
    "hierarchy": "APPROVER_STALE",
    "limit": "APPROVAL_LIMIT",
    "limit_unknown": "APPROVAL_LIMIT_UNKNOWN",
    "chain": "APPROVAL_STALE",
    "requisition": "APPROVAL_STALE",
    "account": "APPROVAL_STALE",
    "budget": "APPROVAL_STALE",
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing about an approval that does not hold (any more), in words."""

    kind: Doubtful
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class Approved:
    """A document as far as its approval is concerned. `chains` are the documents whose approvals count, `entity:id`."""

    number: str
    chains: Sequence[str]
    requester: str | None
    total: Money


def decisions(db: Connection, system: str, chains: Iterable[str]) -> list[Approval]:
    """Return every decision, made or pending, about these documents, in order of each chain."""
    found = []
    for chain in chains:
        held = (
            records.get(db, Approval, system, one)
            for one in records.twins(db, "approval", "document", chain, system)
        )
        found += sorted((h.record for h in held if h is not None), key=lambda one: one.position or 0)
    return found


def doubts(context: Context, document: Approved) -> Iterator[Doubt]:
    """Yield what does not hold about who approved the document."""
    source = RecordKey.parse(context.workflow.document_key).system
    chain = decisions(context.db, source, document.chains)
    made = [one for one in chain if one.status == "approved"]
    logins = list(dict.fromkeys(who for one in made if (who := one.decided_by or one.approver)))
    on = context.now.date()
    if not logins:
        yield Doubt(
            "missing",
            f"nobody is named who approved {document.number}",
            f"See in {source} how it was approved; retry when its approvals can be read.",
        )
        return
    others = [one for one in chain if one.status in ("pending", "rejected")]
    if others:
        who = ", ".join(
            f"{one.approver or one.decided_by or 'somebody'} ({one.status})" for one in others[:3]
        )
        yield Doubt(
            "chain",
            f"{document.number} counts as approved, and its chain is not through: {who}",
            f"Let the chain be finished in {source}; it is looked at again when it is retried.",
        )
    people = [(login, _person(context, source, login)) for login in logins]
    for login, person in people:
        if person is not None and not person.is_employed_on(on):
            yield Doubt(
                "approver",
                f"{person.name}, who approved {document.number}, does not work here any more",
                "Have it approved again by somebody who may, then retry.",
            )
        if login.casefold() == (document.requester or "").casefold() and len(logins) == 1:
            yield Doubt(
                "self_approval",
                f"{person.name if person else login} approved {document.number}, their own request",
                "Have it approved by somebody else, then retry.",
            )
    known = [person for _, person in people if person is not None]
    yield from _standing(context, source, document, known)
    yield from _limit(context, document, known, len(known) == len(people))


def requisition_doubt(db: Connection, system: str, order: PurchaseOrder) -> Iterator[Doubt]:
    """An order rests on the approval of its requisition, and on no more money than that was over."""
    held = records.get(db, Requisition, system, order.requisition_id) if order.requisition_id else None
    if held is None:
        return
    wish = held.record
    if wish.status in ("rejected", "withdrawn", "cancelled"):
        yield Doubt(
            "requisition",
            f"order {order.number} rests on requisition {wish.number}, which is {wish.status}",
            f"Clear in {system} whether the order is still wanted; cancel it, or retry.",
        )
    elif wish.currency == order.currency and order.total.amount_minor > wish.total.amount_minor:
        yield Doubt(
            "requisition",
            f"order {order.number} takes {order.total}; its requisition {wish.number} was approved over {wish.total}",
            "Have the difference approved, or reduce the order, then retry.",
        )


def judge(context: Context, basis: ApprovalBasis, found: Iterable[Doubt], what: str) -> Hold | Wait | None:
    """Do what policy says about each doubt: stop, look again for a day, note, or nothing."""
    source = RecordKey.parse(context.workflow.document_key).system
    by_severity: dict[str, list[Doubt]] = {}
    for doubt in found:
        severity = _severity(context, basis, doubt, what)
        if isinstance(severity, Hold):
            return severity
        by_severity.setdefault(severity, []).append(doubt)
    stopping = [*by_severity.get("block", []), *by_severity.get("recheck", [])]
    if stopping and not by_severity.get("block"):
        until = waiting.since(context, "approval") + PATIENCE
    else:
        until = context.now
    if context.now < until:
        return Wait(f"its approval to hold ({stopping[0].cause})", min(context.now + LOOK_AGAIN, until))
    if stopping:
        first = stopping[0]
        evidence = {"doubts": [{"kind": one.kind, "cause": one.cause} for one in stopping]}
        return Hold(CLASSES[first.kind], f"{what}: {first.cause}", first.fix, source, evidence)
    waiting.over(context, "approval")
    note(context, source, by_severity.get("note", []))
    return None


def _severity(context: Context, basis: ApprovalBasis, doubt: Doubt, what: str) -> str | Hold:
    """Return what a doubt does: as a rule of the company says, else as its settings do."""
    flow = context.workflow
    amount = (
        Money(amount_minor=flow.amount_minor, currency=flow.currency)
        if flow.amount_minor is not None and flow.currency
        else None
    )
    asked = DoubtAsked(kind=doubt.kind, entity=flow.entity, amount=amount)
    return ruled.settled(context, "approval_doubt", {"doubt": asked}, what) or basis.of(doubt.kind)


def note(context: Context, source: str, noted: Iterable[Doubt]) -> None:
    """Keep doubts that stop nobody."""
    if context.is_trial:
        return
    flow = context.workflow
    findings.append(
        context.db,
        [
            findings.Finding(
                class_=CLASSES[one.kind],
                severity="warn",
                system=source,
                entity=flow.entity,
                document_key=flow.document_key,
                document_number=flow.document_number,
                message=one.cause,
                noticed_at=context.now,
            )
            for one in noted
        ],
    )


def _person(context: Context, source: str, login: str) -> Employee | None:
    for system in (source, *(name for name in context.facts.profile.systems if name != source)):
        for external_id in records.twins(context.db, Employee.entity, "login", login.casefold(), system):
            held = records.get(context.db, Employee, system, external_id)
            if held is not None:
                return held.record
    return None


def _by_number(context: Context, number: str) -> Employee | None:
    """The person as the systems know them: whoever says more about their superior comes first."""
    found = []
    for system in context.facts.profile.systems:
        for external_id in records.twins(context.db, Employee.entity, "employee_number", number, system):
            held = records.get(context.db, Employee, system, external_id)
            if held is not None:
                found.append(held.record)
    return next(
        (one for one in found if one.manager_number or one.approver_number), found[0] if found else None
    )


def _standing(
    context: Context, source: str, document: Approved, approvers: Sequence[Employee]
) -> Iterator[Doubt]:
    """Is at least one approver above who asked for it, or a delegate of one who is?"""
    asked = _person(context, source, document.requester) if document.requester else None
    if asked is None or not approvers:
        return
    above = list(superiors(asked.number, lambda number: _by_number(context, number)))
    if not above:
        return  # nobody knows better than the source
    numbers = {one.number for one in above} | {delegate for one in above for delegate in one.delegates}
    if not any(one.number in numbers for one in approvers):
        yield Doubt(
            "hierarchy",
            f"{document.number} was approved by {approvers[-1].name}, who is neither above {asked.name} nor a delegate of "
            f"{above[0].name}, who is",
            "If the hierarchy is right, have it approved again; if not, correct it and retry.",
        )


def _limit(
    context: Context, document: Approved, approvers: Sequence[Employee], all_known: bool
) -> Iterator[Doubt]:
    """Could anybody of those who approved it approve so much? Limits in other currencies count by the rate of the day."""
    kind: LimitedTo = (
        "invoice" if any(one.startswith("invoice:") for one in document.chains) else "requisition"
    )
    limits = [limit for one in approvers if (limit := one.limit_of(kind)) is not None]
    currency, on = document.total.currency, dates.today(context)
    same = [one for limit in limits if (one := rates.of_document(context, limit, currency, on)) is not None]
    highest = max(same, key=lambda one: one.amount_minor, default=None)
    if highest is not None and abs(document.total.amount_minor) <= highest.amount_minor:
        return
    if not limits and all_known:
        return  # no limits are kept of those who approved it
    if highest is None or not all_known or len(same) < len(approvers):
        yield Doubt(
            "limit_unknown",
            f"{document.number} takes {document.total}, and of those who approved it not everybody's limit is known in "
            f"{document.total.currency}" + (f"; the highest that is known is {highest}" if highest else ""),
            "Keep a limit in that currency for everybody who approves, then retry.",
        )
    else:
        yield Doubt(
            "limit",
            f"{document.number} takes {document.total}; those who approved it may approve up to {highest}",
            "Have it approved by somebody with a higher limit, or correct the limit, then retry.",
        )
