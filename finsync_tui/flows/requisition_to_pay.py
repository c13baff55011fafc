"""Requisition to pay, orders: an approved order becomes a commitment in the ERP, and its status comes back.

    route -> confirm_supplier -> resolve_accounts -> check_budget -> check_approval -> enrich -> request_commitment
      -> await_commitment -> submit -> await_submit -> await_approval -> publish -> write_back -> await_write_back -> verify

A change of the order runs the same steps and becomes a change order. A cancelled or closed order:

    route -> request_end -> await_end -> await_ended -> publish_end -> write_back -> await_write_back -> verify

A closed order that the source opens again is opened in the ERP before it is brought up to date:

    route -> request_reopen -> await_reopen -> await_reopened -> confirm_supplier -> as a change

Steps decide; nothing leaves the machine here. What is to be written goes into the outbox, what the ERP says comes in
by sync, and `verify` waits until reconcile has read both systems afresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from finsync_tui import policy
from finsync_tui.flows import accounts, approval_state, order_commitment, outgoing, routing, suppliers
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.profile import LegalEntitySetup
from store import commitments, crossrefs, events, findings, outbox, records
from store.canonical.budget import Budget, Commitment, PolicyMetadata
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.purchasing import OrderDistribution, OrderLine, PurchaseOrder
from store.canonical.record import CanonicalRecord
from store.records import Held
from store.workflows import Workflow

NAME = "requisition_to_pay"
ENTITY = "purchase_order"
EXTRACT = "extract"
"""The system name that records from file extracts are kept under."""


class RequisitionToPay:
    """The flow for orders."""

    name = NAME
    model = PurchaseOrder
    listens_to = ("com.finsync.purchase_order.",)
    returns_at: str | None = None
    rechecks: frozenset[str] = frozenset()
    under_way = frozenset(
        [
            "await_commitment",
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

    def keeps(self, workflow: Workflow, kind: str) -> bool:
        return False

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        key = RecordKey.parse(event.subject)
        found = crossrefs.find(db, ENTITY, key.system, key.external_id)
        return (found,) if found is not None else ()

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        return None

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        return None

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER":
            return step, False
        if class_ in ("READ_BACK_DIFFERS", "WRITE_BACK_IGNORED") and kind not in ("cancel", "close"):
            return ("write_back" if class_ == "WRITE_BACK_IGNORED" else "confirm_supplier"), True
        if step in ("await_write_back", "write_back"):
            return "write_back", True
        return "route", True


def route(context: Context) -> Answer:
    """Which company is it, and which ERP keeps its books?"""
    order = _order(context).record
    charts = (d.chart for line in order.lines for d in line.distributions)
    number = routing.by_chart(context, charts, "order")
    if isinstance(number, Hold):
        return number
    setup = context.facts.profile.legal_entities[number]
    context.data.update(legal_entity=number, target=setup.target)
    return Done({"legal_entity": number, "target": setup.target})


def confirm_supplier(context: Context) -> Answer:
    """Is the supplier known in the ERP, exactly once, active, with a site to order from?"""
    order = _order(context).record
    found = suppliers.confirm(
        context, _setup(context), order.supplier_id, order.supplier_number, order.supplier_name
    )
    if isinstance(found, Hold):
        return found
    context.data.update(
        supplier_id=found.external_id, supplier_site_id=found.site.external_id if found.site else None
    )
    return Done({"supplier": f"{context.data['target']}:{found.external_id}", "proof": found.proof})


def resolve_accounts(context: Context) -> Answer:
    """Which account combination in the ERP is each part charged to, and would the ERP take it?"""
    order = _order(context).record
    setup = _setup(context)
    target = str(context.data["target"])
    scope = str(context.data["legal_entity"])
    on = context.now.date()
    resolved: dict[str, dict[str, str]] = {}
    rules: list[dict[str, object]] = []
    for line in order.lines:
        if line.is_cancelled:
            continue
        for distribution in line.distributions:
            found = accounts.combination(
                setup,
                context.facts.tables,
                distribution.segments,
                shown=distribution.account,
                scope=scope,
                on=on,
            )
            wrong = (
                found
                if isinstance(found, accounts.Unresolved)
                else accounts.refusal(context.db, target, found, on)
            )
            if wrong is not None or isinstance(found, accounts.Unresolved):
                assert wrong is not None
                place = _source(context) if wrong.class_ in ("MAPPING_MISSING", "PAYLOAD_INVALID") else target
                return Hold(
                    wrong.class_, f"line {line.number}: {wrong.cause}", wrong.fix, place, wrong.evidence
                )
            resolved[f"{line.number}/{distribution.number}"] = {
                "charge_account": found.charge_account,
                **found.parts,
            }
            rules += [
                {"table": m.table, "version": m.version, "rule": m.rule, "from": m.source, "to": m.target}
                for m in found.matches
            ]
    context.data["accounts"] = resolved
    return Done({"accounts": {k: v["charge_account"] for k, v in resolved.items()}, "rules": rules})


def check_budget(context: Context) -> Answer:
    """Say when the known budget looks too small. The ERP's own funds check decides, unless the company says otherwise."""
    order = _order(context).record
    wanted: dict[str, int] = {}
    for line, distribution in _distributions(order):
        parts = context.data["accounts"][f"{line.number}/{distribution.number}"]
        centre = parts.get("cost_centre", "")
        wanted[centre] = wanted.get(centre, 0) + distribution.amount.amount_minor
    low = []
    for centre, amount_minor in sorted(wanted.items()):
        left = _left(context, centre, order.currency)
        if left is not None and amount_minor > left.amount_minor:
            takes = Money(amount_minor=amount_minor, currency=order.currency)
            low.append(f"{centre}: the order takes {takes}, {left} are left")
    if low and _setup(context).budget_control == "absolute":
        return Hold(
            "BUDGET_EXCEEDED",
            f"order {order.number}: the budget does not suffice for cost centre {'; '.join(low)}",
            "Raise or transfer the budget, or reduce the order, then retry.",
            _source(context),
            {"short": low},
        )
    if low:
        findings.append(context.db, [_finding(context, "BUDGET_LOW", "; ".join(low))])
    return Done({"budget": low or "not short by what is known"})


