"""The classes of exceptions that finsync opens by itself; each is a row in docs/errors.md."""

from __future__ import annotations

from typing import Final

CASE_CLASSES: Final = frozenset(
    [
        "PAYLOAD_INVALID",
        "TOTALS_DIFFER",
        "MAPPING_MISSING",
        "SUPPLIER_UNKNOWN",
        "SUPPLIER_AMBIGUOUS",
        "SUPPLIER_DUPLICATE_POSSIBLE",
        "SUPPLIER_INACTIVE",
        "ACCOUNT_INVALID",
        "COST_CENTRE_INACTIVE",
        "BUDGET_EXCEEDED",
        "PERIOD_CLOSED",
        "REJECTED",
        "DEAD_LETTER",
        "CREDENTIALS_REFUSED",
        "WRITE_BACK_IGNORED",
        "READ_BACK_DIFFERS",
        "VERSION_CONFLICT",
        "READ_FAILED",
        "ACCOUNT_MISSING",
        "APPROVAL_LIMIT",
        "APPROVER_MISSING",
        "APPROVER_SELF",
        "APPROVER_STALE",
        "CLAIMED_BY_OTHER",
        "CONFIGURATION",
        "COST_CENTRE_MISSING",
        "DOCUMENT_UNSUPPORTED",
        "EMPLOYEE_UNKNOWN",
        "RECALLED",
        "TAX_CODE_UNKNOWN",
        "TAX_DIFFERS",
        "TAX_REVIEW",
        "TEST_DOCUMENT",
        "APPROVAL_STALE",
        "INVOICE_DISPUTED",
        "INVOICE_DUPLICATE",
        "INVOICE_ON_HOLD",
        "MATCH_CURRENCY",
        "MATCH_ORDER",
        "MATCH_PRICE",
        "MATCH_QUANTITY",
        "MATCH_RECEIPT",
        "PAYMENT_DUPLICATE_POSSIBLE",
    ]
)
