"""A supplier's bank accounts in Oracle: who owns one, and which of them payments to the supplier may use.

As Oracle documents it: an external payee, a bank account, its owners, and the account's assignment to the payee. The
number comes with the call and stays in it: what a system says about it is repeated without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

import msgspec

from adapters.base import BankDetails, Receipt, WriteRequest
from adapters.errors import AdapterError, OutcomeUnknownError, RejectedError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Children, Params, expand, is_id, quoted
from adapters.oracle_fusion.outbound import CannotExpressError
from adapters.oracle_fusion.requests import refused, text_of
from store.canonical.supplier import masked, normal

CHANGE: Final = "supplier_bank_account.change"
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


class BankAccounts:
    """Writes of bank accounts to one instance."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            CHANGE: self._change
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = {
            CHANGE: self._find
        }

    async def _change(self, request: WriteRequest) -> Receipt:
        """Give the supplier the account of the call, end the named ones, bring the named ones back; what is so stays."""
        done = _Done(request)
        try:
            await self._changed(request, done)
            if done.did and await self._found(request) is None:
                raise OutcomeUnknownError(
                    self._api.system, "Oracle said yes to all of it and does not show all of it"
                )
            return done.receipt()
        except AdapterError as error:
            raise _without(await self._partly(request, done, error), request.private) from None

    async def _partly(self, request: WriteRequest, done: _Done, error: AdapterError) -> AdapterError:
        """Nothing, or all of it: what was done before a refusal is taken back; else nobody knows how far it came."""
        if not done.did or isinstance(error, OutcomeUnknownError):
            return error
        if isinstance(error, RejectedError):
            try:
                await self._take_back(request, done)
                return error
            except AdapterError as second:
                error = second
        return OutcomeUnknownError(
            self._api.system,
            f"{error.message}; part of it was done before",
            status=error.status,
            answer=error.answer,
        )

    async def _take_back(self, request: WriteRequest, done: _Done) -> None:
        party = await self._party(request)
        payee = await self._payee(party)
        for account_id in done.ended:
            await self._set_end(account_id, party, payee, None, done)
        for account_id in done.unassigned:
            await self._unassign(account_id, payee, None, done.on)
        for account_id in done.returned:
            await self._set_end(account_id, party, payee, done.on, done)
        if done.account is not None and "owner" in done.added:
            await self._set_end(done.account, party, payee, done.on, done)
        elif done.account is not None and done.added:
            await self._unassign(done.account, payee, done.on, done.on)

    async def _changed(self, request: WriteRequest, done: _Done) -> None:
        party, today = await self._party(request), done.on
        payee = await self._payee(party)
        if request.private is not None:
            payee = payee or await self._new_payee(party)
            await self._add(request.private, party, done)
            await self._assign(payee, done)
        for account_id in _ids(request, "returns"):
            if await self._set_end(account_id, party, payee, None, done):
                done.returned.append(account_id)
        for account_id in _ids(request, "unassigns"):
            if await self._unassign(account_id, payee, today, today):
                done.unassigned.append(account_id)
        for account_id in _ids(request, "ends"):
            if await self._set_end(account_id, party, payee, today, done):
                done.ended.append(account_id)

    async def _find(self, request: WriteRequest) -> Receipt | None:
        """Say whether all of it is so already."""
        try:
            return await self._found(request)
        except AdapterError as error:
            raise _without(error, request.private) from None

    async def _found(self, request: WriteRequest) -> Receipt | None:
        party, today = await self._party(request), text_of(request, "on")
        done, payee = _Done(request), await self._payee(party)
        if request.private is not None:
            account = await self._account(request.private)
            own = _live_owner(account, party, today) if account is not None else None
            if account is None or own is None:
                return None
            done.account = str(account.BankAccountId)
            assigned = await self._live_assignments(done.account, payee, today)
            if not assigned:
                return None
            done.note_added("owner", own.StartDate)
            done.note_added("assignment", assigned[0].StartDate)
        for account_id in _ids(request, "unassigns"):
            if await self._live_assignments(account_id, payee, today):
                return None
        for name, is_live in (("ends", False), ("returns", True)):
            for account_id in _ids(request, name):
                found = await self._by_id(account_id)
                if (_live_owner(found, party, today) is not None) is not is_live:
                    return None
                if name == "ends" and await self._live_assignments(account_id, payee, today):
                    return None
                if name == "ends" and done.has_ended(found, party):
                    done.ended.append(account_id)
        return replace(done.receipt(), was_found=True)

    # -- one account

    async def _add(self, details: BankDetails, party: str, done: _Done) -> None:
        """Let the party own the account, made if it is not there."""
        today = done.on
        account = await self._account(details)
        owner = {"AccountOwnerPartyIdentifier": int(party), "PrimaryOwnerIndicator": "Y", "StartDate": today}
        if account is None:
            named = {"IBAN": details.number} if details.is_iban else {"BankAccountNumber": details.number}
            body: dict[str, Any] = {**named, "CountryCode": details.country, "accountOwners": [owner]}
            if details.bic:
                body["SWIFTCode"] = details.bic
            answer = await self._api.create(ACCOUNTS, {name: v for name, v in body.items() if v is not None})
            done.account = str(answer.decode(Account).BankAccountId)
            done.added.append("owner")
            return
        done.account = str(account.BankAccountId)
        own = _live_owner(account, party, today)
        if own is not None:
            done.note_added("owner", own.StartDate)
            return
        done.added.append("owner")
        ended = [one for one in _owners(account) if one.party == party]
        if ended:
            await self._update(ended[0], {"EndDate": None})
        else:  # one account of a group: its first owner stays the primary one
            await self._api.create(
                f"{account.href}/child/accountOwners", {**owner, "PrimaryOwnerIndicator": "N"}
            )

    async def _set_end(
        self, account_id: str, party: str, payee: str | None, ends: str | None, done: _Done
    ) -> bool:
        """End what the party has of an account, or bring it back; say whether anything was to be done, or was by us before."""
        account, today = await self._by_id(account_id), done.on
        is_wanted = ends is None
        changed = not is_wanted and done.has_ended(account, party)
        for one in _owners(account):
            if one.party == party and _is_live(one.EndDate, today) is not is_wanted:
                await self._update(one, {"EndDate": ends})
                changed = True
        return await self._unassign(account_id, payee, ends, today) or changed

    async def _unassign(self, account_id: str, payee: str | None, ends: str | None, today: str) -> bool:
        """End what payments to the payee may use of an account, or bring it back; say whether anything was to be done."""
        wrong = [
            one
            for one in await self._assignments(account_id, payee)
            if _is_live(one.EndDate, today) is not (ends is None)
        ]
        for one in wrong:
            await self._update(one, {"EndDate": ends})
        return bool(wrong)

    async def _assign(self, payee: str, done: _Done) -> None:
        """Let payments to the payee use the account."""
        assert done.account is not None, "it was added"
        known = await self._assignments(done.account, payee)
        live = [one for one in known if _is_live(one.EndDate, done.on)]
        if live:
            done.note_added("assignment", live[0].StartDate)
            return
        done.added.append("assignment")
        if known:
            await self._update(known[0], {"EndDate": None})
        else:
            body = {
                "PaymentInstrumentId": int(done.account), "PaymentInstrumentType": "BANKACCOUNT", "PaymentPartyId": int(payee),
                "PaymentFlow": "DISBURSEMENTS", "StartDate": done.on,
            }  # fmt: skip
            await self._api.create(ASSIGNMENTS, body)

    async def _update(self, row: wire.Linked, changes: dict[str, Any]) -> None:
        if row.href is None:
            raise refused(
                self._api.system, "REJECTED", "Oracle gave no address (self link) to change a bank account at"
            )
        await self._api.update(row.href, changes, row.etag)

    # -- reading

    async def _party(self, request: WriteRequest) -> str:
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

    async def _payee(self, party: str) -> str | None:
        params: Params = {
            "q": f"PayeePartyIdentifier = {party} and PaymentFunctionCode = {quoted(PRIVILEGE)}",
            "orderBy": "PayeeId:asc",
            "onlyData": "true",
        }
        rows = await self._api.rows(PAYEES, params)
        return str(msgspec.json.decode(rows[0], type=Payee).PayeeId) if rows else None

    async def _new_payee(self, party: str) -> str:
        body = {"PayeePartyIdentifier": int(party), "PaymentFunctionCode": PRIVILEGE}
        return str((await self._api.create(PAYEES, body)).decode(Payee).PayeeId)

    async def _account(self, details: BankDetails) -> Account | None:
        name = "IBAN" if details.is_iban else "BankAccountNumber"
        found = await self._accounts(f"{name} = {quoted(details.number)}")
        return next((one for one in found if _is_same(one, details)), None)

    async def _by_id(self, account_id: str) -> Account:
        found = await self._accounts(f"BankAccountId = {account_id}")
        if not found:
            raise refused(
                self._api.system,
                "BANK_CHANGE_OUTDATED",
                f"there is no bank account {account_id} in Oracle (any more)",
            )
        return found[0]

    async def _accounts(self, condition: str) -> list[Account]:
        params: Params = {
            "q": condition, "orderBy": "BankAccountId:asc", "expand": expand(_OWNERS), "links": "self",
        }  # fmt: skip
        return [
            msgspec.convert(await self._api.complete(wire.decode_any(row), _OWNERS), Account, strict=False)
            for row in await self._api.rows(ACCOUNTS, params)
        ]

    async def _live_assignments(self, account_id: str, payee: str | None, today: str) -> list[Assignment]:
        return [one for one in await self._assignments(account_id, payee) if _is_live(one.EndDate, today)]

    async def _assignments(self, account_id: str, payee: str | None) -> list[Assignment]:
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