def _left(context: Context, centre: str, currency: str) -> Money | None:
    """Return what is left of a cost centre's budget this year, as far as it is known in that currency.

    What other orders have promised since the budget was read is taken off: two orders don't spend the same money.
    """
    legal_entity = str(context.data["legal_entity"])
    number = budget_number(legal_entity, centre, context.now.year)
    held = records.find_by_number(context.db, Budget, EXTRACT, number)
    if held is None or held.record.remaining.currency != currency:
        return None
    promised = commitments.ordered_of(
        context.db, legal_entity, centre, currency, without=context.workflow.document_key
    )
    free = held.record.amount.amount_minor - promised
    return Money(amount_minor=min(held.record.remaining.amount_minor, free), currency=currency)


def check_approval(context: Context) -> Answer:
    """Does its approval stand: by its chain, the hierarchy, the limits, and the requisition that it rests on?"""
    held = _order(context)
    order = held.record
    chains = [f"purchase_order:{held.external_id}"]
    if order.requisition_id:
        chains.insert(0, f"requisition:{order.requisition_id}")
    found = [
        *approval_state.doubts(
            context, approval_state.Approved(f"order {order.number}", chains, order.requester, order.total)
        ),
        *approval_state.requisition_doubt(context.db, held.system, order),
    ]
    stopped = approval_state.judge(context, _setup(context).order_approval, found, f"order {order.number}")
    return stopped if stopped is not None else Done({"doubts": [one.cause for one in found]})


def enrich(context: Context) -> Answer:
    """By which policy, approved by whom, taxed how?"""
    held = _order(context)
    category = policy.category(held.record)
    metadata = PolicyMetadata(
        policy_version=context.facts.policy_version,
        mapping_version=context.facts.mapping_version,
        approval_chain=policy.approval_chain(context.db, held.system, held.external_id, held.record),
        category=category,
        tax_treatment=policy.tax_treatment(context.facts.profile, category),
    )
    context.data["policy"] = metadata.model_dump(mode="json")
    return Done(context.data["policy"])


