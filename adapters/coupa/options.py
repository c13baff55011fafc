"""What can be set for a Coupa connection: `[systems.<name>.options]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from store.wording import nearest

LOGICAL_FIELDS = ("erp_number", "erp_status")
WRITTEN_BACK: Final[Mapping[str, Mapping[str, str]]] = {
    "purchase_order": {"erp_number": "cf-erp-po-number", "erp_status": "cf-erp-status"},
    "invoice": {"erp_number": "cf-erp-invoice-number", "erp_status": "cf-erp-status"},
}
"""By entity: the custom fields that hold what the ERP says, unless the connection names others."""

DOCUMENT_TYPES: Final[Mapping[str, str]] = {
    "purchase_order": "OrderHeader",
    "invoice": "InvoiceHeader",
    "requisition": "RequisitionHeader",
    "receipt": "InventoryTransaction",
    "supplier": "Supplier",
    "account_combination": "Account",
    "cost_centre": "LookupValue",
    "employee": "User",
    "exchange_rate": "ExchangeRate",
    "expense_report": "ExpenseReport",
    "payment": "Payment",
}
"""By entity: what Coupa calls its documents where it keeps runs, errors and history of integrations."""
SHOWING_SCOPES: Final = frozenset(("core.integration.read", "core.integration.write"))


class Options(BaseModel):
    """Options of one Coupa instance."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    scopes: tuple[str, ...] = Field(
        default=(
            "core.purchase_order.read",
            "core.purchase_order.write",
            "core.requisition.read",
            "core.invoice.read",
            "core.invoice.write",
            "core.inventory.receiving.read",
            "core.supplier.read",
            "core.approval.read",
            "core.accounting.read",
            "core.budget.read",
            "core.common.read",
            "core.project.read",
            "core.legal_entity.read",
            "core.user.read",
        ),
        description="Asked for with the token; one the client lacks makes the token request fail",
    )
    token_path: str = Field(default="/oauth2/token", pattern=r"^/")
    token_settle_s: float = Field(
        default=5.0, ge=0, le=60, description="A token younger than this that is refused is tried once more"
    )
    own_login: str | None = Field(
        default=None, description="Login of our OAuth client: marks our own changes"
    )
    custom_fields: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        validate_default=True,
        description="By entity: our name of a field, and the API-editable custom field that holds it. Names "
        "without an entity are those of the order",
    )
    extra_fields: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="By entity: further fields to ask for. They are kept with what was read and mean nothing here",
    )
    export_flag: Literal["off", "read", "mark"] = Field(
        default="off",
        description="read: a delta also reads what is not marked as exported; mark: documents may be marked, too",
    )
    overlap_minutes: int = Field(default=10, ge=0, le=24 * 60)
    append_settle_s: float = Field(
        default=120.0,
        ge=0,
        le=3600,
        description="So long after a write that adds something and got no answer, Coupa may still be at it",
    )
    order_statuses: tuple[str, ...] = ("issued", "soft_closed", "closed", "cancelled", "canceled")
    shows_deleted_lines: bool = Field(
        default=False, description="Asks for the deleted lines of orders, too: see deleted_line_statuses"
    )
    deleted_line_statuses: tuple[str, ...] = Field(
        default=("deleted",), description="How this instance marks a deleted line; not documented"
    )
    invoice_statuses: tuple[str, ...] = Field(
        default=(
            "pending_receipt",
            "pending_approval",
            "pending_action",
            "processing",
            "disputed",
            "on_hold",
            "ap_hold",
            "booking_hold",
            "payable_adjustment",
            "approved",
            "rejected",
            "abandoned",
            "voided",
        ),
        description="Which invoices are read; one that leaves them is not seen to leave",
    )
    receipt_types: tuple[str, ...] = Field(
        default=(), description="Which receiving transactions are read; none named: all of them"
    )
    requisition_statuses: tuple[str, ...] = (
        "pending_buyer_action",
        "pending_approval",
        "approved",
        "ordered",
        "partially_received",
        "received",
        "rejected",
        "withdrawn",
        "abandoned",
    )
    approval_limit: Literal["requisition", "invoice", "expense"] = Field(
        default="requisition",
        description="Which of a user's limits counts where there is none for the kind of document",
    )
    cost_centre_lookup: str | None = Field(
        default=None, description="Name of the lookup that holds cost centres"
    )
    project_lookup: str | None = Field(
        default=None,
        description="Name of the lookup that holds projects; without it they are Coupa's own projects",
    )
    lookups: tuple[str, ...] = Field(
        default=(), description="Which lookups are read with their values; none named: all of them"
    )
    segment_count: int = Field(default=20, ge=1, le=20, description="How many segments the charts use")
    cost_centre_segment: int = Field(default=2, ge=1, le=20, description="Of a budget line")
    account_segment: int = Field(default=3, ge=1, le=20, description="Of a budget line")
    project_segment: int | None = Field(
        default=None, ge=1, le=20, description="Of a budget line, where projects are budgeted"
    )
    reads_bank_accounts: bool = Field(
        default=False, description="Fingerprints of the bank accounts in suppliers' profiles"
    )
    tax_code_path: str | None = Field(
        default=None, pattern=r"^/", description="Where this instance serves tax codes; no path is documented"
    )

    integrations: dict[str, str] = Field(
        default_factory=dict,
        description="By entity: code of the integration, as it is set up in Coupa, under which Coupa shows our runs and "
        "the exceptions of its documents. None named: nothing is shown there",
    )

    @field_validator("integrations")
    @classmethod
    def _known_there(cls, given: dict[str, str]) -> dict[str, str]:
        """Refuse an entity that Coupa shows no errors of, and a name that names nothing."""
        unknown = sorted(set(given) - set(DOCUMENT_TYPES))
        if unknown:
            raise ValueError(
                f"Coupa shows no errors of {', '.join(unknown)}; known: {', '.join(sorted(DOCUMENT_TYPES))}"
            )
        if not all(code.strip() for code in given.values()):
            raise ValueError("an integration is named by its code in Coupa")
        return given

    @model_validator(mode="after")
    def _may_show(self) -> Options:
        missing = sorted(SHOWING_SCOPES.difference(self.scopes))
        if self.integrations and missing:
            raise ValueError(
                f"integrations are shown with the scopes {' and '.join(missing)}: add them to scopes"
            )
        return self

    @field_validator("custom_fields", mode="before")
    @classmethod
    def _by_entity(cls, given: Any) -> Any:
        """Put names that stand alone under the order, and the usual ones where nothing is said."""
        if not isinstance(given, Mapping):
            return given
        alone = {name: field for name, field in given.items() if isinstance(field, str)}
        named = {entity: fields for entity, fields in given.items() if not isinstance(fields, str)}
        usual = {entity: dict(fields) for entity, fields in WRITTEN_BACK.items()}
        return usual | ({"purchase_order": alone} if alone else {}) | named

    @field_validator("custom_fields")
    @classmethod
    def _known_fields(cls, given: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """Refuse a name that nothing is ever written under."""
        for entity, fields in given.items():
            if entity not in DOCUMENT_TYPES:
                raise ValueError(f"there is no document {entity!r}: {nearest(entity, DOCUMENT_TYPES)}")
            for name in fields:
                if name not in LOGICAL_FIELDS:
                    raise ValueError(f"{entity} has no field {name!r}: {nearest(name, LOGICAL_FIELDS)}")
        return given

    def fields_of(self, entity: str) -> Mapping[str, str]:
        """Return the custom fields of an entity by our names for them."""
        return self.custom_fields.get(entity, {})
