"""Under which names an invoice's payee stands in one system: documents of the same one carry a number, an id or a name.

Hand-entered documents often lack the number, and may still be the same invoice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from sqlite3 import Connection
from typing import Final

from finsync_tui.suppliers.normal_form import parts
from store import records, supplier_forms
from store.canonical.numbers import comparable
from store.canonical.payables import Invoice
from store.canonical.supplier import Supplier
from store.records import Held

_NAMESAKES_MAX: Final = 400
"""A name that more suppliers share, in all systems, says nothing of who it is."""


def names(
    db: Connection, system: str, number: str | None, supplier_id: str | None, name: str | None
) -> tuple[str, ...]:
    """Return all that a payee goes by in a system. Who it is says its number, else its id, else its name: what is weaker adds
    names, and nobody else's number."""
    found = dict.fromkeys(one for one in (number, supplier_id, name) if one)
    for held in _suppliers(db, system, number, supplier_id, name):
        for one in (held.record.number, held.external_id, held.record.name):
            if one:
                found.setdefault(one)
    return tuple(found)


def of_invoice(db: Connection, system: str, invoice: Invoice) -> tuple[str, ...]:
    """Return all that an invoice's payee goes by in the invoice's own system."""
    return names(db, system, invoice.supplier_number, invoice.supplier_id, invoice.supplier_name)


def suppliers_of(db: Connection, system: str, invoice: Invoice) -> list[Held[Supplier]]:
    """Return which suppliers of its own system an invoice may be of: one, but where it names them by a name that several have."""
    return _suppliers(db, system, invoice.supplier_number, invoice.supplier_id, invoice.supplier_name)


def is_one(other: Invoice, names: Iterable[str]) -> bool:
    """Say whether an invoice is of the payee of these names: its number counts before its id, and that before its name."""
    own = other.supplier_number or other.supplier_id or other.supplier_name
    return own is not None and comparable(own) in {comparable(name) for name in names}


LOOKS: Final = ("supplier_invoice", "supplier_near", "supplier_amount")
"""What invoices of one payee are compared by."""


def looks(invoice: Invoice) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) of what an invoice is compared by, without its payee."""
    for kind, value in invoice.identifiers():
        if kind in LOOKS:
            yield kind, value.partition("/")[2]


def alike(
    db: Connection, system: str, kind: str, value: str, payee: Sequence[str], but: str | None = None
) -> Iterator[Held[Invoice]]:
    """Yield a system's invoices with this identifier of a payee, under whichever of its names; `but` is left out."""
    seen = {but}
    for name in payee:
        for external_id in records.twins(db, Invoice.entity, kind, f"{comparable(name)}/{value}", system):
            if external_id in seen:
                continue
            seen.add(external_id)
            held = records.get(db, Invoice, system, external_id)
            if held is not None and is_one(held.record, payee):
                yield held


def _suppliers(
    db: Connection, system: str, number: str | None, supplier_id: str | None, name: str | None
) -> list[Held[Supplier]]:
    if number:
        by_number = records.find_by_number(db, Supplier, system, number)
        return [by_number] if by_number is not None else []
    by_id = records.get(db, Supplier, system, supplier_id) if supplier_id else None
    if by_id is not None:
        return [by_id]
    return _named(db, system, name) if name else []


def _named(db: Connection, system: str, name: str) -> list[Held[Supplier]]:
    """Return the suppliers of a system that are called exactly so, by what suppliers are compared by: none of the others is read."""
    alike = supplier_forms.of_ids(db, supplier_forms.having(db, f"={parts(name)[0]}", _NAMESAKES_MAX))
    ids = [one.external_id for one in alike if (one.system, one.name) == (system, name)]
    held = records.get_many(db, Supplier, system, ids)
    return [held[one] for one in ids if one in held]
