"""Requisition commitment: an approved requisition promises money before there is an order.

    route -> resolve_accounts -> check_approval -> reserve

Nothing is written to any system: the ERP's own order takes the promise over when it is there (`flows/order/takeover.py`).
A requisition that is withdrawn, rejected or abandoned promises nothing any more:

    route -> release

Nobody waits for a requisition here, so nothing stops one: an account that has no rule, or an approval that does not
hold, is noted, and stops the order that follows. What can't be coded is counted without its cost centre.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from finsync_tui.flows import approval_state, budgets, coding, given, routing
from finsync_tui.flows.order import takeover
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step
from finsync_tui.flows.usual import UsualFlow
from store import commitments, events, findings, records
from store.canonical.budget import CommitmentDistribution, CommitmentLine
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.money import adds_up
from store.canonical.purchasing import Requisition, RequisitionLine
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow

NAME = "requisition_commitment"


class RequisitionCommitment(UsualFlow):
    """The flow for requisitions."""

    name = NAME
    model = Requisition
    listens_to = ("com.finsync.requisition.",)

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _RELEASE if kind == "release" else _RESERVE

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """One that is an order already when it is first seen promises nothing by itself."""
        assert isinstance(record, Requisition)
        if record.status == "approved":
            return "reserve"
        if not earlier:
            return None
        return "reserve" if record.status in ("ordered", "received") else "release"

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        return "route", True


def route(context: Context) -> Answer:
    """Which company would pay it? One that nobody can tell is counted nowhere, and said."""
    charts = [d.chart for line in _requisition(context).lines for d in line.distributions]
    number = routing.by_chart(context, charts, "requisition")
    if isinstance(number, Hold):
        _note(context, number.class_, number.cause)
        commitments.drop(context.db, context.workflow.document_key, commitments.REQUISITION)
        return Finish("done", {"note": f"promised by no company: {number.cause}"})
    setup = context.facts.profile.legal_entities[number]
    context.data.update(legal_entity=number, target=setup.target)
    return Done({"legal_entity": number, "target": setup.target})


def resolve_accounts(context: Context) -> Answer:
    """Which accounts would it be charged to? What has no rule yet is counted without one."""
    requisition = _requisition(context)
    found = coding.resolve(context, requisition.lines, given.of_requisition(requisition))
    if isinstance(found, Hold):
        _note(context, found.class_, found.cause)
        context.data["accounts"] = {}
        return Done({"note": f"counted without cost centres: {found.cause}"})
    context.data["accounts"] = found.accounts
    return Done({"accounts": found.charge_accounts, "rules": found.rules})


def check_approval(context: Context) -> Answer:
    """Does its approval stand? Doubts are noted; the order that rests on it is stopped by them, by policy."""
    requisition, key = _requisition(context), RecordKey.parse(context.workflow.document_key)
    approved = approval_state.Approved(
        f"requisition {requisition.number}", [f"requisition:{key.external_id}"], requisition.requester, requisition.total
    )  # fmt: skip
    basis = context.facts.profile.legal_entities[str(context.data["legal_entity"])].order_approval
    found = [one for one in approval_state.doubts(context, approved) if basis.of(one.kind) != "off"]
    for one in found:
        _note(context, approval_state.CLASSES[one.kind], one.cause)
    return Done({"doubts": [one.cause for one in found]})


def reserve(context: Context) -> Answer:
    """Count what it promises, less the lines that orders in the ERP promise in its place."""
    key, target = context.workflow.document_key, str(context.data["target"])
    lines = tuple(_lines(context))
    commitments.reserve(context.db, key, target, str(context.data["legal_entity"]), lines)
    taken = takeover.of_requisition(context.db, RecordKey.parse(key), target)
    _tell(context, "reserved")
    return Finish("done", {"lines": len(lines), "parts_taken_over_by_orders": taken})


def release(context: Context) -> Answer:
    """It will not be ordered: it promises nothing any more."""
    parts = commitments.drop(context.db, context.workflow.document_key, commitments.REQUISITION)
    _tell(context, "released")
    return Finish("done", {"parts": parts})


_RESERVE: Mapping[str, Step] = {
    step.__name__: step for step in (route, resolve_accounts, check_approval, reserve)
}
_RELEASE: Mapping[str, Step] = {"release": release}


def _lines(context: Context) -> Iterator[CommitmentLine]:
    lines = _requisition(context).lines
    days = budgets.days(context, lines, commitments.REQUISITION)
    for line in lines:
        yield CommitmentLine(
            number=line.number,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            uom=line.uom,
            amount=line.amount,
            category=line.category,
            need_by_on=line.need_by_on,
            distributions=tuple(_parts(context, line, days)),
        )


def _parts(
    context: Context, line: RequisitionLine, days: Mapping[str, date]
) -> Iterator[CommitmentDistribution]:
    """Yield who would bear a line: as it is coded, or as a whole while that is not known."""
    if not line.distributions or not adds_up([d.amount for d in line.distributions], line.amount):
        yield CommitmentDistribution(
            number="1", charge_account="", amount=line.amount, budget_on=context.now.date()
        )
        return
    accounts: Mapping[str, Mapping[str, str]] = context.data["accounts"]
    for part in line.distributions:
        known = accounts.get(f"{line.number}/{part.number}", {})
        yield CommitmentDistribution(
            number=part.number,
            charge_account=known.get("charge_account", part.account),
            amount=part.amount,
            quantity=part.quantity,
            cost_centre=known.get("cost_centre"),
            account=known.get("account"),
            project=known.get("project"),
            period=part.period,
            budget_on=days[f"{line.number}/{part.number}"],
        )


def _requisition(context: Context) -> Requisition:
    key = RecordKey.parse(context.workflow.document_key)
    held = records.get_version(
        context.db, Requisition, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


def _tell(context: Context, participle: str) -> None:
    flow = context.workflow
    event = Event(
        id=f"finsync:requisition:{flow.document_key}:v{flow.document_version}:{participle}",
        type=event_type(Requisition.entity, participle),
        source="finsync",
        subject=flow.document_key,
        time=context.now,
        correlation_id=flow.document_key,
        data={"number": flow.document_number},
    )
    events.append(context.db, [event])


def _note(context: Context, class_: str, message: str) -> None:
    noted = findings.Finding(
        class_=class_,
        severity="warn",
        system=RecordKey.parse(context.workflow.document_key).system,
        entity=Requisition.entity,
        document_key=context.workflow.document_key,
        document_number=context.workflow.document_number,
        message=message,
        noticed_at=context.now,
    )
    findings.append(context.db, [noted])
