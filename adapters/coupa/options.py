"""What can be set for a Coupa connection: `[systems.<name>.options]`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

LOGICAL_FIELDS = ("erp_number", "erp_status")


class Options(BaseModel):
    """Options of one Coupa instance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scopes: tuple[str, ...] = Field(
        default=(
            "core.purchase_order.read",
            "core.purchase_order.write",
            "core.supplier.read",
            "core.approval.read",
            "core.accounting.read",
            "core.budget.read",
            "core.common.read",
            "core.project.read",
            "core.legal_entity.read",
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
    custom_fields: dict[str, str] = Field(
        default_factory=lambda: {"erp_number": "cf-erp-po-number", "erp_status": "cf-erp-status"},
        description="Our name of a field on the order, and the API-editable custom field that holds it",
    )
    overlap_minutes: int = Field(default=10, ge=0, le=24 * 60)
    order_statuses: tuple[str, ...] = ("issued", "soft_closed", "closed", "cancelled", "canceled")
    cost_centre_lookup: str | None = Field(
        default=None, description="Name of the lookup that holds cost centres"
    )
    segment_count: int = Field(default=20, ge=1, le=20, description="How many segments the charts use")
    cost_centre_segment: int = Field(default=2, ge=1, le=20, description="Of a budget line")
    account_segment: int = Field(default=3, ge=1, le=20, description="Of a budget line")
    reads_bank_accounts: bool = Field(
        default=False, description="Fingerprints of the bank accounts in suppliers' profiles"
    )
    tax_code_path: str | None = Field(
        default=None, pattern=r"^/", description="Where this instance serves tax codes; no path is documented"
    )
