"""What a profile can say about one Oracle Fusion instance: `[systems.<name>.options]`."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Auth = Literal["basic", "client_credentials", "password"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class BusinessUnit(_Table):
    """What an order of one business unit needs in this ERP and no other system knows."""

    procurement_bu_id: int
    requisitioning_bu_id: int | None = Field(
        default=None, description="The procuring unit itself when absent"
    )
    buyer_id: int
    document_style_id: int = 1
    ship_to_location_id: int
    ship_to_organization_id: int | None = None
    destination_type: str = "EXPENSE"
    line_type: str = Field(default="Goods", description="Of lines with quantity and price")
    amount_line_type: str = Field(default="Fixed Price Services", description="Of lines ordered by amount")
    default_category: str | None = None
    preparer_id: int | None = Field(
        default=None, description="Who prepares and requests requisitions; None: the buyer"
    )
    receiving_organization: str | None = Field(
        default=None, description="OrganizationCode that receives the goods; needed for receipts"
    )
    match_approval_level: Literal["2 Way", "3 Way"] | None = Field(
        default=None, description="How invoices are matched to its orders; None: as Oracle is set up"
    )
    receiver_name: str | None = Field(default=None, description="EmployeeName on receipts")
    uom_map: dict[str, str] = Field(default_factory=dict, description="Source unit of measure to UOMCode")

    @property
    def requisitioning_id(self) -> int:
        return self.procurement_bu_id if self.requisitioning_bu_id is None else self.requisitioning_bu_id


class BalanceQuery(_Table):
    """One budget, read from ledger balances. The finder wants all five of its variables."""

    name: str = Field(description="Number of the budget")
    title: str = ""
    legal_entity: str
    ledger: str
    period: str
    currency: str = Field(pattern="^[A-Z]{3}$")
    account_combination: str
    mode: str = "Detail"
    cost_centre: str | None = None
    account: str | None = None
    project: str | None = None
    budget_scenario: str = "Budget"
    """Rows of this scenario are the budget, rows of every other one have used it up."""
    measure: Literal["PeriodActivity", "EndingBalance"] = "PeriodActivity"

    @field_validator("ledger", "period", "account_combination", "mode")
    @classmethod
    def _fits_a_finder(cls, value: str) -> str:
        if "," in value or ";" in value:
            raise ValueError("a finder's value can hold neither a comma nor a semicolon")
        return value

    @property
    def finder(self) -> str:
        return (
            f"AccountBalanceFinder;accountCombination={self.account_combination},mode={self.mode},"
            f"accountingPeriod={self.period},currency={self.currency},ledgerName={self.ledger}"
        )


class LedgerAccess(_Table):
    """What a journal import of one ledger needs and no other system knows."""

    ledger_id: int
    data_access_set_id: int
    currency: str = Field(pattern="^[A-Z]{3}$", description="The ledger's own currency")
    chart_id: int | None = Field(
        default=None, description="Chart its combinations are looked up in; None: any"
    )
    conversion_type: str = Field(default="Corporate", description="Rate type of journals in other currencies")


class JournalImport(_Table):
    """How Import Journals is called (contract sheet, section 12.2)."""

    source_parameter: str = Field(default="ALL", description="Second parameter: a source's id, or ALL")
    date_format: Literal["yyyy/mm/dd", "yyyy-mm-dd"] = "yyyy/mm/dd"
    document_account: str = "fin$/generalLedger$/import$"
    job: str = "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher"
    job_options: str = "InterfaceDetails=15,ImportOption=Y,PurgeOption=Y,ExtractFileType=ALL"
    file_prefix: str = Field(default="finsync_gl_", pattern=r"^[A-Za-z0-9_.-]*$")
    posts_errors_to_suspense: bool = False
    creates_summary: bool = False
    flexfields: Literal["N", "O", "W"] = Field(
        default="N", description="Descriptive flexfields: none, without or with validation"
    )
    patience_minutes: int = Field(
        default=60,
        ge=1,
        le=24 * 60,
        description="How long an import whose answer was lost may still be at work, before it is sent again",
    )


class PayablesUnit(_Table):
    """What an invoice of one business unit needs and no other system knows."""

    currency: str = Field(pattern="^[A-Z]{3}$", description="Currency of its ledger")
    employee_site: str | None = Field(
        default=None, description="Site of payees that the invoice names no site of, e.g. OFFICE"
    )
    payment_terms: str | None = None
    payment_method: str | None = Field(default=None, description="PaymentMethodCode")
    pay_group: str | None = None
    conversion_type: str = Field(default="Corporate", description="Rate type of invoices in other currencies")


class ProjectCode(_Table):
    """What Oracle's project costing wants to know of a charge: by id on orders, by name on invoices."""

    project_id: int
    project: str = Field(min_length=1, description="As `_PROJECT_ID_Display` shows it")
    task_id: int
    task: str = Field(min_length=1)
    expenditure_type_id: int
    expenditure_type: str = Field(min_length=1)
    organization_id: int
    organization: str = Field(min_length=1)


