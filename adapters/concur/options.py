"""What can be set for a Concur connection: `[systems.<name>.options]`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DocumentType = Literal[
    "expense", "cashadvance", "reportobligation", "requestobligation", "invoice", "payroll"
]
ListEntity = Literal["cost_centre", "project", "account_combination"]
PaidBy = Literal["cash", "individual_card", "company_card", "company_paid", "unknown"]


class ListOptions(BaseModel):
    """One list of Concur whose values are read as records."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    list_id: str = Field(pattern=r"^[0-9A-Fa-f-]{32,36}$", description="Id of the list")
    entity: ListEntity
    level: int | None = Field(
        default=None, ge=1, le=10, description="Only values of this level are records; none: all levels"
    )


class Options(BaseModel):
    """Options of one Concur company."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    system_id: str = Field(
        default="FINSYNC",
        min_length=1,
        max_length=50,
        description="Name of the ERP in every acknowledgement. Concur remembers it: never change it while "
        "documents are under way",
    )
    document_types: tuple[DocumentType, ...] = Field(
        default=("expense",), min_length=1, description="Which queues of the financial integration are read"
    )
    domain_suffix: str = Field(
        default=".api.concursolutions.com",
        pattern=r"^\.[a-z0-9.-]+$",
        description="Data centres that an answer may move us to have host names that end like this",
    )
    own_login: str | None = Field(default=None, description="Login our own changes show up under")
    language: str = Field(default="EN", pattern=r"^[A-Z]{2}$", description="Of messages that we write")
    payment_types: dict[str, PaidBy] = Field(
        default_factory=dict, description="Payment type codes of this company (1003 ...): who paid"
    )
    report_overlap_minutes: int = Field(default=60, ge=1, le=7 * 24 * 60)
    report_time_offset_minutes: int = Field(
        default=0,
        ge=-14 * 60,
        le=14 * 60,
        description="How far report times are ahead of UTC, where they are",
    )
    reports_per_page: int = Field(
        default=25, ge=1, le=100, description="A ceiling is not published; 25 is safe"
    )
    open_reports_every_hours: int = Field(
        default=24, ge=1, description="Reports in open states are read again after so many hours"
    )
    report_detail: Literal["v4", "v3", "none"] = Field(
        default="v4",
        description="How the entries of a single report are read: v4 with taxes, v3 where v4 is not granted (without "
        "taxes), none: the header only",
    )
    processor_login: str | None = Field(
        default=None,
        description="Login of an expense processor: as they see a report, its owner is asked for in one call",
    )
    lists: dict[str, ListOptions] = Field(
        default_factory=dict, description="Our name of each list that is read, and what its values are"
    )
    employee_overlap_minutes: int = Field(default=15, ge=1, le=24 * 60)
    reads_approvers: bool = Field(default=True, description="Read who approves, from the spend profiles")
    employees_whole_every_hours: int = Field(
        default=24,
        ge=1,
        description="A change of approver alone moves no date: all are read after so many hours",
    )
    cost_centre_field: str | None = Field(
        default=None,
        pattern=r"^(orgUnit[1-6]|custom([1-9]|1[0-9]|2[0-2]))$",
        description="Field of the spend profile that holds the cost centre, e.g. orgUnit3",
    )
    legal_entity_field: str | None = Field(
        default=None,
        pattern=r"^(orgUnit[1-6]|custom([1-9]|1[0-9]|2[0-2]))$",
        description="Field of the spend profile that holds the company code, e.g. orgUnit1",
    )
    budget_fields: dict[str, Literal["legal_entity", "cost_centre", "account", "project"]] = Field(
        default_factory=dict,
        description="Tracking fields of budgets by their fieldDefinitionId, and what they are",
    )
    vendor_address_code: str = Field(
        default="MAIN", min_length=1, max_length=32, description="Code of the address that a new vendor gets"
    )
    vendor_currencies: dict[str, str] = Field(
        default_factory=dict,
        description='Currency that vendors of a country are paid in, by ISO 3166 code; "*" for all others',
    )
    validation_step: str = Field(
        default="EXTVAL",
        description="Code of the external validation step; only there do we approve or send back",
    )
