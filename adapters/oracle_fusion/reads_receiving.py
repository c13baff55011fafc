"""Which movements of goods are receipts: those at the dock, and corrections of those.

A correction names only its parent's id, and goods that are delivered as they arrive are corrected twice: what a correction
is about takes a look at its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from adapters.broken import in_row
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Params, one_of
from adapters.oracle_fusion.inbound_receipt import CORRECT, SHOWN, is_at_dock
from adapters.oracle_fusion.wire_receiving import Movement
from adapters.paging import chunks

HISTORY: Final = "receivingTransactionsHistory"
RECEIPTS_ONLY: Final = one_of("TransactionTypeCode", SHOWN, is_number=False)
IDS_MAX: Final = 100


async def at_dock(api: Api, rows: Sequence[bytes]) -> list[bytes]:
    """Leave out what only moved inside; put its parent's kind beside each correction.

    A row that does not fit is handed on all the same: translation says what is wrong with it.
    """
    read = [_movement(row) for row in rows]
    kinds = await _kinds(api, [str(one.ParentTransactionId) for one in read if one and _is_correction(one)])
    found = []
    for row, one in zip(rows, read, strict=True):
        if one is None:
            found.append(row)
            continue
        if _is_correction(one):
            one.parent_kind = kinds.get(str(one.ParentTransactionId))
            row = b'%s,"@parent":%s}' % (row.rstrip()[:-1], wire.encode(one.parent_kind))
        if is_at_dock(one) or in_row(row):
            found.append(row)
    return found


async def _kinds(api: Api, ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(list(dict.fromkeys(ids)), IDS_MAX):
        params: Params = {
            "q": one_of("TransactionId", part, is_number=True),
            "orderBy": "TransactionId:asc",
            "onlyData": "true",
        }
        for row in await api.rows(HISTORY, params):
            one = _movement(row)
            if one is not None:
                found[str(one.TransactionId)] = one.TransactionTypeCode
    return found


def _is_correction(one: Movement) -> bool:
    return one.TransactionTypeCode == CORRECT and one.ParentTransactionId is not None


def _movement(row: bytes) -> Movement | None:
    try:
        return _decoder.decode(row)
    except msgspec.DecodeError:
        return None


_decoder = msgspec.json.Decoder(Movement)
