"""Requisition commitment: an approved requisition promises money before there is an order.

    route -> resolve_accounts -> reserve -> check_approval

Nothing is written to any system: the ERP's own order takes the promise over when it is there (`flows/order/takeover.py`).
A requisition that is withdrawn, rejected or abandoned promises nothing any more:

    route -> release

It counts whatever comes of the checks: an account that has no rule is noted, and counted without its cost centre. An approval
that does not hold (any more), by its chain, hierarchy, limits, accounts or budgets, is noted, looked at again or held, by
policy; unless the company says otherwise it is noted, and stops the order that follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from finsync_tui.flows import approval_basis, approval_state, budgets, coding, dates, given, routing
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
    undoes_itself = True

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

    def give_up(self, context: Context) -> None:
        """Nobody stands by it here: it promises nothing, until its source says something new."""
        commitments.drop(context.db, context.workflow.document_key, commitments.REQUISITION)
        _tell(context, "released")

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
        closed = approval_basis.closed(f"requisition {requisition.number}", found)
        context.data.update(accounts={}, closed=[[one.cause, one.fix] for one in closed])
        return Done({"note": f"counted without cost centres: {found.cause}"})
    context.data.update(accounts=found.accounts, closed=[])
    return Done(found.told)


def reserve(context: Context) -> Answer:
    """Count what it promises, less the lines that orders in the ERP promise in its place."""
    key, target = context.workflow.document_key, str(context.data["target"])
    lines = tuple(_lines(context))
    commitments.reserve(context.db, key, target, str(context.data["legal_entity"]), lines)
    taken = takeover.of_requisition(context.db, RecordKey.parse(key), target)
    _tell(context, "reserved")
    return Done({"lines": len(lines), "parts_taken_over_by_orders": taken})


def check_approval(context: Context) -> Answer:
    """Does its approval stand, and what it was approved on? What it promises is counted meanwhile."""
    requisition, key = _requisition(context), RecordKey.parse(context.workflow.document_key)
    what = f"requisition {requisition.number}"
    chain = f"requisition:{key.external_id}"
    approved = approval_state.Approved(what, [chain], requisition.requester, requisition.total)
    found = [
        *approval_state.doubts(context, approved),
        *(approval_state.Doubt("account", cause, fix) for cause, fix in context.data.get("closed", ())),
        *_budget_doubts(context, requisition, chain),
    ]
    setup = context.facts.profile.legal_entities[str(context.data["legal_entity"])]
    stopped = approval_state.judge(context, approval_basis.of_requisitions(setup), found, what)
    return stopped or Finish("done", {"doubts": [one.cause for one in found]})


def _budget_doubts(context: Context, requisition: Requisition, chain: str) -> Iterator[approval_state.Doubt]:
    """Yield the budgets that do not bear it (any more), while no order takes its place, and those that became smaller."""
    if requisition.status != "approved":
        return
    days = budgets.days(context, requisition.lines, commitments.REQUISITION)
    charges = list(budgets.charges(context, requisition.lines, days))
    on, currency = dates.today(context), requisition.currency
    own = context.workflow.document_key
    for short in budgets.shortages(context, charges, currency, on=on, requisition=own):
        yield approval_state.Doubt(
            "budget",
            f"requisition {requisition.number} takes {short.wanted} of {short.label}, which {short.standing}",
            "Raise or transfer the budget, then retry.",
        )
    bearers = (one for one, _ in budgets.bearers(context, charges, currency, on=on))
    since = approval_basis.approved_at(context, [chain])
    yield from approval_basis.lowered(context, f"requisition {requisition.number}", bearers, since)


def release(context: Context) -> Answer:
    """It will not be ordered: it promises nothing any more."""
    parts = commitments.drop(context.db, context.workflow.document_key, commitments.REQUISITION)
    _tell(context, "released")
    return Finish("done", {"parts": parts})


_RESERVE: Mapping[str, Step] = {
    step.__name__: step for step in (route, resolve_accounts, reserve, check_approval)
}
_RELEASE: Mapping[str, Step] = {"release": release}


def _lines(context: Context) -> Iterator[CommitmentLine]:
    lines = _requisition(context).lines
    days = budgets.days(context, lines, commitments.REQUISITION)
    known = commitments.budget_days(context.db, context.workflow.document_key, commitments.REQUISITION)
    for line in lines:
        before = known.get((line.number, 1))
        whole_on = (before.within(None) if before is not None else None) or dates.today(context)
        yield CommitmentLine(
            number=line.number,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            uom=line.uom,
            amount=line.amount,
            category=line.category,
            need_by_on=line.need_by_on,
            distributions=tuple(_parts(context, line, days, whole_on)),
        )


def _parts(
    context: Context, line: RequisitionLine, days: Mapping[str, date], whole_on: date
) -> Iterator[CommitmentDistribution]:
    """Yield who would bear a line: as it is coded, or as a whole, on the day of that, while that is not known."""
    if not line.distributions or not adds_up([d.amount for d in line.distributions], line.amount):
        yield CommitmentDistribution(number="1", charge_account="", amount=line.amount, budget_on=whole_on)
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
    if context.is_trial:
        return
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
