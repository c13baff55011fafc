"""The receiving resources of a simulated Fusion: what asks for a movement of goods, and what moved.

Only requests and their errors stand in the contract sheet; the history is documented by its attributes, and that it shows
the other system's reference is our assumption.
"""

from __future__ import annotations

from adapters.oracle_fusion.simulator_resource import Resource, resource

REQUESTS = "receivingReceiptRequests"
TRANSACTIONS = "receivingReceiptTransactionRequests"
HISTORY = "receivingTransactionsHistory"
WHO = "CreationDate:instant CreatedBy:text64 LastUpdateDate:instant LastUpdatedBy:text64"
_LINE = (
    "TransactionType:text25:!c AutoTransactCode:text25:c TransactionDate:instant:c SourceDocumentCode:text25:c "
    "ReceiptSourceCode:text25:c OrganizationCode:text18:c ItemNumber:text300:c ItemDescription:text240:c "
    "DocumentNumber:text30:c DocumentLineNumber:number:c Subinventory:text10:c Quantity:number:c Amount:number:c "
    "CurrencyCode:text15:c UOMCode:text3:c InterfaceSourceCode:text30:c"
)
_RESULT = "ProcessingStatusCode:text25 ReturnStatus:text30 ReturnMessage:text2000"


def receiving() -> list[Resource]:
    """Return the resources in the order in which a catalogue lists them."""
    errors = resource(
        "processingErrors",
        "Processing Error",
        "InterfaceErrorId",
        "InterfaceErrorId:id InterfaceHeaderId:id InterfaceLineId:id BatchId:id ErrorMessage:text2000 "
        "ErrorMessageName:text30 ErrorType:text25 ColumnName:text30 TableName:text30",
    )
    lines = resource(
        "lines",
        "Receipt Line Request",
        "InterfaceTransactionId",
        f"InterfaceTransactionId:id {_LINE}",
        entity="ReceiptLineRequestEO",
    )
    return [
        resource(
            REQUESTS,
            "Receipt Request",
            "HeaderInterfaceId",
            "HeaderInterfaceId:id ASNType:text25:c ReceiptSourceCode:text25:!c TransactionDate:instant:c "
            "ShipmentNumber:text30:c ReceiptNumber:text30 ReceiptHeaderId:id VendorName:text360:c "
            "VendorNumber:text30:c VendorSiteCode:text240:c BusinessUnit:text240:c OrganizationCode:text18:c "
            "OrganizationId:id:c EmployeeName:text240:c EmployeeId:id:c PackingSlip:text80:c GLDate:date:c "
            "GroupId:id InsertAndProcessFlag:text5:c SaveAndSubmitFlag:text5:c Comments:text240:c "
            f"ExternalSystemTransactionReference:text300:c {_RESULT} {WHO}",
            children=(lines, errors),
            can=("create",),
            is_written_whole=True,
            indexed=("ExternalSystemTransactionReference", "ReceiptNumber"),
        ),
        resource(
            TRANSACTIONS,
            "Receipt Transaction Request",
            "InterfaceTransactionId",
            f"InterfaceTransactionId:id HeaderInterfaceId:id ParentTransactionId:id:c {_LINE} ReasonName:text30:c "
            f"GLDate:date:c Comments:text240:c InsertAndProcessFlag:text5:c "
            f"ExternalSystemTransactionReference:text300:c {_RESULT} {WHO}",
            children=(errors,),
            can=("create",),
            is_written_whole=True,
            indexed=("ExternalSystemTransactionReference",),
        ),
        resource(
            HISTORY,
            "Receiving Transaction",
            "TransactionId",
            "TransactionId:id ParentTransactionId:id TransactionType:text80 TransactionTypeCode:text25 "
            "TransactionDate:instant ReceiptNumber:text30 ShipmentHeaderId:id ShipmentLineId:id "
            "OrganizationCode:text18 ItemDescription:text240 Quantity:number Amount:number CurrencyCode:text15 "
            "UOMCode:text3 POHeaderId:id PONumber:text30 POLineId:id POLineNumber:number POLineLocationId:id "
            "POShipmentNumber:number SourceDocumentCode:text25 VendorId:id VendorName:text360 "
            f"ExternalSystemTransactionReference:text300 {WHO}",
            indexed=(
                *("POLineId", "PONumber", "ReceiptNumber"),
                *("ParentTransactionId", "ExternalSystemTransactionReference"),
            ),
        ),
    ]
