"""The resources of general ledger, Payables and people that a simulated Fusion offers.

Attribute names of journal headers and lines, of worker assignments and of holds are ours where the contract sheet has
none; a client takes them from the pod's describe.
"""

from __future__ import annotations

from adapters.oracle_fusion.simulator_resource import Resource, resource

WHO = "CreationDate:instant CreatedBy:text64 LastUpdateDate:instant LastUpdatedBy:text64"


def finance() -> list[Resource]:
    """Return the resources in the order in which a catalogue lists them."""
    return [
        _journal_batches(),
        _integrations(),
        _period_statuses(),
        _invoices(),
        _holds(),
        _payments(),
        _rates(),
        _workers(),
    ]


def _journal_batches() -> Resource:
    lines = resource(
        "journalLines",
        "Journal Line",
        "JeLineNumber",
        "JeLineNumber:whole AccountCombination:text800 EnteredDr:number EnteredCr:number AccountedDr:number "
        "AccountedCr:number CurrencyCode:text15 Description:text1000 Reference1:text240 Reference2:text240 "
        "CreationDate:instant LastUpdateDate:instant",
    )
    headers = resource(
        "journalHeaders",
        "Journal",
        "JeHeaderId",
        "JeHeaderId:id JournalName:text100 Description:text240 LedgerName:text30 LegalEntity:text240 "
        "UserJeCategoryName:text25 CurrencyCode:text15 AccountingDate:date PeriodName:text15 "
        "ExternalReference:text80 ReversalStatus:text30 RunningTotalDr:number RunningTotalCr:number "
        "CreationDate:instant LastUpdateDate:instant",
        children=(lines,),
        has_opaque_key=True,
    )
    return resource(
        "journalBatches",
        "Journal Batch",
        "JeBatchId",
        "JeBatchId:id BatchName:text100 BatchDescription:text240 DefaultPeriodName:text15 Status:text1 "
        "StatusMeaning:text80 PostedDate:date UserJeSourceName:text25 RunningTotalAccountedDr:number "
        "RunningTotalAccountedCr:number ApprovalStatusMeaning:text80 CompletionStatus:text1:u "
        "CompletionStatusMeaning:text80 ReversalPeriod:text15:u ReversalDate:date:u ReversalMethod:text30:u "
        f"ChartOfAccountsName:text80 {WHO}",
        children=(headers,),
        can=("update", "delete"),
        entity="JournalBatchEO",
        indexed=("UserJeSourceName",),
    )


def _integrations() -> Resource:
    return resource(
        "erpintegrations",
        "ERP Integration",
        "ReqstId",
        "OperationName:text80 DocumentId:text64 ReqstId:text18 RequestStatus:text30 LoadRequestId:text18 "
        "FileName:text240 ContentType:text30 DocumentAccount:text240 JobName:text240 DocumentContent:text",
        can=("create",),
        finders={
            "ESSJobStatusRF": ("requestId",),
            "ESSJobExecutionDetailsRF": ("requestId", "fileType"),
        },
    )


def _period_statuses() -> Resource:
    return resource(
        "accountingPeriodStatusLOV",
        "Accounting Period Status",
        "PeriodNameId",
        "PeriodNameId:text15 ApplicationId:id LedgerId:id ClosingStatus:text1 StartDate:date EndDate:date",
    )


