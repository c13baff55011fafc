"""The resources a simulated Fusion offers: suppliers, ledger reference data, procurement, and those of finance."""

from __future__ import annotations

from adapters.oracle_fusion.simulator_catalogue_finance import finance
from adapters.oracle_fusion.simulator_catalogue_receiving import receiving
from adapters.oracle_fusion.simulator_catalogue_requisitions import requisitions
from adapters.oracle_fusion.simulator_resource import Resource, resource
from adapters.oracle_fusion.simulator_settings import SimulatorSettings


def _suppliers() -> Resource:
    assignments = resource(
        "assignments",
        "Supplier Site Assignment",
        "AssignmentId",
        "AssignmentId:id ClientBUId:id:!cu ClientBU:text240 BillToBUId:id:cu ShipToLocationId:id:cu "
        "BillToLocationId:id:cu InactiveDate:date:cu CreationDate:instant LastUpdateDate:instant",
        can=("create", "update"),
    )
    sites = resource(
        "sites",
        "Supplier Site",
        "SupplierSiteId",
        "SupplierSiteId:id SupplierSite:text240:!cu ProcurementBUId:id:!c ProcurementBU:text240 "
        "SupplierAddressId:id:cu SupplierAddressName:text240:cu SitePurposePurchasingFlag:flag:cu "
        "SitePurposeSourcingOnlyFlag:flag:cu SitePurposePayFlag:flag:cu Email:text2000:cu "
        "CommunicationMethodCode:text25:cu HoldAllNewPurchasingDocumentsFlag:flag:cu "
        "PurchasingHoldReason:text240:cu InactiveDate:date:cu Status:text30:h CreationDate:instant "
        "LastUpdateDate:instant",
        children=(assignments,),
        can=("create", "update"),
    )
    addresses = resource(
        "addresses",
        "Supplier Address",
        "SupplierAddressId",
        "SupplierAddressId:id AddressName:text240:cu CountryCode:text2:!cu AddressLine1:text240:cu "
        "AddressLine2:text240:cu City:text60:cu State:text60:cu Province:text60:cu PostalCode:text60:cu "
        "Email:text320:cu AddressPurposeOrderingFlag:flag:cu AddressPurposeRFQOrBiddingFlag:flag:cu "
        "FormattedAddress:text2000:h Status:text30:h CreationDate:instant LastUpdateDate:instant",
        can=("create", "update"),
    )
    contacts = resource(
        "contacts",
        "Supplier Contact",
        "SupplierContactId",
        "SupplierContactId:id FirstName:text150:cu LastName:text150:!cu Email:text320:cu "
        "PhoneNumber:text40:cu CreationDate:instant LastUpdateDate:instant",
        can=("create", "update"),
    )
    return resource(
        "suppliers",
        "Supplier",
        "SupplierId",
        "SupplierId:id Supplier:text360:!cu SupplierNumber:text30:cu SupplierPartyId:id:c "
        "AlternateName:text360:cu Alias:text360:cu BusinessRelationship:text80 "
        "BusinessRelationshipCode:text30:cu SupplierType:text80 SupplierTypeCode:text30:cu "
        "TaxOrganizationTypeCode:text30:cu TaxpayerCountry:text2:cu TaxpayerId:text30:cu "
        "CorporateWebsite:text150:cu OneTimeSupplierFlag:flag:cu ParentSupplierId:id:cu "
        "InactiveDate:date:cu Status:text30:h CreationDate:instant LastUpdateDate:instant",
        children=(sites, addresses, contacts),
        can=("create", "update"),
        indexed=("Supplier", "SupplierNumber", "TaxpayerId", "SupplierPartyId"),
    )


def _bank_accounts() -> Resource:
    owners = resource(
        "accountOwners",
        "Bank Account Owner",
        "AccountOwnerId",
        "AccountOwnerId:id AccountOwnerPartyIdentifier:id:!c AccountOwnerPartyId:id "
        "AccountOwnerPartyNumber:text30 AccountOwnerPartyName:text360 PrimaryOwnerIndicator:text1:cu "
        "StartDate:date:cu EndDate:date:cu CreationDate:instant LastUpdateDate:instant",
        can=("create", "update"),
    )
    return resource(
        "externalBankAccounts",
        "External Bank Account",
        "BankAccountId",
        "BankAccountId:id BankAccountNumber:text100:c IBAN:text50:c BankAccountName:text80:c CountryCode:text2:c "
        "CurrencyCode:text15:c BankName:text360 BankNumber:text30 BankBranchName:text360 "
        "BranchNumber:text30 SWIFTCode:text15:c CheckDigits:text30 StartDate:date:cu EndDate:date:cu "
        "CreationDate:instant LastUpdateDate:instant",
        children=(owners,),
        can=("create", "update"),
        indexed=("IBAN", "BankAccountNumber"),
    )