def request_commitment(context: Context) -> Answer:
    """Decide what the ERP shall hold, once, and put the decision into the outbox."""
    held = _order(context)
    commitment = order_commitment.commitment(
        held.record,
        _setup(context),
        order_commitment.Decided(
            order_key=context.workflow.document_key,
            marker=_marker(context),
            legal_entity=str(context.data["legal_entity"]),
            supplier_id=str(context.data["supplier_id"]),
            supplier_site_id=context.data.get("supplier_site_id"),
            policy=PolicyMetadata.model_validate(context.data["policy"]),
            accounts=context.data["accounts"],
        ),
    )
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    operation = "order.change" if link else "order.create"
    stored = records.put_page(
        context.db,
        "commitment",
        "finsync",
        [
            records.Incoming(
                external_id=context.workflow.document_key,
                record=commitment,
                payload=commitment.canonical_json(),
                source_version=None,
            )
        ],
        context.now,
    )
    context.data["commitment_version"] = stored[0].version
    entry_id = outgoing.enqueue(
        context,
        target,
        operation,
        {"commitment": commitment.model_dump(mode="json")},
        external_id=link.external_id if link else None,
    )
    context.data["commitment_entry"] = entry_id
    return Done({"operation": operation, "entry": entry_id, "commitment_version": stored[0].version})


def await_commitment(context: Context) -> Answer:
    """Wait until the ERP has taken the draft."""
    return outgoing.await_delivery(context, int(context.data["commitment_entry"]))


def submit(context: Context) -> Answer:
    """Ask the ERP to reserve funds and approve. Remember what it showed before, to tell the outcome by."""
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    if link is None:
        return Hold(
            "REJECTED",
            "the ERP took the order but gave no number",
            "Retry; the order is looked up first.",
            target,
        )
    seen = records.get(context.db, PurchaseOrder, target, link.external_id)
    context.data["seen_version"] = seen.version if seen else 0
    body = {"marker": _marker(context), "number": link.number or ""}
    entry_id = outgoing.enqueue(context, target, "order.submit", body, external_id=link.external_id)
    context.data["submit_entry"] = entry_id
    return Done({"entry": entry_id})


def await_submit(context: Context) -> Answer:
    """Wait until the ERP has accepted the submission."""
    entry_id = int(context.data["submit_entry"])
    answer = outgoing.await_delivery(context, entry_id)
    if isinstance(answer, Done):
        delivery = outbox.get(context.db, entry_id)
        receipt = (delivery.receipt if delivery else None) or {}
        context.data["is_pending"] = bool(receipt.get("is_pending", True))
    return answer


def await_approval(context: Context) -> Answer:
    """Wait for the ERP's asynchronous outcome, as sync reads it."""
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    seen = records.get(context.db, PurchaseOrder, target, link.external_id) if link else None
    is_news = seen is not None and seen.version > int(context.data["seen_version"])
    if seen is None or (not is_news and context.data.get("is_pending", True)):
        return Wait(f"{target} approval")
    order = seen.record
    if order.status == "pending_approval" or order.status == "draft":
        return Wait(f"{target} approval")
    if order.status == "rejected":
        is_budget = order.funds_status == "failed"
        return Hold(
            "BUDGET_EXCEEDED" if is_budget else "REJECTED",
            f"{target} did not approve order {order.number}"
            + (
                ": its budget has not enough funds left"
                if is_budget
                else f" ({order.closing_reason or 'no reason given'})"
            ),
            "Raise or transfer the budget, or reduce the order, then retry."
            if is_budget
            else f"Ask the approver in {target}, then retry.",
            target,
            {"erp_number": order.number, "funds_status": order.funds_status or ""},
        )
    if order.status in ("on_hold", "soft_closed", "closed", "cancelled"):
        return Hold(
            "REJECTED",
            f"order {order.number} is {order.status.replace('_', ' ')} in {target}, where it should be open",
            f"Clarify in {target} why; re-open it there or cancel the order at its source, then retry.",
            target,
            {"erp_number": order.number},
        )
    crossrefs.link(
        context.db,
        ENTITY,
        context.workflow.document_key,
        target,
        seen.external_id,
        number=order.number,
        revision=order.revision,
        why=link.why if link else "created",
        linked_at=context.now,
    )
    context.data.update(erp_number=order.number, erp_status="Open", erp_revision=order.revision)
    return Done({"erp_number": order.number, "funds_status": order.funds_status, "revision": order.revision})


