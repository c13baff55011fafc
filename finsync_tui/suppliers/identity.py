"""Which supplier is this in the other system? Only what is certain: link, a person's word, number, tax id, bank account.

An employee who is paid as a supplier is found by the employee number alone, and is never the company that shares a number, a
tax id or a bank account with them: a consultant who was hired, or a number that two systems gave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Connection

from store import crossrefs, records, supplier_answers
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier, SupplierBankAccount, SupplierSite, normal


@dataclass(frozen=True, slots=True)
class Identified:
    """Exactly one supplier, and what proved it: linked, person, number, tax_id, bank_account."""

    supplier: Supplier
    external_id: str
    proof: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing in the target fits."""

    looked_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several fit, or the identifiers contradict each other."""

    candidates: tuple[str, ...]
    """As people know them: `V-1042 Harbour Paper Ltd`."""
    reason: str


Identity = Identified | Unknown | Ambiguous


def identify(
    db: Connection, key: RecordKey, number: str | None, target: str, doubt: Callable[[str, str], str | None]
) -> Identity:
    """Return the supplier of `target` that the supplier `key` of another system is.

    `doubt` says why a person's word that two are one does not count; None: it does.
    """
    link = crossrefs.get(db, "supplier", str(key), target)
    if link is not None:
        known = records.get(db, Supplier, target, link.external_id)
        if known is not None:
            return Identified(known.record, link.external_id, "linked")
    said = supplier_answers.same_in(db, str(key), target)
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
    own = records.identifiers(db, "supplier", key.system, key.external_id)
    if not own and number:
        own = [("number", normal(number))]
    stored = records.get(db, Supplier, key.system, key.external_id)
    is_person = stored is not None and stored.record.kind == "employee"
    by_number = _of_kind(db, target, _twins(db, own, "number", target), is_person)
    by_tax = set() if is_person else _of_kind(db, target, _twins(db, own, "tax_id", target), is_person)
    by_bank = set() if is_person else _of_kind(db, target, _bank_twins(db, key, target), is_person)
    proofs = [("number", by_number), ("tax_id", by_tax), ("bank_account", by_bank)]
    proof, found = next(((name, ids) for name, ids in proofs if ids), ("", set()))
    if not found:
        return Unknown(tuple(f"{kind} {value}" for kind, value in own if kind != "party"))
    if len(found) > 1:
        return Ambiguous(_names(db, target, found), f"{len(found)} suppliers have this {_word(proof)}")
    (external_id,) = found
    held = records.get(db, Supplier, target, external_id)
    if held is None:
        return Unknown((f"{_word(proof)} of {external_id}, which is no longer there",))
    taxes = {value for kind, value in own if kind == "tax_id"}
    theirs = {value for kind, value in held.record.identifiers() if kind == "tax_id"}
    if proof == "number" and taxes and theirs and taxes.isdisjoint(theirs):
        return Ambiguous(
            _names(db, target, found | by_tax),
            "the supplier number fits, but the tax id belongs to somebody else",
        )
    return Identified(held.record, external_id, proof)


def purchasing_site(supplier: Supplier, business_units: frozenset[str]) -> SupplierSite | None:
    """Return the site orders of that business unit go to (known by any of these names or ids)."""
    usable = [s for s in supplier.sites if s.is_active and s.is_purchasing]
    return next((s for s in usable if s.business_unit is None or s.business_unit in business_units), None)


def _twins(db: Connection, own: list[tuple[str, str]], kind: str, target: str) -> set[str]:
    found: set[str] = set()
    for own_kind, value in own:
        if own_kind == kind:
            found.update(records.twins(db, "supplier", kind, value, target))
    return found


def _of_kind(db: Connection, target: str, external_ids: set[str], is_person: bool) -> set[str]:
    """Return those that are employees, or those that are not; one that is not stored any more stays."""
    held = records.get_many(db, Supplier, target, sorted(external_ids))
    return {
        one for one in external_ids if one not in held or (held[one].record.kind == "employee") == is_person
    }


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
    return {"number": "supplier number", "tax_id": "tax id", "bank_account": "bank account"}[proof]
