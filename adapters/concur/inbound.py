"""Concur's rows as canonical records, one function an entity. Pure: rows in, records or reasons out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from adapters.answer import UNREADABLE, where
from adapters.base import Translated, Untranslatable
from adapters.concur import inbound_document, inbound_masters, inbound_people, inbound_report
from adapters.concur.inbound_parts import Unfit, plain_words
from adapters.concur.options import Options
from adapters.stated import Places, stated_amount, tolerant

TRANSLATORS: Final[Mapping[str, Callable[[bytes, Options], Translated]]] = {
    "expense_document": inbound_document.document,
    "expense_report": inbound_report.report,
    "employee": inbound_people.employee,
    "cost_centre": inbound_masters.cost_centre,
    "project": inbound_masters.project,
    "account_combination": inbound_masters.account_combination,
    "supplier": inbound_masters.supplier,
    "budget": inbound_masters.budget,
}


def translate(entity: str, rows: Sequence[bytes], options: Options) -> list[Translated | Untranslatable]:
    """Turn rows of one entity into canonical records, in order."""
    function = TRANSLATORS[entity]
    results: list[Translated | Untranslatable] = []
    for row in rows:
        try:
            read = function(row, options)
            if (at := read.source_updated_at) is not None and not MINYEAR < at.year < MAXYEAR:
                raise Unfit("$", "its time of change can't be told in UTC")
            results.append(read)
        except (*UNREADABLE, ArithmeticError, ValidationError, Unfit) as error:
            results.append(_refused(entity, row, error))
    return results


def _refused(entity: str, row: bytes, error: Exception) -> Untranslatable:
    """Say what is wrong with a row, and which document it is as far as that can be read."""
    found = tolerant(row)
    external_id, number = _identity(found)
    path, reason = _complaint(row, error)
    return Untranslatable(external_id, number, path, reason, stated_amount(found, _STATED.get(entity)))


def _complaint(row: bytes, error: Exception) -> tuple[str, str]:
    """Return where in the row, and what is wrong there."""
    if isinstance(error, Unfit):
        return error.path, error.reason
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        path = "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in first["loc"])
        return path, first["msg"].removeprefix("Value error, ")
    if isinstance(error, msgspec.ValidationError):
        text, _, place = str(error).partition(" - at `")
        return place.rstrip("`") or "$", plain_words(text)
    return "$", where(error, row)


_STATED: Final = {
    "expense_document": Places(
        ("document.report.totalApprovedAmount",), ("document.report.employeeCurrencyAlphaCode",)
    ),
    "expense_report": Places(("Total",), ("CurrencyCode",)),
}
"""Where Concur's documents state what they come to."""


def _identity(found: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Read id and number of a row as tolerantly as possible."""
    inner = next(
        (found[name] for name in ("user", "item", "detail") if isinstance(found.get(name), dict)), found
    )
    own = next((inner[name] for name in ("id", "ID", "VendorCode") if isinstance(inner.get(name), str)), None)
    return own or None, _number(inner)


def _number(found: Mapping[str, Any]) -> str | None:
    body = found.get("document")
    report = body.get("report") if isinstance(body, dict) else None
    places: tuple[Any, ...] = (report, found)
    for place in places:
        for name in ("reportNumber", "reportId", "Name", "userName", "shortCode", "VendorName"):
            if isinstance(place, dict) and isinstance(place.get(name), str):
                return str(place[name])
    return None
