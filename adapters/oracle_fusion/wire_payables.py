"""Oracle's documents of prepayments and daily rates: the attributes we read, under Oracle's own names."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.oracle_fusion.wire import Rows


class AppliedPrepayment(msgspec.Struct):
    InvoiceNumber: str | None = None
    AppliedAmount: Decimal | None = None


class Prepaid(msgspec.Struct):
    """An invoice as it is looked at for its prepayments."""

    appliedPrepayments: list[AppliedPrepayment] | Rows[AppliedPrepayment] | None = None


class CurrencyRate(msgspec.Struct):
    FromCurrency: str
    ToCurrency: str
    ConversionDate: str
    ConversionRate: Decimal
    ConversionType: str | None = None
    UserConversionType: str | None = None
