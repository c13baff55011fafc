"""AvaTax's documents: the fields we read, under AvaTax's own names.

Amounts and rates arrive as JSON numbers and become `Decimal` without ever being binary floats.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(document: object) -> bytes:
    """Return JSON; decimals become exact JSON numbers.

    >>> encode({"amount": Decimal("100.00")})
    b'{"amount":100.00}'
    """
    return _encoder.encode(document)


class TaxCode(msgspec.Struct):
    """One code of the catalogue."""

    taxCode: str | None = None
    id: int | None = None
    companyId: int | None = None
    taxCodeTypeId: str | None = None
    description: str | None = None
    parentTaxCode: str | None = None
    isPhysical: bool | None = None
    goodsServiceCode: int | None = None
    entityUseCode: str | None = None
    isActive: bool | None = None
    isSSTCertified: bool | None = None
    createdDate: str | None = None
    createdUserId: int | None = None
    modifiedDate: str | None = None
    modifiedUserId: int | None = None


class Catalogue(msgspec.Struct):
    """What a page says of the whole collection."""

    recordset_count: int | None = msgspec.field(default=None, name="@recordsetCount")
    next_link: str | None = msgspec.field(default=None, name="@nextLink")


class Message(msgspec.Struct):
    """What AvaTax remarks about a document that it calculated."""

    summary: str | None = None
    details: str | None = None
    refersTo: str | None = None
    severity: str | None = None
    source: str | None = None


class Detail(msgspec.Struct):
    """What one jurisdiction takes of a line."""

    country: str | None = None
    region: str | None = None
    jurisName: str | None = None
    jurisdictionType: str | None = None
    taxType: str | None = None
    taxName: str | None = None
    rate: Decimal | None = None
    taxableAmount: Decimal | None = None
    tax: Decimal | None = None
    taxCalculated: Decimal | None = None


class Line(msgspec.Struct):
    """One line as it was calculated."""

    lineNumber: str | None = None
    lineAmount: Decimal | None = None
    taxableAmount: Decimal | None = None
    exemptAmount: Decimal | None = None
    isItemTaxable: bool | None = None
    tax: Decimal | None = None
    taxCalculated: Decimal | None = None
    taxCode: str | None = None
    recoverabilityPercentage: Decimal | None = None
    recoverableAmount: Decimal | None = None
    nonRecoverableAmount: Decimal | None = None
    details: list[Detail] | None = None


class Transaction(msgspec.Struct):
    """A document as it was calculated."""

    id: int | None = None
    code: str | None = None
    status: str | None = None
    totalTax: Decimal | None = None
    totalTaxCalculated: Decimal | None = None
    messages: list[Message] | None = None
    lines: list[Line] | None = None
    apStatusCode: str | None = None
    apStatus: str | None = None
    varianceAmount: Decimal | None = None


class Ping(msgspec.Struct):
    """Who AvaTax takes us for."""

    authenticated: bool = False
    authenticationType: str | None = None
    version: str | None = None


class ErrorDetail(msgspec.Struct):
    """One reason of a refusal."""

    code: str | None = None
    number: int | None = None
    message: str | None = None
    description: str | None = None
    faultCode: str | None = None
    refersTo: str | None = None
    severity: str | None = None


class ErrorInfo(msgspec.Struct):
    code: str | None = None
    message: str | None = None
    target: Any = None
    details: list[ErrorDetail] | None = None


class ErrorAnswer(msgspec.Struct):
    """The envelope of every refusal."""

    error: ErrorInfo | None = None