def _payees() -> list[Resource]:
    return [
        resource(
            "paymentsExternalPayees",
            "External Payee",
            "PayeeId",
            "PayeeId:id PayeePartyIdentifier:id:!c PaymentFunctionCode:text30:!c PayeeName:text360 CreationDate:instant "
            "LastUpdateDate:instant",
            can=("create",),
            indexed=("PayeePartyIdentifier",),
        ),
        resource(
            "instrumentAssignments",
            "Instrument Assignment",
            "InstrumentAssignmentId",
            "InstrumentAssignmentId:id PaymentInstrumentId:id:!c PaymentInstrumentType:text30:!c PaymentPartyId:id:!c "
            "PaymentFlow:text30:!c StartDate:date:cu EndDate:date:cu CreationDate:instant LastUpdateDate:instant",
            can=("create", "update"),
            indexed=("PaymentInstrumentId", "PaymentPartyId"),
        ),
    ]


def _value_sets() -> Resource:
    values = resource(
        "values",
        "Value Set Value",
        "ValueId",
        "ValueId:id ValueSetId:id ValueSetCode:text60 Value:text150:!c Description:text240:cu "
        "EnabledFlag:text1:cu StartDateActive:date:cu EndDateActive:date:cu CreationDate:instant "
        "LastUpdateDate:instant",
        can=("create", "update", "delete"),
        has_opaque_key=True,
    )
    return resource(
        "valueSets",
        "Value Set",
        "ValueSetId",
        "ValueSetId:id ValueSetCode:text60 Description:text240 ValidationType:text30 CreationDate:instant "
        "LastUpdateDate:instant",
        children=(values,),
        has_opaque_key=True,
        indexed=("ValueSetCode",),
    )


def _combinations(settings: SimulatorSettings) -> Resource:
    names = settings.combination_names
    segments = " ".join(f"{one}:text25" for one in settings.segment_attributes)
    return resource(
        "accountCombinationsLOV",
        "Account Combination",
        names.key,
        f"{names.key}:id {names.chart}:id {names.enabled}:text1 {names.combination}:text800 "
        f"{names.starts}:date {names.ends}:date {segments}",
        indexed=(names.combination,),
    )


def _general_ledger(settings: SimulatorSettings) -> list[Resource]:
    return [
        resource(
            "ledgersLOV",
            "Ledger",
            "LedgerId",
            "LedgerId:id LedgerName:text30 LedgerShortName:text20 LedgerType:text30 CurrencyCode:text15 "
            "ChartOfAccountsStructureId:id AccountingCalendar:text30 BudgetaryControlEnabledFlag:flag",
            indexed=("LedgerName",),
        ),
        resource(
            "chartOfAccountsLOV",
            "Chart Of Accounts",
            "StructureInstanceId",
            "StructureInstanceId:id StructureInstanceNumber:whole StructureInstanceCode:text30 "
            "Name:text80 Description:text240 EnabledFlag:text1",
        ),
        _combinations(settings),
        _value_sets(),
        resource(
            "ledgerBalances",
            "Ledger Balance",
            "DetailAccountCombination",
            "LedgerName:text30 PeriodName:text15 Currency:text15 AccountCombination:text800 "
            "DetailAccountCombination:text800 BeginningBalance:number PeriodActivity:number "
            "EndingBalance:number AmountType:text30 CurrencyType:text30 Scenario:text30",
            finders={
                "AccountBalanceFinder": (
                    "accountCombination",
                    "mode",
                    "accountingPeriod",
                    "currency",
                    "ledgerName",
                )
            },
        ),
        resource(
            "projects",
            "Project",
            "ProjectId",
            "ProjectId:id ProjectNumber:text25 ProjectName:text240 ProjectStatus:text80 "
            "ProjectStartDate:date ProjectFinishDate:date BusinessUnitName:text240 "
            "OwningOrganizationName:text240 CreationDate:instant LastUpdateDate:instant",
            indexed=("ProjectNumber",),
        ),
    ]