class _Done:
    """What of a request was done by it, and not by others before: only that is to be undone if it is taken back."""

    def __init__(self, request: WriteRequest) -> None:
        self.on = text_of(request, "on")
        self.account: str | None = None
        self.added: list[str] = []
        """owner, assignment: what the account lacked until then."""
        self.ended: list[str] = []
        self.returned: list[str] = []
        self.unassigned: list[str] = []
        self._details = request.private
        self._was_sent = request.sent_at is not None

    def note_added(self, what: str, starts: str | None) -> None:
        """It is there: by this very request, where that was sent without an answer and it begins on its day."""
        if self.is_ours(starts):
            self.added.append(what)

    def has_ended(self, account: Account, party: str) -> bool:
        """Say whether what the party has of an account was ended by this very request."""
        return any(one.party == party and self.is_ours(one.EndDate) for one in _owners(account))

    @property
    def did(self) -> bool:
        return any((self.added, self.ended, self.returned, self.unassigned))

    def is_ours(self, day: str | None) -> bool:
        return self._was_sent and day is not None and day[:10] == self.on

    def receipt(self) -> Receipt:
        shown = masked(self._details.number) if self._details is not None else None
        answer = {"account": self.account, "masked": shown, "added": self.added, "ended": self.ended}
        return Receipt(self.account, shown, answer=answer, was_found=not self.did)


