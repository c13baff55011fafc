"""A supplier's bank accounts in Oracle: who owns one, and which of them payments to the supplier may use.

As Oracle documents it: an external payee, a bank account, its owners, and the account's assignment to the payee. The
number comes with the call and stays in it: what a system says about it is repeated without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from adapters.base import BankDetails, Receipt, WriteRequest
from adapters.errors import AdapterError, OutcomeUnknownError, RejectedError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api
from adapters.oracle_fusion.bank_done import Done, ids, without
from adapters.oracle_fusion.bank_lookup import (
    ACCOUNTS,
    ASSIGNMENTS,
    PAYEES,
    PRIVILEGE,
    Account,
    BankLookup,
    Payee,
    is_live,
    live_owner,
    owners_of,
)
from adapters.oracle_fusion.requests import refused, text_of

CHANGE: Final = "supplier_bank_account.change"


class BankAccounts:
    """Writes of bank accounts to one instance."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._look = BankLookup(api)
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            CHANGE: self._change
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = {
            CHANGE: self._find
        }

    async def _change(self, request: WriteRequest) -> Receipt:
        """Give the supplier the account of the call, end the named ones, bring the named ones back; what is so stays."""
        done = Done(request)
        try:
            await self._changed(request, done)
            if done.did and await self._found(request) is None:
                raise OutcomeUnknownError(
                    self._api.system, "Oracle said yes to all of it and does not show all of it"
                )
            return done.receipt()
        except AdapterError as error:
            raise without(await self._partly(request, done, error), request.private) from None

    async def _partly(self, request: WriteRequest, done: Done, error: AdapterError) -> AdapterError:
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
            retry_after=error.retry_after,
        )

    async def _take_back(self, request: WriteRequest, done: Done) -> None:
        party = await self._look.party(request)
        payee = await self._look.payee(party)
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

    async def _changed(self, request: WriteRequest, done: Done) -> None:
        party, today = await self._look.party(request), done.on
        payee = await self._look.payee(party)
        if request.private is not None:
            payee = payee or await self._new_payee(party)
            await self._add(request.private, party, done)
            await self._assign(payee, done)
        for account_id in ids(request, "returns"):
            if await self._set_end(account_id, party, payee, None, done):
                done.returned.append(account_id)
        for account_id in ids(request, "unassigns"):
            if await self._unassign(account_id, payee, today, today):
                done.unassigned.append(account_id)
        for account_id in ids(request, "ends"):
            if await self._set_end(account_id, party, payee, today, done):
                done.ended.append(account_id)

    async def _find(self, request: WriteRequest) -> Receipt | None:
        """Say whether all of it is so already."""
        try:
            return await self._found(request)
        except AdapterError as error:
            raise without(error, request.private) from None

    async def _found(self, request: WriteRequest) -> Receipt | None:
        party, today = await self._look.party(request), text_of(request, "on")
        done, payee = Done(request), await self._look.payee(party)
        if request.private is not None:
            account = await self._look.account(request.private)
            own = live_owner(account, party, today) if account is not None else None
            if account is None or own is None:
                return None
            done.account = str(account.BankAccountId)
            assigned = await self._look.live_assignments(done.account, payee, today)
            if not assigned:
                return None
            done.note_added("owner", own.StartDate)
            done.note_added("assignment", assigned[0].StartDate)
        for account_id in ids(request, "unassigns"):
            if await self._look.live_assignments(account_id, payee, today):
                return None
        for name, is_wanted in (("ends", False), ("returns", True)):
            for account_id in ids(request, name):
                found = await self._look.by_id(account_id)
                if (live_owner(found, party, today) is not None) is not is_wanted:
                    return None
                if name == "ends" and await self._look.live_assignments(account_id, payee, today):
                    return None
                if name == "ends" and done.has_ended(found, party):
                    done.ended.append(account_id)
        return replace(done.receipt(), was_found=True)

    # -- one account

    async def _add(self, details: BankDetails, party: str, done: Done) -> None:
        """Let the party own the account, made if it is not there."""
        today = done.on
        account = await self._look.account(details)
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
        own = live_owner(account, party, today)
        if own is not None:
            done.note_added("owner", own.StartDate)
            return
        done.added.append("owner")
        ended = [one for one in owners_of(account) if one.party == party]
        if ended:
            await self._update(ended[0], {"EndDate": None})
        else:  # one account of a group: its first owner stays the primary one
            await self._api.create(
                f"{account.href}/child/accountOwners", {**owner, "PrimaryOwnerIndicator": "N"}
            )

    async def _set_end(
        self, account_id: str, party: str, payee: str | None, ends: str | None, done: Done
    ) -> bool:
        """End what the party has of an account, or bring it back; say whether anything was to be done, or was by us before."""
        account, today = await self._look.by_id(account_id), done.on
        is_wanted = ends is None
        changed = not is_wanted and done.has_ended(account, party)
        for one in owners_of(account):
            if one.party == party and is_live(one.EndDate, today) is not is_wanted:
                await self._update(one, {"EndDate": ends})
                changed = True
        return await self._unassign(account_id, payee, ends, today) or changed

    async def _unassign(self, account_id: str, payee: str | None, ends: str | None, today: str) -> bool:
        """End what payments to the payee may use of an account, or bring it back; say whether anything was to be done."""
        wrong = [
            one
            for one in await self._look.assignments(account_id, payee)
            if is_live(one.EndDate, today) is not (ends is None)
        ]
        for one in wrong:
            await self._update(one, {"EndDate": ends})
        return bool(wrong)

    async def _assign(self, payee: str, done: Done) -> None:
        """Let payments to the payee use the account."""
        assert done.account is not None, "it was added"
        known = await self._look.assignments(done.account, payee)
        live = [one for one in known if is_live(one.EndDate, done.on)]
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

    async def _new_payee(self, party: str) -> str:
        body = {"PayeePartyIdentifier": int(party), "PaymentFunctionCode": PRIVILEGE}
        return str((await self._api.create(PAYEES, body)).decode(Payee).PayeeId)