def _procurement_lookups() -> list[Resource]:
    terms = resource(
        "payablesPaymentTermsLines",
        "Payment Terms Line",
        "sequenceNumber",
        "sequenceNumber:whole duePercent:number amountDue:number days:whole dayOfMonth:whole "
        "monthsAhead:whole fixedDate:date calendar:text30 firstDiscountPercent:number "
        "firstDiscountDays:whole",
    )
    return [
        resource(
            "procurementAgents",
            "Procurement Agent",
            "AssignmentId",
            "AssignmentId:id AgentId:id Agent:text240 AgentEmail:text240 ProcurementBUId:id "
            "ProcurementBU:text240 DefaultRequisitioningBUId:id Status:text30 "
            "ManageOrdersAllowedFlag:flag",
            indexed=("AgentId", "ProcurementBUId", "AgentEmail"),
        ),
        resource(
            "procurementBusinessUnitsLOV",
            "Procurement Business Unit",
            "ProcurementBUId",
            "ProcurementBUId:id ProcurementBU:text240",
            indexed=("ProcurementBU",),
        ),
        resource(
            "procurementPersonsLOV",
            "Procurement Person",
            "PersonId",
            "PersonId:id PersonNumber:text30 DisplayName:text240",
        ),
        resource(
            "purchasingDocumentStylesLOV",
            "Purchasing Document Style",
            "StyleId",
            "StyleId:id StyleName:text240 DisplayName:text240 DocumentSubtype:text30 StatusCode:text30",
        ),
        resource(
            "payablesPaymentTerms",
            "Payment Terms",
            "termsId",
            "termsId:id name:text50 description:text240 enabledFlag:flag fromDate:date toDate:date "
            "cutoffDay:whole rank:whole setId:id creationDate:instant lastUpdateDate:instant",
            children=(terms,),
        ),
    ]


def _draft_schedules() -> Resource:
    project = resource(
        "projectDFF",
        "Project Costing",
        "_PROJECT_ID",
        "_PROJECT_ID:id:!c _TASK_ID:id:!c _EXPENDITURE_ITEM_DATE:date:!c _EXPENDITURE_TYPE_ID:id:!c "
        "_ORGANIZATION_ID:id:!c",
        entity="PODistributionProjectDFF",
    )
    distributions = resource(
        "distributions",
        "Distribution",
        "PODistributionId",
        "PODistributionId:id DistributionNumber:number:!cu Quantity:number:cu Amount:number:cu "
        "DeliverToLocation:text240:cu POChargeAccount:text800:cu POAccrualAccount:text800:h "
        "DestinationChargeAccountId:id:h Requester:text240:cu BudgetDate:date:cu OrderNumber:text30 "
        "CreationDate:instant:h LastUpdateDate:instant",
        children=(project,),
        can=("create", "update", "delete"),
        has_opaque_key=True,
        entity="DraftPurchaseOrderDistributionEO",
    )
    return resource(
        "schedules",
        "Schedule",
        "LineLocationId",
        "LineLocationId:id ScheduleNumber:number:!cu ShipToLocationId:id:cu ShipToLocation:text240:cu "
        "ShipToOrganizationId:id:cu ShipToOrganizationCode:text18:cu ShipToOrganization:text240:cu "
        "Quantity:number:cu Price:number:cu Amount:number:cu RequestedDeliveryDate:date:cu "
        "PromisedDeliveryDate:date:cu RequestedShipDate:date:cu PromisedShipDate:date:cu "
        "DestinationTypeCode:text25:cu DestinationType:text80:cu InvoiceMatchOptionCode:text25:cu "
        "MatchApprovalLevel:text25:cu ReceiptRequiredFlag:flag:cu InspectionRequiredFlag:flag:cu "
        "ReceiptRoutingId:id:cu ReceiptCloseTolerancePercent:number:cu "
        "InvoiceCloseTolerancePercent:number:cu CancelFlag:flag:u CancelUnfulfilledDemandFlag:flag:u "
        "CreationDate:instant LastUpdateDate:instant",
        children=(distributions,),
        can=("create", "update", "delete"),
        has_opaque_key=True,
        entity="DraftPurchaseOrderScheduleEO",
    )


