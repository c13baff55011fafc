"""Which supplier is this in the other system? Only what is certain: link, a person's word, number, tax id.

A bank account is no proof: companies share one, a factor's for example. No proof counts against a person's word that two are
different, against a tax id of the same kind that says otherwise, or for quite another name: then a person looks.

An employee who is paid as a supplier is found by the employee number alone, and is never the company that shares a number, a
tax id or a bank account with them: a consultant who was hired, or a number that two systems gave.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from finsync_tui.suppliers import comparing
from store import crossrefs, records, supplier_answers, supplier_forms
from store.canonical import tax_kinds
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier, SupplierBankAccount, SupplierSite, normal

_CROWDED: Final = 400
"""A tax number that more suppliers have than this says nothing."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Exactly one supplier, and what proved it: linked, person, number, tax_id."""

    supplier: Supplier
    external_id: str
    proof: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing in the target fits."""

    looked_for: tuple[str, ...]
    paid_alike: tuple[str, ...] = ()
    """Suppliers of the target that are paid to an account of this one: no proof, but somebody has to look."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several fit, or the identifiers contradict each other."""

    candidates: tuple[str, ...]
    """As people know them: `V-1042 Harbour Paper Ltd`."""
    reason: str


Identity = Identified | Unknown | Ambiguous


@dataclass(frozen=True, slots=True)
class _Own:
    """What of the supplier at hand proves or refutes that another one is it."""

    key: RecordKey
    target: str
    identifiers: tuple[tuple[str, str], ...]
    tax_keys: frozenset[str]
    name: str
    is_person: bool
    refused: frozenset[str]
    """Of which a person said that they are others: whatever agrees, they are not looked at."""


def identify(
    db: Connection,
    key: RecordKey,
    number: str | None,
    target: str,
    doubt: Callable[[str, str], str | None],
    name: str | None = None,
) -> Identity:
    """Return the supplier of `target` that the supplier `key` of another system is.

    `doubt` says why a person's word that two are one does not count; None: it does. `name` is what a document calls the supplier,
    where its own record is not known.
    """
    own = _own(db, key, number, target, name)
    link = crossrefs.get(db, "supplier", str(key), target)
    if link is not None:
        known = records.get(db, Supplier, target, link.external_id)
        if link.external_id in own.refused:
            return Ambiguous(
                _names(db, target, {link.external_id}),
                "it is linked with it, and a person said that it is another",
            )
        if known is not None:
            return Identified(known.record, link.external_id, "linked")
    said = supplier_answers.said_in(db, str(key), target, "same")
    if len(said) > 1:
        return Ambiguous(
            _names(db, target, set(said)), f"a person said of {len(said)} suppliers that they are this one"
        )
    for external_id in said:
        known = records.get(db, Supplier, target, external_id)
        if known is not None:
            why = doubt(str(key), f"{target}:{external_id}")
            if why is not None:
                return Ambiguous(
                    _names(db, target, {external_id}), f"the word that it is this one does not count, {why}"
                )
            return Identified(known.record, external_id, "person")
    by_number = _numbered(db, own)
    by_tax = {} if own.is_person else _registered(db, own)
    proof, found = ("number", by_number) if by_number else ("tax_id", by_tax)
    if not found:
        return Unknown(
            tuple(f"{kind} {value}" for kind, value in own.identifiers if kind != "party"),
            _paid_alike(db, own),
        )
    if len(found) > 1:
        return Ambiguous(_names(db, target, set(found)), f"{len(found)} suppliers have this {_word(proof)}")
    ((external_id, held),) = found.items()
    if tax_kinds.contradict(own.tax_keys, held.tax_keys()):
        return Ambiguous(
            _names(db, target, {external_id, *by_tax}),
            f"the {_word(proof)} fits, but the tax id belongs to somebody else",
        )
    if own.name and not _is_name_alike(own.name, held.name):
        return Ambiguous(
            _names(db, target, {external_id}), f"the {_word(proof)} fits, but the name is quite another"
        )
    return Identified(held, external_id, proof)


