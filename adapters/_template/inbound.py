"""The system's documents to canonical records. Pure: no clock, no network, no store."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from pydantic import ValidationError

from adapters._template import wire
from adapters.answer import UNREADABLE, where
from adapters.base import Translated, Untranslatable
from store.canonical.organisation import CostCentre


def translate(rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
    """Turn cost centres into canonical records, in order. A bad row is a value, never an exception."""
    return [_cost_centre(row) for row in rows]


def _cost_centre(row: bytes) -> Translated | Untranslatable:
    try:
        document = msgspec.json.decode(row, type=wire.CostCentre)
    except UNREADABLE as error:
        return Untranslatable(None, None, "$", where(error, row))
    external_id = str(document.id)
    if not document.code:
        return Untranslatable(external_id, None, "$.code", "the cost centre has no code")
    try:
        record = CostCentre(
            number=document.code, name=document.title or document.code, is_active=not document.is_closed
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Untranslatable(external_id, document.code, "$", first["msg"])
    return Translated(external_id, record, None, document.changed_at)