class ProjectCoding(_Table):
    """Which charges are a project's, and how each project is coded."""

    segment: int = Field(ge=1, le=30, description="Which segment of the account names the project, from 1")
    no_project: tuple[str, ...] = Field(default=("0", "000", "0000"), description="Values that mean none")
    projects: dict[str, ProjectCode]
    is_read_back: bool = Field(
        default=True, description="False: the pod refuses to expand the codings of orders and invoices"
    )


class RateQuery(_Table):
    """Daily rates of one pair of currencies."""

    from_currency: str = Field(pattern="^[A-Z]{3}$")
    to_currency: str = Field(pattern="^[A-Z]{3}$")
    kind: str = Field(default="Corporate", pattern="^[^,;]+$", description="UserConversionType")
    days: int = Field(default=30, ge=1, le=400, description="How far back they are read")

    def finder(self, starts_on: date, ends_on: date) -> str:
        return (
            f"CurrencyRatesFinder;fromCurrency={self.from_currency},toCurrency={self.to_currency},"
            f"userConversionType={self.kind},startDate={starts_on.isoformat()},endDate={ends_on.isoformat()}"
        )


class RefusalRule(_Table):
    """An own reading of refusals, asked before ours."""

    pattern: str = Field(
        description="Regular expression, searched in code, path and text; case does not matter"
    )
    case_class: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value