def _draft_orders() -> Resource:
    lines = resource(
        "lines",
        "Line",
        "POLineId",
        "POLineId:id LineNumber:number:!cu LineTypeId:id:cu LineType:text30:cu ItemId:id:cu "
        "Item:text300:cu Description:text240:cu CategoryId:id:cu Category:text250:cu "
        "CategoryCode:text250:cu Quantity:number:cu UOMCode:text3:cu UOM:text25:cu Price:number:cu "
        "Amount:number:cu CurrencyCode:text15 SupplierItem:text300:cu NoteToSupplier:text1000:cu "
        "NegotiatedFlag:flag:cu CancelFlag:flag:u CancelUnfulfilledDemandFlag:flag:u CreationDate:instant "
        "LastUpdateDate:instant",
        children=(_draft_schedules(),),
        can=("create", "update", "delete"),
        entity="DraftPurchaseOrderLineEO",
    )
    return resource(
        "draftPurchaseOrders",
        "Draft Purchase Order",
        "POHeaderId",
        "POHeaderId:id VersionId:id OrderNumber:text30:c Description:text240:cu Status:text80 "
        "StatusCode:text30 ChangeOrderStatusCode:text30 ProcurementBUId:id:!c ProcurementBU:text240 "
        "RequisitioningBUId:id:c RequisitioningBU:text240:c BuyerId:id:cu Buyer:text240:cu "
        "BuyerEmail:text240:cu SupplierId:id:cu Supplier:text360:cu SupplierSiteId:id:cu "
        "SupplierSite:text240:cu DocumentStyleId:id:c DocumentStyle:text240:c CurrencyCode:text15:c "
        "NoteToSupplier:text1000:cu NoteToReceiver:text1000:cu DefaultShipToLocationId:id:cu "
        "BillToLocationId:id:cu BillToBUId:id:cu PayOnReceiptFlag:flag:cu "
        "BuyerManagedTransportFlag:flag:cu SpecialHandlingTypeCode:text30:cu "
        "OrderedAmountBeforeAdjustments:number FundsStatus:text80 CreationDate:instant "
        "LastUpdateDate:instant",
        children=(lines,),
        can=("create", "update", "delete"),
        has_opaque_key=True,
        entity="DraftPurchaseOrderHeaderEO",
        actions=("submit", "validateDocument", "checkFunds", "cancelChangeOrder", "deleteChangeOrder"),
        indexed=("OrderNumber", "NoteToReceiver", "Description", "SupplierId", "StatusCode"),
    )


def _purchase_orders() -> list[Resource]:
    lines = resource(
        "lines",
        "Purchase Order Line",
        "POLineId",
        "POLineId:id POHeaderId:id LineNumber:number LineType:text30 Item:text300 Description:text240 "
        "Quantity:number Price:number Ordered:number Total:number CurrencyCode:text15 UOMCode:text3 "
        "SupplierItem:text300 Status:text80 StatusCode:text30 CreationDate:instant LastUpdateDate:instant",
    )
    receipts = resource(
        "receipts",
        "Receipt",
        "ReceiptId",
        "ReceiptId:id Receipt:text30 ReceiptDate:date POLineId:id LineNumber:number ScheduleNumber:number "
        "ReceivedQuantity:number DeliveredQuantity:number ReturnedQuantity:number ReceivedAmount:number "
        "DeliveredAmount:number UOMCode:text3",
    )
    return [
        resource(
            "purchaseOrders",
            "Purchase Order",
            "POHeaderId",
            "POHeaderId:id OrderNumber:text30 Description:text240 Status:text80 StatusCode:text30 "
            "BuyerId:id Buyer:text240 ProcurementBUId:id ProcurementBU:text240 RequisitioningBUId:id "
            "RequisitioningBU:text240 RequesterDisplayName:text240:h SupplierId:id Supplier:text360 "
            "SupplierSiteId:id SupplierSite:text240 DocumentStyleId:id CurrencyCode:text15 "
            "PaymentTerms:text50 Ordered:number Total:number Revision:number FrozenFlag:flag "
            "FundsStatus:text80 OrderDate:date CreationDate:instant LastUpdateDate:instant",
            children=(lines,),
            has_opaque_key=True,
            actions=("cancel", "close", "hold", "removeHold", "reopen"),
            indexed=("OrderNumber", "SupplierId", "StatusCode"),
        ),
        resource(
            "purchaseOrderLifeCycleDetails",
            "Purchase Order Life Cycle",
            "POHeaderId",
            "POHeaderId:id OrderNumber:text30 CurrencyCode:text15 OrderedAmount:number "
            "DeliveredAmount:number InReceivingAmount:number InTransitAmount:number PaidAmount:number "
            "PartiallyPaidAmount:number UnpaidAmount:number",
            children=(receipts,),
            has_list=False,
        ),
    ]


def catalogue(settings: SimulatorSettings) -> dict[str, Resource]:
    """Return every resource by name."""
    offered = [
        _suppliers(),
        _bank_accounts(),
        *_payees(),
        *_general_ledger(settings),
        *_procurement_lookups(),
        _draft_orders(),
        *_purchase_orders(),
        requisitions(),
        *receiving(),
        *finance(),
    ]
    return {one.name: one for one in offered}
