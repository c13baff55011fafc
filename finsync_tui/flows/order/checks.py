"""May it be ordered, where, and on whose account? Steps that decide before anything reaches the ERP."""

from __future__ import annotations

from collections.abc import Iterator

from finsync_tui import policy
from finsync_tui.flows import (
    approval_basis,
    approval_state,
    budgets,
    coding,
    dates,
    given,
    routing,
    ruled,
    suppliers,
)
from finsync_tui.flows.order import budget, subject
from finsync_tui.flows.steps import Answer, Context, Done, Hold
from store.canonical.budget import PolicyMetadata
from store.canonical.purchasing import PurchaseOrder


def route(context: Context) -> Answer:
    """Which company is it, and which ERP keeps its books?"""
    order = subject.order(context)
    charts = (d.chart for line in order.lines for d in line.distributions)
    number = routing.by_chart(context, charts, "order")
    if isinstance(number, Hold):
        return number
    setup = context.facts.profile.legal_entities[number]
    context.data.update(legal_entity=number, target=setup.target)
    return Done({"legal_entity": number, "target": setup.target})


def confirm_supplier(context: Context) -> Answer:
    """Is the supplier known in the ERP, exactly once, active, with a site to order from?"""
    order = subject.order(context)
    found = suppliers.confirm(
        context, subject.company(context), order.supplier_id, order.supplier_number, order.supplier_name
    )
    if isinstance(found, Hold):
        return found
    context.data.update(
        supplier_id=found.external_id, supplier_site_id=found.site.external_id if found.site else None
    )
    return Done({"supplier": f"{context.data['target']}:{found.external_id}", "proof": found.proof})


def resolve_accounts(context: Context) -> Answer:
    """Which account combination in the ERP is each part charged to, and would the ERP take it?"""
    order = subject.order(context)
    found = coding.resolve(context, order.lines, given.of_order(order))
    if isinstance(found, Hold):
        basis = subject.company(context).order_approval
        approval_basis.note(context, basis, approval_basis.closed(f"order {order.number}", found))
        return found
    context.data["accounts"] = found.accounts
    return Done(found.told)


def check_approval(context: Context) -> Answer:
    """Does its approval stand: by its chain, the hierarchy, the limits, the requisition and the budgets that it rests on?"""
    held = subject.held(context)
    order = held.record
    chains = [f"purchase_order:{held.external_id}"]
    if order.requisition_id:
        chains.insert(0, f"requisition:{order.requisition_id}")
    found = [
        *approval_state.doubts(
            context, approval_state.Approved(f"order {order.number}", chains, order.requester, order.total)
        ),
        *approval_state.requisition_doubt(context.db, held.system, order),
        *_lowered_budgets(context, order, chains),
    ]
    stopped = approval_state.judge(
        context, subject.company(context).order_approval, found, f"order {order.number}"
    )
    stopped = stopped or ruled.check(context, "order_check", {"order": order}, f"order {order.number}")
    return stopped if stopped is not None else Done({"doubts": [one.cause for one in found]})


def _lowered_budgets(
    context: Context, order: PurchaseOrder, chains: list[str]
) -> Iterator[approval_state.Doubt]:
    since = approval_basis.approved_at(context, chains)
    if since is not None:
        charges = budget.charges(context)
        found = budgets.bearers(context, charges, order.currency, on=dates.today(context))
        yield from approval_basis.lowered(context, f"order {order.number}", (one for one, _ in found), since)


def enrich(context: Context) -> Answer:
    """By which policy, approved by whom, taxed how?"""
    held = subject.held(context)
    category = policy.category(held.record)
    ruling = ruled.first(context, "order_tax", {"order": held.record}, f"order {held.record.number}")
    if isinstance(ruling, Hold):
        return ruling
    usual = policy.tax_treatment(context.facts.profile, category)
    metadata = PolicyMetadata(
        policy_version=context.facts.policy_version,
        mapping_version=context.facts.mapping_version,
        approval_chain=policy.approval_chain(context.db, held.system, held.external_id, held.record),
        category=category,
        tax_treatment=ruling.then if ruling is not None else usual,
    )
    context.data["policy"] = metadata.model_dump(mode="json")
    return Done({**context.data["policy"], **({"tax_rule": ruling.rule} if ruling is not None else {})})
