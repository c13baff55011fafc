"""Looking up a supplier's bank accounts in Oracle: the party behind it, what it is paid as, its accounts and their assignments."""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.base import BankDetails, WriteRequest
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Children, Params, expand, is_id, quoted
from adapters.oracle_fusion.requests import refused, text_of
from store.canonical.supplier import normal

ACCOUNTS: Final = "externalBankAccounts"
ASSIGNMENTS: Final = "instrumentAssignments"
PAYEES: Final = "paymentsExternalPayees"
BANK_CHARS: Final = 8
"""So much of a bank code names the bank; the rest is the branch."""
PRIVILEGE: Final = "PAYABLES_DISB"
"""What a payee is paid for: invoices."""
_OWNERS: Final[Children] = {"accountOwners": {}}


class Owner(wire.Linked, kw_only=True):
    AccountOwnerPartyIdentifier: wire.Id | None = None
    AccountOwnerPartyId: wire.Id | None = None
    StartDate: str | None = None
    EndDate: str | None = None

    @property
    def party(self) -> str:
        return str(self.AccountOwnerPartyIdentifier or self.AccountOwnerPartyId or "")


class Account(wire.Linked, kw_only=True):
    BankAccountId: wire.Id
    CountryCode: str | None = None
    SWIFTCode: str | None = None
    accountOwners: list[Owner] | wire.Rows[Owner] | None = None


class Assignment(wire.Linked, kw_only=True):
    InstrumentAssignmentId: wire.Id
    StartDate: str | None = None
    EndDate: str | None = None


class Payee(msgspec.Struct):
    PayeeId: wire.Id


class BankLookup:
    """Reads of bank accounts of one instance, as its writes need them."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def party(self, request: WriteRequest) -> str:
        key = text_of(request, "supplier")
        if not is_id(key):
            raise refused(
                self._api.system, "PAYLOAD_INVALID", f"{key!r} is not the id of a supplier in Oracle"
            )
        rows = await self._api.rows("suppliers", {"q": f"SupplierId = {key}", "orderBy": "SupplierId:asc"})
        found = msgspec.json.decode(rows[0], type=wire.Supplier).SupplierPartyId if rows else None
        if found is None:
            raise refused(
                self._api.system, "SUPPLIER_UNKNOWN", f"there is no supplier {key} in Oracle (any more)"
            )
        return str(found)

    async def payee(self, party: str) -> str | None:
        params: Params = {
            "q": f"PayeePartyIdentifier = {party} and PaymentFunctionCode = {quoted(PRIVILEGE)}",
            "orderBy": "PayeeId:asc",
            "onlyData": "true",
        }
        rows = await self._api.rows(PAYEES, params)
        return str(msgspec.json.decode(rows[0], type=Payee).PayeeId) if rows else None

    async def account(self, details: BankDetails) -> Account | None:
        name = "IBAN" if details.is_iban else "BankAccountNumber"
        found = await self.accounts_where(f"{name} = {quoted(details.number)}")
        return next((one for one in found if is_same(one, details)), None)

    async def by_id(self, account_id: str) -> Account:
        found = await self.accounts_where(f"BankAccountId = {account_id}")
        if not found:
            raise refused(
                self._api.system,
                "BANK_CHANGE_OUTDATED",
                f"there is no bank account {account_id} in Oracle (any more)",
            )
        return found[0]

    async def accounts_where(self, condition: str) -> list[Account]:
        params: Params = {
            "q": condition, "orderBy": "BankAccountId:asc", "expand": expand(_OWNERS), "links": "self",
        }  # fmt: skip
        return [
            msgspec.convert(await self._api.complete(wire.decode_any(row), _OWNERS), Account, strict=False)
            for row in await self._api.rows(ACCOUNTS, params)
        ]

    async def live_assignments(self, account_id: str, payee: str | None, today: str) -> list[Assignment]:
        return [one for one in await self.assignments(account_id, payee) if is_live(one.EndDate, today)]

    async def assignments(self, account_id: str, payee: str | None) -> list[Assignment]:
        if payee is None:
            return []
        params: Params = {
            "q": f"PaymentInstrumentId = {account_id} and PaymentPartyId = {payee}",
            "orderBy": "InstrumentAssignmentId:asc",
            "links": "self",
        }
        return [
            msgspec.json.decode(row, type=Assignment) for row in await self._api.rows(ASSIGNMENTS, params)
        ]


def is_same(account: Account, details: BankDetails) -> bool:
    """Say whether an account of that number is that account: without an IBAN, banks number alike."""
    if details.is_iban:
        return True
    pairs = ((account.CountryCode, details.country), (account.SWIFTCode, details.bic))
    known = [(normal(one)[:BANK_CHARS], normal(other)[:BANK_CHARS]) for one, other in pairs if one and other]
    return all(one == other for one, other in known)


def owners_of(account: Account) -> list[Owner]:
    return list(wire.rows(account.accountOwners))


def live_owner(account: Account, party: str, today: str) -> Owner | None:
    found = (one for one in owners_of(account) if one.party == party and is_live(one.EndDate, today))
    return next(found, None)


def is_live(ends: str | None, today: str) -> bool:
    return ends is None or ends[:10] > today
