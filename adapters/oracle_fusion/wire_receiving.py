"""Oracle's documents of receiving: the attributes we read, under Oracle's own names."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.oracle_fusion.wire import Id, Rows


class ProcessingError(msgspec.Struct):
    ErrorMessage: str | None = None
    ErrorMessageName: str | None = None
    ColumnName: str | None = None


class ReceivingRequest(msgspec.Struct):
    """A request for a receipt, a return or a correction, and how it ended."""

    ReceiptNumber: str | None = None
    ProcessingStatusCode: str | None = None
    ReturnStatus: str | None = None
    ReturnMessage: str | None = None
    ExternalSystemTransactionReference: str | None = None
    processingErrors: list[ProcessingError] | Rows[ProcessingError] | None = None


class Movement(msgspec.Struct):
    """One completed movement of goods; the parent's kind is put beside a correction by the client."""

    TransactionId: Id
    TransactionTypeCode: str
    TransactionDate: str
    ParentTransactionId: Id | None = None
    ReceiptNumber: str | None = None
    Quantity: Decimal | None = None
    Amount: Decimal | None = None
    CurrencyCode: str | None = None
    UOMCode: str | None = None
    POHeaderId: Id | None = None
    PONumber: str | None = None
    POLineNumber: Decimal | None = None
    ExternalSystemTransactionReference: str | None = None
    LastUpdateDate: str | None = None
    LastUpdatedBy: str | None = None
    parent_kind: str | None = msgspec.field(name="@parent", default=None)
