"""The flows there are. A new one is named here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from finsync_tui.flows.expense_to_reimbursement import ExpenseToReimbursement
from finsync_tui.flows.expense_validation import ExpenseValidation
from finsync_tui.flows.goods_receipt import GoodsReceipt
from finsync_tui.flows.invoice_to_payment import InvoiceToPayment
from finsync_tui.flows.requisition_commitment import RequisitionCommitment
from finsync_tui.flows.requisition_to_pay import RequisitionToPay
from finsync_tui.flows.steps import Flow
from finsync_tui.profile import Profile

_ALL: Final[tuple[Flow, ...]] = (
    RequisitionCommitment(),
    RequisitionToPay(),
    GoodsReceipt(),
    InvoiceToPayment(),
    ExpenseToReimbursement(),
    ExpenseValidation(),
)
FLOWS: Final[Mapping[str, Flow]] = {flow.name: flow for flow in _ALL}


def is_document_source(profile: Profile, system: str, entity: str) -> bool:
    """Say whether documents of that entity in that system start a flow of this company."""
    return any(
        setup.is_enabled and setup.source == system and name in FLOWS and FLOWS[name].model.entity == entity
        for name, setup in profile.flows.items()
    )
