"""An order as the ERP shall hold it. Pure: what the steps decided goes in, the commitment comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from finsync_tui.profile import LegalEntitySetup
from store.canonical.budget import Commitment, CommitmentDistribution, CommitmentLine, PolicyMetadata
from store.canonical.money import total
from store.canonical.purchasing import OrderLine, PurchaseOrder


@dataclass(frozen=True, slots=True)
class Decided:
    """What the steps before have found out."""

    order_key: str
    marker: str
    legal_entity: str
    supplier_id: str
    supplier_site_id: str | None
    policy: PolicyMetadata
    accounts: Mapping[str, Mapping[str, str]]
    """By `line/distribution`: charge_account, and its parts by segment name."""
    budget_days: Mapping[str, date] = field(default_factory=dict)
    """By `line/distribution`: the day that budgets bear it on."""
    left_out: frozenset[str] = frozenset()
    """Numbers of lines that the ERP has cancelled by itself: it takes none up again."""


def commitment(order: PurchaseOrder, setup: LegalEntitySetup, decided: Decided) -> Commitment:
    """Build the commitment; its validators see to it that lines and distributions add up to the order's total, less what is
    left out."""
    live = [line for line in order.lines if not line.is_cancelled]
    lost = [line.amount for line in live if line.number in decided.left_out]
    return Commitment(
        number=order.number,
        order_key=decided.order_key,
        revision=order.revision,
        marker=decided.marker,
        legal_entity=decided.legal_entity,
        ledger=setup.ledger,
        business_unit=setup.business_unit,
        supplier_id=decided.supplier_id,
        supplier_site_id=decided.supplier_site_id,
        currency=order.currency,
        total=order.total - total(lost, order.currency),
        description=order.description or f"Order {order.number}",
        policy=decided.policy,
        lines=tuple(_line(line, decided) for line in live if line.number not in decided.left_out),
    )


def _line(line: OrderLine, decided: Decided) -> CommitmentLine:
    return CommitmentLine(
        number=line.number,
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        uom=line.uom,
        amount=line.amount,
        category=line.category,
        need_by_on=line.need_by_on,
        distributions=tuple(
            CommitmentDistribution(
                number=d.number,
                charge_account=account["charge_account"],
                amount=d.amount,
                quantity=d.quantity,
                cost_centre=account.get("cost_centre"),
                account=account.get("account"),
                project=account.get("project"),
                period=d.period,
                budget_on=decided.budget_days.get(f"{line.number}/{d.number}"),
            )
            for d in line.distributions
            for account in [decided.accounts[f"{line.number}/{d.number}"]]
        ),
    )