def _own(db: Connection, key: RecordKey, number: str | None, target: str, name: str | None) -> _Own:
    identifiers = records.identifiers(db, "supplier", key.system, key.external_id)
    if not identifiers and number:
        identifiers = [("number", normal(number))]
    stored = records.get(db, Supplier, key.system, key.external_id)
    record = stored.record if stored is not None else None
    return _Own(
        key, target, tuple(identifiers), record.tax_keys() if record else frozenset(),
        record.name if record else name or "", record is not None and record.kind == "employee",
        frozenset(supplier_answers.said_in(db, str(key), target, "different")),
    )  # fmt: skip


def _numbered(db: Connection, own: _Own) -> dict[str, Supplier]:
    """Return those of the target that bear its number: the active ones, if there are any."""
    found: set[str] = set()
    for kind, value in own.identifiers:
        if kind == "number":
            found.update(records.twins(db, "supplier", kind, value, own.target))
    return _in_use(_of_kind(db, own, found))


def _registered(db: Connection, own: _Own) -> dict[str, Supplier]:
    """Return those of the target with a tax number of its own, of the same country and kind: the active ones, if there are any."""
    found: set[str] = set()
    for kind, value in own.identifiers:
        if kind == "tax_id":
            for written in {value, value[2:]} - {""}:
                found.update(records.twins(db, "supplier", kind, written, own.target))
    for one in own.tax_keys:
        forms = supplier_forms.of_ids(db, supplier_forms.having(db, f"!{one}", _CROWDED))
        found.update(form.external_id for form in forms if form.system == own.target)
    alike = _of_kind(db, own, found)
    return _in_use(
        {one: held for one, held in alike.items() if tax_kinds.agree(own.tax_keys, held.tax_keys())}
    )


def _in_use(found: dict[str, Supplier]) -> dict[str, Supplier]:
    return {one: held for one, held in found.items() if held.status != "inactive"} or found


def _is_name_alike(one: str, other: str) -> bool:
    return comparing.names(comparing.form(one), comparing.form(other), is_near=True) >= comparing.NAME_CLAIM


def purchasing_site(supplier: Supplier, business_units: frozenset[str]) -> SupplierSite | None:
    """Return the site orders of that business unit go to (known by any of these names or ids)."""
    usable = [s for s in supplier.sites if s.is_active and s.is_purchasing]
    return next((s for s in usable if s.business_unit is None or s.business_unit in business_units), None)


def _of_kind(db: Connection, own: _Own, external_ids: Collection[str]) -> dict[str, Supplier]:
    """Return those that are employees, or those that are not, as it is itself; none that a person said is another."""
    held = records.get_many(db, Supplier, own.target, sorted(set(external_ids) - own.refused))
    return {
        one: known.record for one, known in held.items() if (known.record.kind == "employee") == own.is_person
    }


def _paid_alike(db: Connection, own: _Own) -> tuple[str, ...]:
    """Return who is paid to one of its accounts and could be it: one account may be a factor's, so that it proves nothing."""
    if own.is_person:
        return ()
    found = _of_kind(db, own, _bank_twins(db, own.key, own.target))
    return tuple(
        sorted(
            f"{own.target}:{one}"
            for one, held in found.items()
            if held.status != "inactive" and not tax_kinds.contradict(own.tax_keys, held.tax_keys())
        )
    )


def _bank_twins(db: Connection, key: RecordKey, target: str) -> set[str]:
    """Bank accounts are records of their own: from our accounts by fingerprint to theirs, then to their owners."""
    found: set[str] = set()
    for account_id in records.twins(db, "supplier_bank_account", "supplier", key.external_id, key.system):
        for kind, value in records.identifiers(db, "supplier_bank_account", key.system, account_id):
            if kind != "bank_account":
                continue
            for twin_id in records.twins(db, "supplier_bank_account", "bank_account", value, target):
                held = records.get(db, SupplierBankAccount, target, twin_id)
                if held is None or not held.record.is_active:
                    continue
                if held.record.supplier_id:
                    found.add(held.record.supplier_id)
                elif held.record.party_id:
                    found.update(records.twins(db, "supplier", "party", held.record.party_id, target))
    return found


def _names(db: Connection, target: str, external_ids: set[str]) -> tuple[str, ...]:
    held = (records.get(db, Supplier, target, external_id) for external_id in sorted(external_ids))
    return tuple(f"{h.record.number} {h.record.name}" for h in held if h is not None)


def _word(proof: str) -> str:
    return {"number": "supplier number", "tax_id": "tax id"}[proof]