def publish(context: Context) -> Answer:
    """Tell others, and bring the commitment totals up to date."""
    commitment = _held_commitment(context)
    commitments.replace(context.db, context.workflow.document_key, str(context.data["target"]), commitment)
    is_first = context.workflow.kind == "create"
    _event(context, "created" if is_first else "changed", {"total": commitment.total.model_dump()})
    return Done({"total": str(commitment.total)})


def request_end(context: Context) -> Answer:
    """Cancel or close what the ERP holds; a draft that was never issued is taken back."""
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    if link is None:
        return Finish("done", {"note": "the ERP holds nothing for this order; nothing to do"})
    seen = records.get(context.db, PurchaseOrder, target, link.external_id)
    status = seen.record.status if seen else "draft"
    ended = {"cancel": "cancelled", "close": "closed"}[context.workflow.kind]
    is_issued = link.revision is not None or status not in ("draft", "rejected")
    operation = f"order.{context.workflow.kind}" if is_issued else "order.discard"
    order = _order(context).record
    body = {"marker": _marker(context), "reason": order.closing_reason or f"{ended} in {_source(context)}"}
    entry_id = outgoing.enqueue(context, target, operation, body, external_id=link.external_id)
    context.data.update(
        end_entry=entry_id,
        end_status=ended,
        is_discarded=not is_issued,
        erp_number=link.number,
        seen_version=0,
    )
    return Done({"operation": operation, "entry": entry_id})


def await_end(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    return outgoing.await_delivery(context, int(context.data["end_entry"]))


def await_ended(context: Context) -> Answer:
    """Wait until sync has read the ended order from the ERP."""
    if context.data.get("is_discarded"):
        context.data["erp_status"] = "Cancelled"
        return Done({"note": "the draft was discarded"}, is_skipped=True)
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    seen = records.get(context.db, PurchaseOrder, target, link.external_id) if link else None
    if seen is None or seen.record.status not in ("cancelled", "closed"):
        return Wait(f"{target} to show it {context.data['end_status']}")
    context.data["erp_status"] = seen.record.status.capitalize()
    return Done({"status": seen.record.status})


def request_reopen(context: Context) -> Answer:
    """The source has opened it again: the ERP's closed order takes no change before it is open, too."""
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    if link is None:
        return Done(
            {"note": "the ERP holds nothing for this order"}, goto="confirm_supplier", is_skipped=True
        )
    entry_id = outgoing.enqueue(
        context, target, "order.reopen", {"marker": _marker(context)}, external_id=link.external_id
    )
    context.data["reopen_entry"] = entry_id
    return Done({"entry": entry_id})


def await_reopen(context: Context) -> Answer:
    """Wait until the ERP has taken it."""
    return outgoing.await_delivery(context, int(context.data["reopen_entry"]))


def await_reopened(context: Context) -> Answer:
    """Wait until sync has read the open order from the ERP; then it is brought up to date like any change."""
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    seen = records.get(context.db, PurchaseOrder, target, link.external_id) if link else None
    if seen is None or seen.record.status in ("closed", "soft_closed"):
        return Wait(f"{target} to show it open")
    return Done({"status": seen.record.status})


def publish_end(context: Context) -> Answer:
    """Tell others, and take the order out of the open commitments."""
    commitments.drop(context.db, context.workflow.document_key)
    _event(context, str(context.data["end_status"]), {})
    return Done()


def write_back(context: Context) -> Answer:
    """Give the source the ERP's number and status."""
    source = _source(context)
    fields = {
        "erp_number": str(context.data.get("erp_number") or ""),
        "erp_status": str(context.data["erp_status"]),
    }
    entry_id = outgoing.enqueue(
        context,
        source,
        "order.write_back",
        {"fields": fields},
        external_id=RecordKey.parse(context.workflow.document_key).external_id,
        priority=outgoing.PRIORITY_STATUS,
    )
    context.data.update(write_back_entry=entry_id, written=fields, read_back=None)
    return Done({"entry": entry_id, **fields})


def await_write_back(context: Context) -> Answer:
    """Wait until the source has taken it."""
    return outgoing.await_delivery(context, int(context.data["write_back_entry"]))


def verify(context: Context) -> Answer:
    """Done only when both systems, read afresh, show what we believe."""
    read_back = context.data.get("read_back")
    if not read_back:
        return Wait("read-back")
    for system, class_ in (
        (str(context.data["target"]), "READ_BACK_DIFFERS"),
        (_source(context), "WRITE_BACK_IGNORED"),
    ):
        differences = read_back.get(system) or []
        if differences:
            shown = "; ".join(
                f"{d['field']}: expected {d['expected']}, found {d['found']}" for d in differences[:5]
            )
            context.data["read_back"] = None
            return Hold(
                class_,
                f"{system} does not hold what was delivered: {shown}",
                f"Find out who changed it in {system}; retry to deliver it again.",
                system,
                {"differences": differences},
            )
    entries = outgoing.mark_verified(context)
    return Finish("done", {"verified": entries})


_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        route,
        confirm_supplier,
        resolve_accounts,
        check_budget,
        check_approval,
        enrich,
        request_commitment,
        await_commitment,
        submit,
        await_submit,
        await_approval,
        publish,
        write_back,
        await_write_back,
        verify,
    )
}
_REOPEN_STEPS: Mapping[str, Step] = {
    "route": route,
    "request_reopen": request_reopen,
    "await_reopen": await_reopen,
    "await_reopened": await_reopened,
    **{name: step for name, step in _STEPS.items() if name != "route"},
}
_END_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        route,
        request_end,
        await_end,
        await_ended,
        publish_end,
        write_back,
        await_write_back,
        verify,
    )
}


