"""What is paid, told to Coupa exactly once.

Coupa *appends* every payment it is sent and can neither change nor delete one: a blind retry pays twice on paper, and
a void is a second payment with a negative amount. So the invoice is read first, a payment is known by note, amount
and day, and only one that is not there is sent. `paid`, its date and its note are overwritten, which may be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.base import Receipt, WriteRequest
from adapters.coupa import outbound, wire
from adapters.coupa.door import Door, document_id
from adapters.coupa.inbound_parts import Unfit, day
from adapters.coupa.wire_invoice import AnyPayments, PaymentRecord, payment_records
from adapters.errors import TransientError
from store.canonical.money import plain

NOTE_LENGTH_MAX = 255


class InvoiceRow(wire.IdRef):
    """An invoice line, as far as we must see that nobody added one."""


class PaidEcho(wire.Wire):
    """What an invoice says of its payments."""

    id: int | None = None
    invoice_number: str | None = None
    status: str | None = None
    currency: wire.Coded | None = None
    paid: bool | None = None
    payment_date: str | None = None
    payment_notes: str | None = None
    payments: AnyPayments | None = None
    invoice_lines: list[InvoiceRow] | None = None

    def line_ids(self) -> set[int | None]:
        return {line.id for line in self.invoice_lines or ()}


@dataclass(frozen=True, slots=True)
class Mark:
    """What an invoice says of being paid, apart from its payments."""

    is_paid: bool
    paid_on: date
    note: str

    def is_shown(self, echo: PaidEcho) -> bool:
        """Say whether an invoice shows it; day and note mean something on a paid one only."""
        if bool(echo.paid) != self.is_paid:
            return False
        return not self.is_paid or (
            (echo.payment_notes or "") == self.note and _day(echo.payment_date) == self.paid_on
        )


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as it is to be told."""

    amount: Decimal
    currency: str
    paid_on: date
    note: str
    is_paid: bool

    def is_told(self, record: PaymentRecord) -> bool:
        """Say whether Coupa's record is this payment."""
        return (
            record.amount_paid == self.amount
            and (record.notes or "") == self.note
            and _day(record.payment_date) == self.paid_on
        )

    def is_shown(self, echo: PaidEcho) -> bool:
        """Say whether the overwritten part says what it should."""
        return Mark(self.is_paid, self.paid_on, self.note).is_shown(echo)


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """Tells payments, partial payments and voids."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        """Tell a payment that the invoice does not show yet, and whether it is paid with it."""
        payment, path = self._payment(request), self._path(request)
        before = await self._read(request, path, payment)
        told = [one for one in payment_records(before.payments) if payment.is_told(one)]
        if told and payment.is_shown(before):
            return self._receipt(request, before, payment, was_found=True)
        body: dict[str, Any] = outbound.paid(payment.is_paid, payment.paid_on, payment.note)
        if not told:
            body["payments"] = [outbound.payment(payment.amount, payment.paid_on, payment.note)]
        after, _ = await self.door.put(path, body, PaidEcho)
        if after.payments is None or after.paid is None:
            after = (await self.door.one(path, PaidEcho)) or after
        self._verify(request, payment, before, after, is_added=not told)
        return self._receipt(request, after, payment, was_found=False)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether the invoice shows the payment and what was to be overwritten with it.

        None would send it: so not while Coupa may still be at work on a request that got no answer.
        """
        payment, path = self._payment(request), self._path(request)
        echo = await self._read(request, path, payment)
        if any(payment.is_told(one) for one in payment_records(echo.payments)):
            return self._receipt(request, echo, payment, was_found=True) if payment.is_shown(echo) else None
        if request.sent_at is not None:
            waited = self.door.clock.now() - request.sent_at
            patience = timedelta(seconds=self.door.options.append_settle_s)
            if waited < patience:
                raise TransientError(
                    self.door.system,
                    f"payment {payment.note} of invoice {request.external_id} may still be on its way into Coupa, which "
                    "adds what it is sent; it is looked for again before it is sent again",
                    retry_after=patience - waited,
                )
        return None

    async def _read(self, request: WriteRequest, path: str, payment: Payment) -> PaidEcho:
        echo = await self.door.one(path, PaidEcho)
        if echo is None:
            raise self.door.gone(f"invoice {request.external_id}")
        currency = echo.currency.code if echo.currency else None
        if currency is not None and currency != payment.currency:
            raise self.door.refused(
                "PAYLOAD_INVALID",
                f"the payment is in {payment.currency}, invoice {echo.invoice_number} in {currency}: Coupa records what is "
                "paid in the invoice's currency. Nothing was written",
            )
        return echo

    def _verify(
        self, request: WriteRequest, payment: Payment, before: PaidEcho, after: PaidEcho, *, is_added: bool
    ) -> None:
        what = f"invoice {request.external_id}"
        told = [one for one in payment_records(after.payments) if payment.is_told(one)]
        asked = {"paid": payment.is_paid, "payments": f"{payment.note} {plain(payment.amount)}"}
        if not told:
            raise self.door.ignored(
                what,
                asked,
                {"payments": None},
                fix="See in Coupa whether payments may be recorded on it, then retry",
            )
        if not payment.is_shown(after):
            raise self.door.ignored(
                what,
                asked,
                {"paid": after.paid},
                fix="See in Coupa whether payments may be recorded on it, then retry",
            )
        grown = len(payment_records(after.payments)) - len(payment_records(before.payments))
        if len(told) > 1 or (is_added and grown != 1):
            raise self.door.differs(
                what,
                f"it shows payment {payment.note} over {plain(payment.amount)} {len(told)} times, and {grown} more payments "
                "than before",
                payments=[one.id for one in told],
            )
        if after.invoice_lines is not None and after.line_ids() != before.line_ids():
            raise self.door.differs(what, "its lines are not those it had")

    def _receipt(
        self, request: WriteRequest, echo: PaidEcho, payment: Payment, *, was_found: bool
    ) -> Receipt:
        records = payment_records(echo.payments)
        told = next((one.id for one in records if payment.is_told(one)), None)
        in_all = sum((one.amount_paid or Decimal(0) for one in records), Decimal(0))
        receipt = Receipt(
            external_id=request.external_id,
            number=echo.invoice_number,
            answer={
                "id": echo.id,
                "payment-id": told,
                "paid": bool(echo.paid),
                "payments-count": len(records),
                "paid-in-all": plain(in_all),
            },
        )
        return replace(receipt, was_found=was_found)

    def _path(self, request: WriteRequest) -> str:
        return f"/api/invoices/{document_id(self.door.system, request, 'an invoice')}"

    def _payment(self, request: WriteRequest) -> Payment:
        body = request.body
        try:
            payment = Payment(
                amount=Decimal(str(body["amount"])),
                currency=str(body["currency"]),
                paid_on=date.fromisoformat(str(body["paid_on"])),
                note=str(body["note"]),
                is_paid=bool(body["is_paid"]),
            )
        except (KeyError, ValueError, InvalidOperation) as error:
            raise self.door.refused(
                "PAYLOAD_INVALID", f"the payment cannot be told to Coupa: {error!r}"
            ) from None
        if not payment.amount.is_finite() or payment.amount == 0:
            raise self.door.refused("PAYLOAD_INVALID", "a payment over nothing cannot be told to Coupa")
        if not payment.note or len(payment.note) > NOTE_LENGTH_MAX:
            raise self.door.refused(
                "PAYLOAD_INVALID",
                f"the note of a payment is how it is found again: it must have 1 to {NOTE_LENGTH_MAX} characters",
            )
        return payment