def _invoices() -> Resource:
    distributions = resource(
        "invoiceDistributions",
        "Invoice Distribution",
        "InvoiceDistributionId",
        "InvoiceDistributionId:id DistributionLineNumber:whole:!c DistributionLineType:text25:c "
        "DistributionAmount:number:!c DistributionCombination:text800:cu Description:text240:cu "
        "AccountingDate:date:cu AccountingStatus:text30 FundsStatus:text80 CanceledFlag:flag "
        "ReversedFlag:flag MatchedStatus:text30 PurchaseOrderNumber:text30 PurchaseOrderLineNumber:number "
        "PurchaseOrderScheduleLineNumber:number PurchaseOrderDistributionLineNumber:number ReceiptNumber:text30 "
        "CreationDate:instant LastUpdateDate:instant",
        can=("update",),
        has_opaque_key=True,
        entity="PayablesInvoiceDistributionEO",
    )
    project = resource(
        "invoiceLineProjectDff",
        "Project Information",
        "_PROJECT_ID_Display",
        "_PROJECT_ID_Display:text240:!c _TASK_ID_Display:text240:!c _EXPENDITURE_ITEM_DATE:date:!c "
        "_EXPENDITURE_TYPE_ID_Display:text240:!c _ORGANIZATION_ID_Display:text240:!c",
        entity="PayablesInvoiceLineProjectDFF",
    )
    lines = resource(
        "invoiceLines",
        "Invoice Line",
        "LineNumber",
        "LineNumber:whole:!c LineType:text25:!c LineAmount:number:!cu AccountingDate:date:cu UOM:text25:c "
        "Quantity:number:c UnitPrice:number:c Description:text240:cu Item:text300:c "
        "DistributionCombination:text800:c GenerateDistributions:text1:c TaxClassification:text30:cu "
        "TaxRateName:text150:cu TaxRateCode:text150:cu PurchaseOrderNumber:text30:c "
        "PurchaseOrderLineNumber:number:c PurchaseOrderScheduleLineNumber:number:c ReceiptNumber:text30:c "
        "ReceiptLineNumber:whole:c FinalMatchFlag:flag:c MatchType:text25 PrepaymentNumber:text50 "
        "PrepaymentLineNumber:whole PrepaymentIncludedonInvoiceFlag:flag "
        "FundsStatus:text80 DiscardedFlag:flag CanceledFlag:flag CreationDate:instant "
        "LastUpdateDate:instant",
        children=(distributions, project),
        can=("update",),
        entity="PayablesInvoiceLineEO",
    )
    installments = resource(
        "invoiceInstallments",
        "Invoice Installment",
        "InstallmentNumber",
        "InstallmentNumber:whole DueDate:date GrossAmount:number UnpaidAmount:number PaymentMethod:text80 "
        "HoldFlag:flag HoldReason:text240 CreationDate:instant LastUpdateDate:instant",
    )
    applied = resource(
        "appliedPrepayments",
        "Applied Prepayment",
        "InvoiceNumber",
        "InvoiceNumber:text50 LineNumber:whole AppliedAmount:number Currency:text15 AccountingDate:date "
        "IncludedonInvoiceFlag:flag",
        has_opaque_key=True,
    )
    return resource(
        "invoices",
        "Invoice",
        "InvoiceId",
        "InvoiceId:id InvoiceNumber:text50:!cu InvoiceCurrency:text15:c PaymentCurrency:text15:c "
        "InvoiceAmount:number:!cu InvoiceDate:date:cu BusinessUnit:text240:!c Supplier:text360:!c "
        "SupplierNumber:text30 SupplierSite:text240:!c ProcurementBU:text240 InvoiceGroup:text50:cu "
        "InvoiceType:text25:c InvoiceSource:text25:c InvoiceSourceCode:text25 Description:text240:cu "
        "AccountingDate:date:cu TermsDate:date:cu PaymentTerms:text50:cu PaymentMethod:text80 "
        "PaymentMethodCode:text30:cu PayGroup:text25:cu ConversionRateType:text30:cu ConversionDate:date:cu "
        "ConversionRate:number:cu LegalEntity:text240 LiabilityDistribution:text800:cu "
        "TaxationCountry:text80 BudgetDate:date:cu ReferenceKeyFive:text150 Party:text360 PartySite:text240 "
        "ValidationStatus:text30 ApprovalStatus:text30 PaidStatus:text30 AccountingStatus:text30 "
        "FundsStatus:text80 AmountPaid:number BaseAmount:number CanceledFlag:flag CanceledDate:date "
        f"CanceledBy:text64 {WHO}",
        children=(lines, installments, applied),
        can=("create", "update"),
        entity="PayablesInvoiceEO",
        indexed=("InvoiceNumber", "Supplier", "SupplierNumber"),
        collection_actions=("validateInvoice", "cancelInvoice", "applyPrepayments", "unapplyPrepayments"),
    )


