"""Which step of which flow waits for which reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from finsync_tui.reconcile.expenses import PostingCheck, ReplyCheck
from finsync_tui.reconcile.invoices import InvoicePostingCheck, InvoiceRecordCheck, InvoiceReplyCheck
from finsync_tui.reconcile.orders import OrderCheck
from finsync_tui.reconcile.read_back import Check
from finsync_tui.reconcile.receipts import ReceiptCheck
from finsync_tui.reconcile.reports import DecisionCheck, ReportRead
from finsync_tui.reconcile.suppliers import BankChangeCheck, SupplierCheck, SupplierStatusCheck
from finsync_tui.reconcile.undoings import UndoingCheck

CHECKS: Final[Mapping[tuple[str, str], Check]] = {
    ("requisition_to_pay", "verify"): OrderCheck(),
    ("expense_to_reimbursement", "verify_posting"): PostingCheck(),
    ("expense_to_reimbursement", "verify"): ReplyCheck(),
    ("expense_validation", "read_report"): ReportRead(),
    ("expense_validation", "verify"): DecisionCheck(),
    ("goods_receipt", "verify"): ReceiptCheck(),
    ("invoice_to_payment", "verify_posting"): InvoicePostingCheck(),
    ("invoice_to_payment", "verify_record"): InvoiceRecordCheck(),
    ("invoice_to_payment", "verify"): InvoiceReplyCheck(),
    ("supplier_onboarding", "verify"): SupplierCheck(),
    ("supplier_following", "verify"): SupplierCheck(),
    ("supplier_bank_change", "verify"): BankChangeCheck(),
    ("supplier_merge", "verify"): SupplierStatusCheck(),
    ("supplier_merge", "verify_return"): SupplierStatusCheck(),
    ("requisition_to_pay", "compensate"): UndoingCheck(),
    ("goods_receipt", "compensate"): UndoingCheck(),
    ("invoice_to_payment", "compensate"): UndoingCheck(),
    ("expense_to_reimbursement", "compensate"): UndoingCheck(),
}
