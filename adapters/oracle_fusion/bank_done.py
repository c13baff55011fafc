"""What of a change of bank details one request has done, and how it is told: never with the account's number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from adapters.base import BankDetails, Receipt, WriteRequest
from adapters.errors import AdapterError, RejectedError
from adapters.oracle_fusion.api import is_id
from adapters.oracle_fusion.bank_lookup import Account, owners_of
from adapters.oracle_fusion.outbound import CannotExpressError
from adapters.oracle_fusion.requests import text_of
from store.canonical.supplier import masked


class Done:
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
        return any(one.party == party and self.is_ours(one.EndDate) for one in owners_of(account))

    @property
    def did(self) -> bool:
        return any((self.added, self.ended, self.returned, self.unassigned))

    def is_ours(self, day: str | None) -> bool:
        return self._was_sent and day is not None and day[:10] == self.on

    def receipt(self) -> Receipt:
        shown = masked(self._details.number) if self._details is not None else None
        answer = {
            "account": self.account,
            "masked": shown,
            "added": self.added,
            "ended": self.ended,
        }
        return Receipt(self.account, shown, answer=answer, was_found=not self.did)


def ids(request: WriteRequest, name: str) -> list[str]:
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


def without(error: AdapterError, details: BankDetails | None) -> AdapterError:
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