def _is_same(account: Account, details: BankDetails) -> bool:
    """Say whether an account of that number is that account: without an IBAN, banks number alike."""
    if details.is_iban:
        return True
    pairs = ((account.CountryCode, details.country), (account.SWIFTCode, details.bic))
    known = [(normal(one)[:BANK_CHARS], normal(other)[:BANK_CHARS]) for one, other in pairs if one and other]
    return all(one == other for one, other in known)


def _owners(account: Account) -> list[Owner]:
    return list(wire.rows(account.accountOwners))


def _live_owner(account: Account, party: str, today: str) -> Owner | None:
    found = (one for one in _owners(account) if one.party == party and _is_live(one.EndDate, today))
    return next(found, None)


def _is_live(ends: str | None, today: str) -> bool:
    return ends is None or ends[:10] > today


def _ids(request: WriteRequest, name: str) -> list[str]:
    found = [str(one) for one in request.body.get(name) or ()]
    bad = [one for one in found if not is_id(one)]
    if bad:
        raise CannotExpressError("PAYLOAD_INVALID", f"{bad[0]!r} is not the id of a bank account in Oracle")
    day = text_of(request, "on")
    try:
        date.fromisoformat(day)
    except ValueError:
        raise CannotExpressError("PAYLOAD_INVALID", f"{day!r} is not a day") from None
    return found


def _without(error: AdapterError, details: BankDetails | None) -> AdapterError:
    """Return an error whose words do not repeat the account's number."""
    if details is None:
        return error

    def hidden(said: str) -> str:
        return said.replace(details.number, masked(details.number))

    error.message, error.answer = hidden(error.message), hidden(error.answer)
    error.args = tuple(hidden(str(one)) for one in error.args)
    if isinstance(error, RejectedError):
        told = {
            name: hidden(value) if isinstance(value, str) else value
            for name, value in error.refusal.details.items()
        }
        error.refusal = replace(error.refusal, message=hidden(error.refusal.message), details=told)
    return error
