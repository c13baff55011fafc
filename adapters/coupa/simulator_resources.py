"""The paths of the simulated Coupa: verbs, actions, keys and scopes of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.coupa.simulator_shapes import Resource

_READ = frozenset({"index", "show"})
_ALL = frozenset({"index", "show", "create", "update"})
_UPDATE = frozenset({"index", "show", "update"})

ORDER_ACTIONS: Final = frozenset(
    {
        "issue",
        "issue_without_send",
        "ignore_window_and_issue",
        "release_from_buyer_hold",
        "cancel",
        "close",
        "reopen",
    }
)
LINE_ACTIONS: Final = frozenset(
    {
        "soft_close_for_receiving",
        "soft_close_for_invoicing",
        "reopen_for_receiving",
        "reopen_for_invoicing",
    }
)
INVOICE_ACTIONS: Final = frozenset(
    {
        "submit",
        "void",
        "abandon",
        "dispute",
        "withdraw_dispute",
        "bypass_approvals",
        "bypass_current_approval",
        "restart_approvals",
        "revalidate_tolerances",
    }
)
RUN_ACTIONS: Final = frozenset({"run", "pause", "pending", "success", "finish", "fail"})

RESOURCES: Final[Mapping[str, Resource]] = {
    resource.path: resource
    for resource in (
        Resource("suppliers", "supplier", "core.supplier", _ALL, ("number", "name"), ("name",), "supplier"),
        Resource(
            "supplier_information",
            "supplier_information",
            "core.supplier",
            _UPDATE,
            error_key="supplier_information",
            lookups=("supplier-id",),
        ),
        Resource(
            "purchase_orders",
            "purchase_order",
            "core.purchase_order",
            _UPDATE,
            ("po-number",),
            error_key="order_header",
            actions=ORDER_ACTIONS,
        ),
        Resource(
            "purchase_order_revisions",
            "revision",
            "core.purchase_order",
            _READ,
            lookups=("purchase-order-id",),
        ),
        Resource("requisitions", "requisition", "core.requisition", _UPDATE, error_key="requisition_header"),
        Resource(
            "invoices",
            "invoice",
            "core.invoice",
            _ALL,
            (),
            ("invoice-number", "supplier", "currency"),
            "invoice_header",
            lookups=("invoice-number",),
            actions=INVOICE_ACTIONS,
            scopes={
                "create": "core.invoice.create",
                "void": "core.invoice.delete",
                "abandon": "core.invoice.delete",
                "bypass_approvals": "core.invoice.approval.bypass",
                "bypass_current_approval": "core.invoice.approval.bypass",
                "restart_approvals": "core.invoice.approval.write",
            },
        ),
        Resource(
            "receiving_transactions",
            "inventory_transaction",
            "core.inventory.receiving",
            _ALL,
            (),
            ("order-line",),
            "inventory_transaction",
            actions=frozenset({"void"}),
        ),
        Resource(
            "approvals",
            "approval",
            "core.approval",
            _READ,
            error_key="approval",
            lookups=("approvable-id",),
            actions=frozenset({"approve", "hold", "reject"}),
        ),
        Resource("account_types", "account_type", "core.accounting", _READ, ("name",)),
        Resource(
            "accounts",
            "account",
            "core.accounting",
            _ALL,
            (),
            ("account-type",),
            "account",
            lookups=("code",),
        ),
        Resource("lookups", "lookup", "core.common", _ALL, ("name",), ("name",), "lookup"),
        Resource(
            "lookup_values",
            "lookup_value",
            "core.common",
            _ALL,
            (),
            ("name", "lookup"),
            "lookup_value",
            lookups=("external-ref-num", "external-ref-code", "name"),
        ),
        Resource(
            "budget_lines",
            "budget_line",
            "core.budget",
            _ALL,
            (),
            ("period",),
            "budget_line",
            actions=frozenset({"adjust"}),
        ),
        Resource(
            "budget_line_adjustments",
            "budget_line_adjustment",
            "core.budget",
            _READ,
            error_key="budget_line_adjustment",
            lookups=("budget-line-id",),
        ),
        Resource(
            "users",
            "user",
            "core.user",
            _ALL,
            ("login", "email", "employee-number"),
            ("login", "email", "firstname", "lastname"),
            "user",
        ),
        Resource("departments", "department", "core.common", _ALL, ("name",), ("name",), "department"),
        Resource("projects", "project", "core.project", _READ, ("name",)),
        Resource("legal_entities", "legal_entity", "core.legal_entity", _READ, ("name", "abbreviation")),
        Resource("currencies", "currency", "core.common", _READ, ("code",)),
        Resource("payment_terms", "payment_term", "core.common", _READ, ("code",)),
        Resource("tax_codes", "tax_code", "core.common", _READ, ("code",)),
        Resource(
            "exchange_rates",
            "exchange_rate",
            "core.common",
            _ALL,
            (),
            ("from-currency", "to-currency", "rate", "rate-date"),
            "exchange_rate",
        ),
        Resource(
            "integrations",
            "integration",
            "core.integration",
            _ALL,
            ("code", "name"),
            ("code", "name"),
            "integration",
        ),
        Resource(
            "integration_runs",
            "integration_run",
            "core.integration",
            _ALL,
            (),
            ("integration",),
            "integration_run",
            actions=RUN_ACTIONS,
        ),
        Resource(
            "integration_history_records",
            "integration_record",
            "core.integration",
            _ALL,
            (),
            ("document-type", "document-id"),
            "integration_history_record",
            lookups=("external-id", "document-id"),
            actions=frozenset({"resolve", "unresolve"}),
        ),
        Resource(
            "integration_errors",
            "integration_record",
            "core.integration",
            _UPDATE,
            (),
            ("document-type", "document-id"),
            "integration_error",
            lookups=("external-id", "document-id"),
            actions=frozenset({"resolve", "unresolve"}),
        ),
    )
}

SCOPES: Final = frozenset(
    scope
    for resource in RESOURCES.values()
    for scope in (f"{resource.scope}.read", f"{resource.scope}.write", *resource.scopes.values())
)