@dataclass(frozen=True, slots=True)
class MarkPaid:
    """Says whether an invoice is paid, without a payment: overwritten, so it may be repeated."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        """Set flag, day and note unless all of them show what they should."""
        mark, path = self._asked(request), self._path(request)
        before = await self._read(request, path)
        if mark.is_shown(before):
            return self._receipt(request, before, was_found=True)
        after, _ = await self.door.put(path, outbound.paid(mark.is_paid, mark.paid_on, mark.note), PaidEcho)
        if after.paid is None:
            after = await self._read(request, path)
        if not mark.is_shown(after):
            raise self.door.ignored(
                f"invoice {request.external_id}",
                {"paid": mark.is_paid, "payment-date": mark.paid_on.isoformat(), "payment-notes": mark.note},
                {
                    "paid": after.paid,
                    "payment-date": after.payment_date,
                    "payment-notes": after.payment_notes,
                },
                fix="See in Coupa whether the invoice may be marked as paid, then retry",
            )
        return self._receipt(request, after, was_found=False)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether flag, day and note show what they should."""
        mark = self._asked(request)
        echo = await self._read(request, self._path(request))
        return self._receipt(request, echo, was_found=True) if mark.is_shown(echo) else None

    def _path(self, request: WriteRequest) -> str:
        return f"/api/invoices/{document_id(self.door.system, request, 'an invoice')}"

    async def _read(self, request: WriteRequest, path: str) -> PaidEcho:
        echo = await self.door.one(path, PaidEcho)
        if echo is None:
            raise self.door.gone(f"invoice {request.external_id}")
        return echo

    def _receipt(self, request: WriteRequest, echo: PaidEcho, *, was_found: bool) -> Receipt:
        in_all = sum((one.amount_paid or Decimal(0) for one in payment_records(echo.payments)), Decimal(0))
        answer = {"id": echo.id, "paid": bool(echo.paid), "paid-in-all": plain(in_all)}
        receipt = Receipt(external_id=request.external_id, number=echo.invoice_number, answer=answer)
        return replace(receipt, was_found=was_found)

    def _asked(self, request: WriteRequest) -> Mark:
        body = request.body
        try:
            mark = Mark(bool(body["is_paid"]), date.fromisoformat(str(body["paid_on"])), str(body["note"]))
            if not isinstance(body["is_paid"], bool) or len(mark.note) > NOTE_LENGTH_MAX:
                raise ValueError(f"is_paid {body['is_paid']!r}, a note of {len(mark.note)} characters")
        except (KeyError, ValueError) as error:
            raise self.door.refused("PAYLOAD_INVALID", f"the invoice cannot be marked: {error!r}") from None
        return mark


def _day(text: str | None) -> date | None:
    try:
        return day(text, "$")
    except Unfit:
        return None
