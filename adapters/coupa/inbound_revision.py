"""Coupa's order revisions to canonical ones. Pure.

The vendor documents them as XML only: each changed field with what it was and what it is. Both shapes that this can take in
JSON are read, an object by field and a list; a change that has neither is kept as it comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from adapters.base import Translated
from adapters.coupa import wire
from adapters.coupa.inbound_parts import Unfit, text
from adapters.coupa.options import Options
from store.canonical.purchasing import FieldChange, OrderRevision

VALUE_MAX: Final = 500
"""Longer values are cut: whole lines stand in a change, and the payload keeps them."""
CHANGES_MAX: Final = 200
_NAMES: Final = ("field", "name", "attribute")


def order_revision(document: wire.PurchaseOrderRevision, _: Options) -> Translated:
    """Return the revision, or raise Unfit where it does not say of which order it is."""
    order = document.purchase_order_id or document.order_header_id
    if order is None:
        raise Unfit("$.purchase-order-id", "the revision does not say which order it changed")
    who = document.updated_by or document.created_by
    internal = None if document.internal_revision is None else str(document.internal_revision)
    revision = str(document.version or 1)
    record = OrderRevision(
        number=f"{order}/{revision}" if internal is None else f"{order}/{revision}.{internal}",
        order_id=text(order),
        revision=revision,
        internal_revision=internal,
        changed_at=document.created_at or document.updated_at,
        changed_by=who.login if who else None,
        changes=tuple(_changes(document.changes))[:CHANGES_MAX],
    )
    return Translated(str(document.id), record, None, document.updated_at, who.login if who else None)


def _changes(told: Any) -> Iterator[FieldChange]:
    if isinstance(told, dict):
        for field, change in told.items():
            yield _change(str(field), change)
    elif isinstance(told, list):
        for n, change in enumerate(told, 1):
            own = change if isinstance(change, dict) else {}
            yield _change(str(next((own[one] for one in _NAMES if own.get(one)), n)), change)
    elif told is not None:
        yield FieldChange(field="changes", after=_plain(told))


def _change(field: str, change: Any) -> FieldChange:
    if isinstance(change, dict) and ("from" in change or "to" in change):
        return FieldChange(field=field, before=_plain(change.get("from")), after=_plain(change.get("to")))
    return FieldChange(field=field, after=_plain(change))


def _plain(value: Any) -> str | None:
    """Return a value as text: a code or name where it has one, JSON where it is a whole part of a document."""
    if value is None or isinstance(value, str):
        return value if value is None else value[:VALUE_MAX]
    if isinstance(value, dict):
        short = next(
            (value[one] for one in ("code", "name", "login") if isinstance(value.get(one), str)), None
        )
        if short is not None:
            return str(short)[:VALUE_MAX]
    return json.dumps(value, ensure_ascii=False, default=str)[:VALUE_MAX]
