"""Oracle's documents of general ledger, Payables and people: the attributes we read, under Oracle's own names.

Attributes of journal headers and lines and of worker assignments are not documented in the contract sheet; a pod that
calls them otherwise says so in its options, and they are renamed before they are read here.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.oracle_fusion.wire import Flag, Id, Linked, Rows


class JournalLine(msgspec.Struct):
    JeLineNumber: Decimal
    AccountCombination: str
    EnteredDr: Decimal | None = None
    EnteredCr: Decimal | None = None
    Description: str | None = None
    Reference2: str | None = None


class JournalHeader(msgspec.Struct):
    JeHeaderId: Id
    JournalName: str
    Description: str | None = None
    LedgerName: str | None = None
    LegalEntity: str | None = None
    UserJeCategoryName: str | None = None
    CurrencyCode: str | None = None
    AccountingDate: str | None = None
    PeriodName: str | None = None
    ExternalReference: str | None = None
    ReversalStatus: str | None = None
    journalLines: list[JournalLine] | Rows[JournalLine] | None = None


class JournalBatch(Linked, kw_only=True):
    JeBatchId: Id
    BatchName: str
    BatchDescription: str | None = None
    DefaultPeriodName: str | None = None
    Status: str | None = None
    StatusMeaning: str | None = None
    UserJeSourceName: str | None = None
    CreationDate: str | None = None
    LastUpdateDate: str | None = None
    journalHeaders: list[JournalHeader] | Rows[JournalHeader] | None = None


class Journal(JournalHeader, kw_only=True):
    """One journal with the batch it lies in put beside it by the client."""

    batch: JournalBatch = msgspec.field(name="@batch")


class ErpIntegration(msgspec.Struct):
    """A request to the bulk import, or what became of it."""

    ReqstId: Id | None = None
    RequestStatus: str | None = None
    DocumentId: str | None = None
    DocumentContent: str | None = None


class JobMessage(msgspec.Struct):
    text: str
    code: str = ""


class Job(msgspec.Struct):
    """What the client found out about one import request."""

    ReqstId: str
    status: str
    RequestStatus: str | None = None
    case_class: str | None = None
    messages: list[JobMessage] = []


class InvoiceDistribution(msgspec.Struct):
    DistributionCombination: str | None = None
    DistributionAmount: Decimal | None = None


class LineProject(
    msgspec.Struct,
    rename={
        "project": "_PROJECT_ID_Display",
        "task": "_TASK_ID_Display",
        "expenditure_type": "_EXPENDITURE_TYPE_ID_Display",
        "organization": "_ORGANIZATION_ID_Display",
    },
):
    """A project's coding of an invoice's line, by names."""

    project: str | None = None
    task: str | None = None
    expenditure_type: str | None = None
    organization: str | None = None


class InvoiceLine(msgspec.Struct):
    LineNumber: Decimal
    LineType: str | None = None
    LineAmount: Decimal | None = None
    Description: str | None = None
    Quantity: Decimal | None = None
    UnitPrice: Decimal | None = None
    TaxClassification: str | None = None
    DistributionCombination: str | None = None
    PurchaseOrderNumber: str | None = None
    PurchaseOrderLineNumber: Decimal | None = None
    ReceiptNumber: str | None = None
    ReceiptLineNumber: Id | None = None
    UOM: str | None = None
    TaxRate: Decimal | None = None
    PrepaymentIncludedonInvoiceFlag: Flag | None = None
    CanceledFlag: Flag | None = None
    DiscardedFlag: Flag | None = None
    invoiceDistributions: list[InvoiceDistribution] | Rows[InvoiceDistribution] | None = None
    invoiceLineProjectDff: list[LineProject] | Rows[LineProject] | None = None
    """None: it was not asked for, or Oracle does not say."""


class InvoiceInstallment(msgspec.Struct):
    DueDate: str | None = None


class InvoiceHold(Linked, kw_only=True):
    HoldId: Id | None = None
    InvoiceNumber: str | None = None
    BusinessUnit: str | None = None
    Supplier: str | None = None
    HoldName: str | None = None
    HoldReason: str | None = None
    HoldDetails: str | None = None
    ReleaseName: str | None = None
    ReleaseDate: str | None = None


class Invoice(Linked, kw_only=True):
    """An invoice; its open holds are put beside it by the client."""

    InvoiceId: Id
    InvoiceNumber: str
    InvoiceCurrency: str
    PaymentCurrency: str | None = None
    InvoiceAmount: Decimal
    InvoiceDate: str
    InvoiceType: str | None = None
    InvoiceSource: str | None = None
    BusinessUnit: str | None = None
    LegalEntity: str | None = None
    Supplier: str | None = None
    SupplierNumber: str | None = None
    SupplierSite: str | None = None
    Description: str | None = None
    AccountingDate: str | None = None
    PaymentTerms: str | None = None
    ValidationStatus: str | None = None
    ApprovalStatus: str | None = None
    PaidStatus: str | None = None
    AmountPaid: Decimal | None = None
    CanceledFlag: Flag | None = None
    LastUpdateDate: str | None = None
    LastUpdatedBy: str | None = None
    invoiceLines: list[InvoiceLine] | Rows[InvoiceLine] | None = None
    invoiceInstallments: list[InvoiceInstallment] | Rows[InvoiceInstallment] | None = None
    holds: list[InvoiceHold] = msgspec.field(name="@holds", default_factory=list)


class RelatedInvoice(msgspec.Struct):
    InvoiceId: Id | None = None
    InvoiceNumber: str | None = None
    AmountPaidPaymentCurrency: Decimal | None = None
    AmountPaidInvoiceCurrency: Decimal | None = None
    InvoiceAmount: Decimal | None = None
    DiscountTaken: Decimal | None = None
    InvoiceCurrency: str | None = None


class Payment(Linked, kw_only=True):
    CheckId: Id
    PaymentNumber: Id | None = None
    PaymentAmount: Decimal
    WithheldAmount: Decimal | None = None
    PaymentCurrency: str
    PaymentDate: str
    PaymentStatus: str | None = None
    PaymentMethod: str | None = None
    Payee: str | None = None
    SupplierNumber: str | None = None
    BusinessUnit: str | None = None
    LegalEntity: str | None = None
    ClearingDate: str | None = None
    StopDate: str | None = None
    VoidDate: str | None = None
    LastUpdateDate: str | None = None
    relatedInvoices: list[RelatedInvoice] | Rows[RelatedInvoice] | None = None


class Manager(msgspec.Struct):
    ManagerType: str | None = None
    PersonNumber: str | None = None


class Assignment(msgspec.Struct):
    AssignmentId: Id | None = None
    PrimaryFlag: Flag | None = None
    DepartmentName: str | None = None
    LegalEmployerName: str | None = None
    CountryCode: str | None = None
    StartDate: str | None = None
    EndDate: str | None = None
    managers: list[Manager] | Rows[Manager] | None = None


class Worker(Linked, kw_only=True):
    PersonId: Id
    PersonNumber: str
    DisplayName: str | None = None
    WorkEmail: str | None = None
    Username: str | None = None
    LastUpdateDate: str | None = None
    assignments: list[Assignment] | Rows[Assignment] | None = None


class PeriodStatus(msgspec.Struct):
    PeriodNameId: str
    ApplicationId: int | str
    LedgerId: Id
    ClosingStatus: str
    StartDate: str
    EndDate: str
