"""Taking bank account numbers out of a supplier's profile before anything else sees it. Pure.

One profile holds several accounts; each becomes a row of its own with a fingerprint, by which two systems
can be compared, and the few characters that may be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from adapters.answer import UNREADABLE
from adapters.base import BankDetails
from adapters.broken import in_row, stand_in
from adapters.coupa import wire
from store.canonical.supplier import account_problem, fingerprint, masked, normal, terms


def redacted(profiles: Sequence[bytes], key: bytes) -> list[bytes]:
    """Return one row for each bank account in `profiles`, without its number."""
    return [msgspec.json.encode(row) for profile in profiles for row in _accounts(profile, key)]


def wholes(profiles: Sequence[bytes]) -> dict[str, bytes]:
    """Return the profiles that can be read to their end, by id, with when and by whom each was changed last."""
    found: dict[str, bytes] = {}
    for profile in profiles:
        try:
            document = msgspec.json.decode(profile, type=wire.SupplierInformation)
            is_whole = in_row(profile) is None and document.supplier_information_addresses is not None
        except UNREADABLE:
            continue
        if is_whole:
            by = document.updated_by.login if document.updated_by else None
            found[str(document.id)] = msgspec.json.encode(wire.Changed(document.updated_at, by))
    return found


def deleted(row: bytes, whole: bytes) -> bytes:
    """Return what is held of an account as one that its profile does not show any more."""
    account = msgspec.json.decode(row, type=wire.BankAccount)
    if account.deleted:
        return row
    changed = msgspec.json.decode(whole, type=wire.Changed)
    return msgspec.json.encode(
        msgspec.structs.replace(
            account, active=False, deleted=True, updated_at=changed.updated_at or account.updated_at,
            changed_by=changed.changed_by,
        )
    )  # fmt: skip


def revealed(profile: bytes, external_id: str, key: bytes) -> BankDetails | None:
    """Return one account of a profile with its number, for the call that carries it to another system; None: it is not there,
    or nobody is paid to it any more."""
    document = msgspec.json.decode(profile, type=wire.SupplierInformation)
    for address in document.supplier_information_addresses or ():
        number = address.iban_number or address.bank_account_number
        if address.active is False:
            continue
        if f"{document.id}-{address.id}" == external_id and number and normal(number):
            return BankDetails(
                normal(number),
                is_iban=bool(address.iban_number),
                bic=address.swift_code,
                country=_country(address, number),
                fingerprint=fingerprint(number, key),
                terms=terms(number, address.swift_code, _country(address, number), key),
            )
    return None


def _country(address: wire.BankAddress, number: str) -> str | None:
    country = address.country.code if address.country else None
    return country or (normal(number)[:2] if address.iban_number else None)


def _accounts(profile: bytes, key: bytes) -> Iterable[object]:
    try:
        document = msgspec.json.decode(profile, type=wire.SupplierInformation)
        broken = in_row(profile)
    except UNREADABLE:
        # Its text may hold numbers, so none of it goes on; the row is refused later and names the profile.
        yield {"id": _identity(profile), "unreadable": True}
        return
    if broken is not None:
        yield msgspec.Raw(stand_in(b'{"id":"%d-unreadable"}' % document.id, broken))
        return
    for address in document.supplier_information_addresses or ():
        number = address.iban_number or address.bank_account_number
        if not number or not normal(number):
            continue
        yield wire.BankAccount(
            id=f"{document.id}-{address.id}",
            supplier_id=document.supplier_id,
            fingerprint=fingerprint(number, key),
            masked=masked(number),
            country=_country(address, number),
            active=address.active,
            problem=account_problem(address.iban_number, address.swift_code),
            bic=normal(address.swift_code) if address.swift_code else None,
            terms=terms(number, address.swift_code, _country(address, number), key),
            updated_at=document.updated_at,
            changed_by=document.updated_by.login if document.updated_by else None,
        )


def _identity(profile: bytes) -> str:
    try:
        return f"{msgspec.json.decode(profile, type=wire.IdRef).id}-unreadable"
    except UNREADABLE:
        return "unreadable"
