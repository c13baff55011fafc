"""The requisition resource of a simulated Fusion. Names of the distributions' attributes are our assumption."""

from __future__ import annotations

from adapters.oracle_fusion.simulator_resource import Resource, resource

RESOURCE = "purchaseRequisitions"


def requisitions() -> Resource:
    """Return requisitions with lines and distributions."""
    distributions = resource(
        "distributions",
        "Requisition Distribution",
        "RequisitionDistributionId",
        "RequisitionDistributionId:id DistributionNumber:number:!c Quantity:number:c Percentage:number:c "
        "CurrencyAmount:number:c ChargeAccount:text800:cu BudgetDate:date:cu FundsStatus:text80",
        has_opaque_key=True,
        entity="PurchaseRequisitionDistributionEO",
    )
    lines = resource(
        "lines",
        "Requisition Line",
        "RequisitionLineId",
        "RequisitionLineId:id LineNumber:number:!c LineTypeId:id:c LineStatus:text80 Item:text300:c "
        "ItemDescription:text240:cu CategoryId:id:cu CategoryName:text250:cu Quantity:number:cu UOMCode:text3:cu "
        "UnitPrice:number:cu CurrencyCode:text15:c Amount:number:c RequestedDeliveryDate:date:cu RequesterId:id:cu "
        "DeliverToLocationId:id:cu DestinationTypeCode:text25:cu DestinationOrganizationId:id:cu SupplierId:id:cu "
        "Supplier:text360 SupplierSiteId:id:cu NoteToBuyer:text1000:cu NoteToSupplier:text1000:cu UrgentFlag:flag:cu "
        "POHeaderId:id PurchaseOrder:text30 CreationDate:instant LastUpdateDate:instant",
        children=(distributions,),
        entity="PurchaseRequisitionLineEO",
    )
    return resource(
        RESOURCE,
        "Purchase Requisition",
        "RequisitionHeaderId",
        "RequisitionHeaderId:id Requisition:text64 Description:text240:cu Justification:text1000:cu PreparerId:id:!c "
        "Preparer:text240 PreparerEmail:text240 RequisitioningBUId:id:!c RequisitioningBU:text240 "
        "DocumentStatus:text80 DocumentStatusCode:text30 FunctionalCurrencyCode:text15 FundsStatus:text80 "
        "FundsStatusCode:text30 ExternallyManagedFlag:flag:c InterfaceSourceCode:text25:c "
        "EmergencyRequisitionFlag:flag:c SubmissionDate:instant ApprovedDate:instant CreationDate:instant "
        "LastUpdateDate:instant",
        children=(lines,),
        can=("create", "update", "delete"),
        has_opaque_key=True,
        entity="PurchaseRequisitionHeaderEO",
        actions=("submitRequisition", "withdraw", "cancel", "checkFunds"),
        indexed=("Requisition", "InterfaceSourceCode"),
        is_written_whole=True,
    )