def _holds() -> Resource:
    return resource(
        "invoiceHolds",
        "Invoice Hold",
        "HoldId",
        "HoldId:id InvoiceNumber:text50:!c BusinessUnit:text240:c Supplier:text360:c LineHeld:whole "
        "HoldName:text80:!c HoldReason:text240:c HoldDetails:text1000 HeldBy:text64 HoldDate:date "
        "ReleaseName:text80:u ReleaseReason:text240:u ReleaseDate:date PurchaseOrderNumber:text30 "
        "PurchaseOrderLineNumber:number CreationDate:instant LastUpdateDate:instant",
        can=("create", "update"),
        indexed=("InvoiceNumber",),
    )


def _payments() -> Resource:
    related = resource(
        "relatedInvoices",
        "Related Invoice",
        "InvoicePaymentId",
        "InvoicePaymentId:id CheckId:id InvoiceId:id InvoiceNumber:text50 InvoiceBusinessUnit:text240 "
        "InstallmentNumber:whole AmountPaidPaymentCurrency:number AmountPaidInvoiceCurrency:number "
        "InvoiceAmount:number InvoicePaymentAmount:number InvoiceCurrency:text15 CrossCurrencyRate:number DiscountTaken:number "
        "CreationDate:instant LastUpdateDate:instant",
    )
    return resource(
        "payablesPayments",
        "Payment",
        "CheckId",
        "CheckId:id PaymentId:id PaymentReference:id PaymentNumber:id PaymentAmount:number WithheldAmount:number "
        "PaymentCurrency:text15 PaymentDate:date AccountingDate:date PaymentDescription:text240 "
        "PaymentStatus:text30 PaymentType:text30 PaymentMethod:text80 Payee:text360 PayeeSite:text240 "
        "SupplierNumber:text30 BusinessUnit:text240 LegalEntity:text240 DisbursementBankAccountName:text80 "
        "ReconciledFlag:flag AccountingStatus:text30 ClearingDate:date ClearingAmount:number StopDate:date "
        "VoidDate:date:u VoidAccountingDate:date:u PaymentProcessRequest:text240 CreationDate:instant "
        "LastUpdateDate:instant",
        children=(related,),
        can=("update",),
        indexed=("SupplierNumber",),
    )


def _rates() -> Resource:
    return resource(
        "currencyRates",
        "Currency Rate",
        "ConversionDate",
        "FromCurrency:text15 ToCurrency:text15 ConversionDate:date ConversionRate:number ConversionType:text30 "
        "UserConversionType:text30",
        finders={
            "CurrencyRatesFinder": (
                "fromCurrency",
                "toCurrency",
                "userConversionType",
                "startDate",
                "endDate",
            )
        },
    )


def _workers() -> Resource:
    managers = resource(
        "managers",
        "Manager",
        "AssignmentSupervisorId",
        "AssignmentSupervisorId:id ManagerType:text30 ManagerAssignmentId:id ManagerAssignmentNumber:text30 "
        "PersonNumber:text30 DisplayName:text240",
    )
    assignments = resource(
        "assignments",
        "Assignment",
        "AssignmentId",
        "AssignmentId:id AssignmentNumber:text30 PrimaryFlag:flag DepartmentName:text240 "
        "BusinessUnitName:text240 LegalEmployerName:text240 CountryCode:text2 StartDate:date EndDate:date",
        children=(managers,),
    )
    return resource(
        "publicWorkers",
        "Public Worker",
        "PersonId",
        "PersonId:id PersonNumber:text30 DisplayName:text240 WorkEmail:text240 Username:text100",
        children=(assignments,),
        indexed=("PersonNumber",),
        base="hcmRestApi",
    )
