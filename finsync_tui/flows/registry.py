"""The flows there are. A new one is named here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Final, cast

from finsync_tui.flows.beginnings import sources
from finsync_tui.flows.steps import Flow
from finsync_tui.profile import Profile

_CLASSES: Final[Mapping[str, str]] = {
    "requisition_commitment": "RequisitionCommitment",
    "requisition_to_pay": "RequisitionToPay",
    "goods_receipt": "GoodsReceipt",
    "invoice_to_payment": "InvoiceToPayment",
    "expense_to_reimbursement": "ExpenseToReimbursement",
    "expense_validation": "ExpenseValidation",
    "supplier_onboarding": "SupplierOnboarding",
    "supplier_following": "SupplierFollowing",
    "supplier_merge": "SupplierMerge",
    "break_adoption": "BreakAdoption",
    "supplier_bank_change": "SupplierBankChange",
}
"""By name, which is that of the flow's module as well. Their order is the one they are asked in."""
SIGNED_WRITES: Final[Mapping[str, str]] = {"supplier_bank_account.change": "supplier_bank_change"}
"""Writes that always take persons who agree, and the one flow that asks them: no other may send them, whatever the file says."""

RULED_AT: Final[Mapping[str, tuple[str, str]]] = {
    "order_check": ("requisition_to_pay", "check_approval"),
    "order_tax": ("requisition_to_pay", "enrich"),
    "invoice_check": ("invoice_to_payment", "check_approval"),
    "expense_check": ("expense_to_reimbursement", "check_approval"),
}
"""By decision: in which flow and at which step the company's own rules are asked."""


REPLAYED_AT: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "approval_doubt": (
        ("requisition_to_pay", "check_approval"),
        ("invoice_to_payment", "check_approval"),
        ("expense_to_reimbursement", "check_approval"),
    ),
    "budget_short": (("requisition_to_pay", "check_budget"),),
    "invoice_match": (("invoice_to_payment", "match"),),
    "invoice_mismatch": (("invoice_to_payment", "match"),),
    "invoice_tolerance": (("invoice_to_payment", "match"),),
    "ledger_derivation": (
        ("requisition_to_pay", "resolve_accounts"),
        ("invoice_to_payment", "resolve_accounts"),
        ("expense_to_reimbursement", "resolve_accounts"),
    ),
}
"""By decision that is asked about what a step finds: the steps that are taken again to see what other rules would do."""


class _Flows(Mapping[str, Flow]):
    """The flows by name, each imported when it is first looked at: an idle cycle needs none of them."""

    def __getitem__(self, name: str) -> Flow:
        return _flow(name, _CLASSES[name])

    def __contains__(self, name: object) -> bool:
        return name in _CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


@cache
def _flow(name: str, class_: str) -> Flow:
    module = import_module(f"{__package__}.{name}")
    return cast("Flow", getattr(module, class_)())


FLOWS: Final[Mapping[str, Flow]] = _Flows()


def is_document_source(profile: Profile, system: str, entity: str) -> bool:
    """Say whether documents of that entity in that system start a flow of this company."""
    return any(system in sources(profile, name) and FLOWS[name].model.entity == entity for name in FLOWS)
