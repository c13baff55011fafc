"""Oracle's requisitions: the attributes we read, under Oracle's own names."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.oracle_fusion.wire import Id, Linked, Rows


class RequisitionDistribution(msgspec.Struct):
    DistributionNumber: Decimal | None = None
    Quantity: Decimal | None = None
    CurrencyAmount: Decimal | None = None
    ChargeAccount: str | None = None


class RequisitionLine(msgspec.Struct):
    LineNumber: Decimal
    ItemDescription: str | None = None
    CategoryName: str | None = None
    Quantity: Decimal | None = None
    UOMCode: str | None = None
    UnitPrice: Decimal | None = None
    Amount: Decimal | None = None
    CurrencyCode: str | None = None
    RequestedDeliveryDate: str | None = None
    SupplierId: Id | None = None
    LineStatus: str | None = None
    POHeaderId: Id | None = None
    LastUpdateDate: str | None = None
    distributions: list[RequisitionDistribution] | Rows[RequisitionDistribution] | None = None


class Requisition(Linked, kw_only=True):
    RequisitionHeaderId: Id
    Requisition: str | None = None
    Description: str | None = None
    Preparer: str | None = None
    PreparerEmail: str | None = None
    DocumentStatus: str | None = None
    DocumentStatusCode: str | None = None
    FunctionalCurrencyCode: str | None = None
    FundsStatus: str | None = None
    FundsStatusCode: str | None = None
    InterfaceSourceCode: str | None = None
    RequisitioningBU: str | None = None
    SubmissionDate: str | None = None
    LastUpdateDate: str | None = None
    lines: list[RequisitionLine] | Rows[RequisitionLine] | None = None