def budget_number(legal_entity: str, cost_centre: str, year: int) -> str:
    """Return how a budget record is called, so that it is found without a scan.

    >>> budget_number("DE01", "410", 2026)
    'DE01/410/2026'
    """
    return f"{legal_entity}/{cost_centre}/{year}"


def _order(context: Context) -> Held[PurchaseOrder]:
    key = RecordKey.parse(context.workflow.document_key)
    held = records.get_version(
        context.db, PurchaseOrder, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held


def _source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


def _setup(context: Context) -> LegalEntitySetup:
    return context.facts.profile.legal_entities[str(context.data["legal_entity"])]


def _marker(context: Context) -> str:
    return f"{_source(context)}:{context.workflow.document_number}"


def _distributions(order: PurchaseOrder) -> list[tuple[OrderLine, OrderDistribution]]:
    return [(line, d) for line in order.lines if not line.is_cancelled for d in line.distributions]


def _held_commitment(context: Context) -> Commitment:
    held = records.get_version(
        context.db,
        Commitment,
        "finsync",
        context.workflow.document_key,
        int(context.data["commitment_version"]),
    )
    assert held is not None
    return held.record


def _event(context: Context, participle: str, data: Mapping[str, object]) -> None:
    flow = context.workflow
    events.append(
        context.db,
        [
            Event(
                id=f"finsync:commitment:{flow.document_key}:v{flow.document_version}:{participle}",
                type=event_type("commitment", participle),
                source="finsync",
                subject=flow.document_key,
                time=context.now,
                correlation_id=flow.document_key,
                data={"number": flow.document_number, "erp_number": context.data.get("erp_number"), **data},
            )
        ],
    )


def _finding(context: Context, class_: str, message: str) -> findings.Finding:
    return findings.Finding(
        class_=class_,
        severity="warn",
        system=str(context.data["target"]),
        entity=ENTITY,
        document_key=context.workflow.document_key,
        document_number=context.workflow.document_number,
        message=message,
        noticed_at=context.now,
    )
