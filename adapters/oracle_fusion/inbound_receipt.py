"""From Oracle's movements of goods to canonical receipts. Pure.

Each movement at the dock is a record of its own and never changes: what an order line got is the sum of its records.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from adapters.base import Translated
from adapters.oracle_fusion import wire_receiving as receiving
from adapters.oracle_fusion.fields import UntranslatableError, day, latest, text, to_money, whole
from adapters.oracle_fusion.options import Options
from store.canonical.money import Money
from store.canonical.purchasing import Receipt

RECEIVE: Final = "RECEIVE"
RETURN: Final = "RETURN TO VENDOR"
CORRECT: Final = "CORRECT"
SHOWN: Final = (RECEIVE, RETURN, CORRECT)
"""Movements that are read; all others only move goods inside."""
KINDS: Final[dict[str, Literal["receipt", "return", "correction"]]] = {
    RECEIVE: "receipt",
    RETURN: "return",
    CORRECT: "correction",
}


def is_at_dock(row: receiving.Movement) -> bool:
    """Say whether a movement brings goods in or sends them back; a correction does what it corrects did."""
    if row.TransactionTypeCode == CORRECT:
        return row.parent_kind in (RECEIVE, RETURN)
    return row.TransactionTypeCode in KINDS


def receipt(row: bytes, options: Options) -> Translated:
    document = _movement.decode(row)
    if not is_at_dock(document):
        raise UntranslatableError("$.TransactionTypeCode", f"{document.TransactionTypeCode} is no receipt")
    if document.PONumber is None or document.POLineNumber is None:
        raise UntranslatableError("$.PONumber", "the receipt names no order line")
    on = day(document.TransactionDate, "$.TransactionDate")
    if on is None:
        raise UntranslatableError("$.TransactionDate", "the receipt has no date")
    sign = -1 if RETURN in (document.TransactionTypeCode, document.parent_kind) else 1
    parent = document.ParentTransactionId
    record = Receipt(
        number=document.ReceiptNumber or text(document.TransactionId),
        kind=KINDS[document.TransactionTypeCode],
        order_id=None if document.POHeaderId is None else text(document.POHeaderId),
        order_number=document.PONumber,
        order_line=whole(document.POLineNumber),
        quantity=None if document.Quantity is None else sign * document.Quantity,
        amount=_amount(document, sign),
        uom=document.UOMCode,
        received_on=on,
        reference=document.ExternalSystemTransactionReference,
        original_id=None if parent is None else text(parent),
    )
    return Translated(
        text(document.TransactionId),
        record,
        source_updated_at=latest((document.LastUpdateDate,)),
        changed_by=document.LastUpdatedBy,
    )


def _amount(document: receiving.Movement, sign: int) -> Money | None:
    if document.Amount is None or document.Quantity is not None:
        return None
    if document.CurrencyCode is None:
        raise UntranslatableError("$.CurrencyCode", "the receipt is by amount and names no currency")
    return to_money(sign * document.Amount, document.CurrencyCode, "$.Amount")


_movement = msgspec.json.Decoder(receiving.Movement)