class Options(_Table):
    """Everything that differs from one customer's pod to the next."""

    auth: Auth = "basic"
    token_url: str | None = Field(default=None, description="Identity domain's token endpoint, for OAuth")
    scope: str = ""
    own_login: str | None = Field(default=None, description="User our own changes show up under")

    api_path: str = "/fscmRestApi/resources/11.13.18.05"
    framework_version: Literal["3", "4"] = "4"
    page_size: int | None = Field(default=None, ge=2, le=500)
    overlap_minutes: int = Field(default=10, ge=0, le=24 * 60)
    offset_entities: tuple[str, ...] = Field(
        default=(), description="Entities whose id this pod does not let us filter by: paged by offset"
    )

    marker_field: Literal["NoteToReceiver", "Description"] = "NoteToReceiver"
    order_numbering: Literal["automatic", "manual"] = "automatic"
    business_units: dict[str, BusinessUnit] = Field(default_factory=dict)
    categories: dict[str, str] = Field(
        default_factory=dict, description="Canonical category to Category text"
    )
    cancel_reason_name: str = "cancelReason"
    close_reason_name: str = "closeReason"
    cancel_parameters: dict[str, Any] = Field(
        default_factory=dict, description="Sent with every cancel action"
    )
    close_parameters: dict[str, Any] = Field(default_factory=dict, description="Sent with every close action")
    reopen_parameters: dict[str, Any] = Field(
        default_factory=dict, description="Sent with every reopen action"
    )
    bypasses_approval: bool = Field(
        default=False, description="Submit without Fusion's own approval workflow"
    )

    supplier_relationship: str = Field(default="SPEND_AUTHORIZED", description="Of suppliers we create")
    supplier_numbering: Literal["automatic", "manual"] = "automatic"
    supplier_defaults: dict[str, Any] = Field(
        default_factory=dict, description="Sent with every new supplier, e.g. TaxOrganizationTypeCode"
    )
    upserts_suppliers: bool = Field(
        default=False, description="Create suppliers and sites in upsert mode; nothing else ever is"
    )
    requisition_source: str = Field(
        default="FINSYNC", max_length=25, description="InterfaceSourceCode of ours"
    )
    requisition_category_ids: dict[str, int] = Field(
        default_factory=dict, description="Canonical category to CategoryId, for requisitions"
    )
    withdraw_parameters: dict[str, Any] = Field(default_factory=dict, description="Sent with every withdraw")
    cancel_requisition_parameters: dict[str, Any] = Field(
        default_factory=dict, description="Sent with every cancel of a requisition"
    )
    receipt_source_code: str = Field(
        default="VENDOR", description="ReceiptSourceCode of receipts from suppliers"
    )
    receipt_mark_attribute: str = Field(
        default="ExternalSystemTransactionReference",
        description="Attribute of receivingTransactionsHistory that shows our mark",
    )

    combination_id_attribute: str = "_CODE_COMBINATION_ID"
    chart_attribute: str = "_CHART_OF_ACCOUNTS_ID"
    combination_attribute: str = "AccountCombination"
    enabled_attribute: str = "EnabledFlag"
    starts_on_attribute: str = "_START_DATE_ACTIVE"
    ends_on_attribute: str = "_END_DATE_ACTIVE"
    segment_delimiter: str = Field(default="-", min_length=1)
    project_coding: ProjectCoding | None = Field(
        default=None,
        description="Project flexfields of orders and of invoice lines without an order; None: not sent",
    )

    extension_children: dict[Literal["supplier", "purchase_order", "invoice"], tuple[str, ...]] = Field(
        default_factory=dict,
        description="By entity: child collections that are read with it for regional extensions, e.g. invoiceDff",
    )

    cost_centre_value_set: str | None = None
    ledger_balances: tuple[BalanceQuery, ...] = ()
    reads_bank_accounts: bool = False

    ledgers: dict[str, LedgerAccess] = Field(
        default_factory=dict,
        description="By the ledger's name in Oracle: those that journals are imported into",
    )
    journal_import: JournalImport = JournalImport()
    journal_sources: tuple[str, ...] = Field(
        default=(), description="Sources (UserJeSourceName) whose journals are read; empty: all"
    )
    journal_attributes: dict[str, str] = Field(
        default_factory=dict,
        description="Names of journal header and line attributes on this pod, where they differ: ours to the pod's",
    )
    account_check: Literal["none", "usable", "known"] = Field(
        default="usable",
        description="Before a journal or invoice is sent: refuse disabled combinations; with `known` also new ones",
    )

    payables: dict[str, PayablesUnit] = Field(
        default_factory=dict, description="By BusinessUnit: those that invoices are created in"
    )
    invoice_source: str | None = Field(default=None, description="InvoiceSource of what we create")
    validate_parameters: dict[str, Any] = Field(
        default_factory=lambda: {"ProcessAction": "Validate"}, description="Sent with every validateInvoice"
    )
    invoice_reason_name: str = "ActionReason"
    holds_resource: str = Field(default="invoiceHolds", description="Empty: holds are not read")

    hold_release_name: str = Field(default="Quick Released", description="ReleaseName of holds we release")
    hold_releases: dict[str, str] = Field(
        default_factory=dict, description="HoldName to its own ReleaseName, where it has one"
    )
    exchange_rates: tuple[RateQuery, ...] = Field(default=(), description="Daily rates that are read")

    hcm_path: str = "/hcmRestApi/resources/11.13.18.05"
    employee_attributes: dict[str, str] = Field(
        default_factory=dict, description="Names of worker attributes on this pod: ours to the pod's"
    )
    ledger_application_id: int = Field(default=101, description="ApplicationId of general ledger periods")
    payables_application_id: int | None = Field(
        default=200, description="ApplicationId of Payables periods; None: they are not read"
    )
    refusals: tuple[RefusalRule, ...] = ()

    def business_unit_name(
        self, procurement_id: str | None, requisitioning_id: str | None = None
    ) -> str | None:
        """Return our name of the unit with these ids; None when no configured one, or more than one, has them."""
        names = [
            name
            for name, unit in self.business_units.items()
            if str(unit.procurement_bu_id) == procurement_id
            and requisitioning_id in (None, str(unit.requisitioning_id))
        ]
        return names[0] if len(names) == 1 else None
