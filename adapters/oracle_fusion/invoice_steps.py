"""What else is done to an invoice in Payables: holds put on and released, prepayments applied and taken off again.

As with every action there, the invoice read afterwards says what happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import msgspec
import pydantic

from adapters.base import Receipt, WriteRequest
from adapters.oracle_fusion import wire, wire_payables
from adapters.oracle_fusion import wire_finance as finance
from adapters.oracle_fusion.api import Api
from adapters.oracle_fusion.failures import Complaint, Judge
from adapters.oracle_fusion.inbound_finance import hold_text, invoice_status, open_holds
from adapters.oracle_fusion.invoices import RESOURCE, Invoices
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import CannotExpressError, cut
from adapters.oracle_fusion.outbound_invoice import DESCRIPTION_MAX
from adapters.oracle_fusion.requests import refused, text_of
from store.canonical.money import Money

HOLD_NAME_MAX: Final = 80


class InvoiceSteps:
    """Holds and prepayments of one instance's invoices."""

    def __init__(self, api: Api, options: Options, judge: Judge, invoices: Invoices) -> None:
        self._api = api
        self._options = options
        self._judge = judge
        self._invoices = invoices
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            "invoice.hold": self._hold,
            "invoice.release": self._release,
            "invoice.apply_prepayment": self._apply,
            "invoice.unapply_prepayment": self._unapply,
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = {
            "invoice.hold": self._find_held,
            "invoice.release": self._find_released,
            "invoice.apply_prepayment": self._find_applied,
            "invoice.unapply_prepayment": self._find_unapplied,
        }

    # -- holds

    async def _hold(self, request: WriteRequest) -> Receipt:
        name = self._named(request)
        found = await self._invoices.state(request)
        if invoice_status(found) == "cancelled":
            raise self._refused(f"invoice {found.InvoiceNumber} is cancelled in Oracle and cannot be held")
        if _held(found, name):
            return self._invoices.receipt(found, was_found=True)
        reason = cut(text_of(request, "reason"), DESCRIPTION_MAX)
        body = {
            "InvoiceNumber": found.InvoiceNumber,
            "BusinessUnit": found.BusinessUnit,
            "Supplier": found.Supplier,
            "HoldName": name,
            **({"HoldReason": reason} if reason else {}),
        }
        await self._api.create(self._resource(), body)
        return self._invoices.receipt(await self._invoices.state(request), was_found=False)

    async def _find_held(self, request: WriteRequest) -> Receipt | None:
        found = await self._invoices.seen(request)
        if found is None or not _held(found, self._named(request)):
            return None
        return self._invoices.receipt(found, was_found=True)

    async def _release(self, request: WriteRequest) -> Receipt:
        """Release one hold, or all of them when none is named."""
        name = text_of(request, "name")
        before = await self._invoices.state(request)
        wanted = _held(before, name)
        if not wanted:
            return self._invoices.receipt(before, was_found=True)
        reason = cut(text_of(request, "reason"), DESCRIPTION_MAX)
        for hold in wanted:
            if hold.href is None:
                raise self._refused(f"Oracle gave no address (self link) to release {hold_text(hold)} at")
            release = self._options.hold_releases.get(hold.HoldName or "", self._options.hold_release_name)
            body = {"ReleaseName": release, **({"ReleaseReason": reason} if reason else {})}
            await self._api.update(hold.href, body, None)
        after = await self._invoices.state(request)
        left = _held(after, name)
        if left:
            raise self._judge.refusal(
                self._api.system, [Complaint(hold_text(one)) for one in left], status=200
            )
        return self._invoices.receipt(after, was_found=False)

    async def _find_released(self, request: WriteRequest) -> Receipt | None:
        found = await self._invoices.seen(request)
        if found is None or _held(found, text_of(request, "name")):
            return None
        return self._invoices.receipt(found, was_found=True)

    def _resource(self) -> str:
        if not self._options.holds_resource:
            raise refused(
                self._api.system,
                "CONFIGURATION",
                "holds cannot be put on: holds_resource is empty in the options",
            )
        return self._options.holds_resource

    def _named(self, request: WriteRequest) -> str:
        name = text_of(request, "name")
        if not 0 < len(name) <= HOLD_NAME_MAX:
            raise CannotExpressError("PAYLOAD_INVALID", f"{name!r} is not the name of a hold")
        return name

    # -- prepayments

    async def _apply(self, request: WriteRequest) -> Receipt:
        number, amount = self._prepayment(request), _amount(request)
        before = await self._invoices.state(request)
        applied = await self._applied(request, number)
        if applied is not None:
            return _with_applied(self._invoices.receipt(before, was_found=True), applied)
        parameters: dict[str, Any] = {"PrepaymentLineNumber": 1}
        if amount is not None:
            parameters["PrepaymentApplicationAmount"] = amount.amount
        return await self._change(request, before, "applyPrepayments", number, parameters, is_applied=True)

    async def _unapply(self, request: WriteRequest) -> Receipt:
        number = self._prepayment(request)
        before = await self._invoices.state(request)
        if await self._applied(request, number) is None:
            return self._invoices.receipt(before, was_found=True)
        parameters = {"PrepaymentLineNumber": 1}
        return await self._change(request, before, "unapplyPrepayments", number, parameters, is_applied=False)

    async def _change(
        self,
        request: WriteRequest,
        before: finance.Invoice,
        action: str,
        number: str,
        parameters: dict[str, Any],
        *,
        is_applied: bool,
    ) -> Receipt:
        body = {
            "InvoiceNumber": before.InvoiceNumber,
            "BusinessUnit": before.BusinessUnit,
            "Supplier": before.Supplier,
            "PrepaymentInvoiceNumber": number,
            **parameters,
        }
        result = await self._api.act(RESOURCE, action, body)
        applied = await self._applied(request, number)
        if (applied is not None) != is_applied:
            raise self._judge.refusal(self._api.system, [Complaint(str(result))], status=200)
        return _with_applied(
            self._invoices.receipt(await self._invoices.state(request), was_found=False), applied
        )

    async def _find_applied(self, request: WriteRequest) -> Receipt | None:
        return await self._find_prepayment(request, is_applied=True)

    async def _find_unapplied(self, request: WriteRequest) -> Receipt | None:
        return await self._find_prepayment(request, is_applied=False)

    async def _find_prepayment(self, request: WriteRequest, *, is_applied: bool) -> Receipt | None:
        found = await self._invoices.seen(request)
        if found is None:
            return None
        applied = await self._applied(request, self._prepayment(request))
        if (applied is not None) != is_applied:
            return None
        return _with_applied(self._invoices.receipt(found, was_found=True), applied)

    async def _applied(self, request: WriteRequest, number: str) -> Decimal | None:
        """Return how much of the invoice that prepayment pays; None: it is not applied."""
        params = {
            "q": f"InvoiceId = {request.external_id}",
            "orderBy": "InvoiceId:asc",
            "expand": "appliedPrepayments",
            "links": "self",
        }
        for row in await self._api.rows(RESOURCE, params):
            whole = await self._api.complete(wire.decode_any(row), {"appliedPrepayments": {}})
            read = msgspec.convert(whole, wire_payables.Prepaid, strict=False)
            found = [one for one in wire.rows(read.appliedPrepayments) if one.InvoiceNumber == number]
            if found:
                return sum((one.AppliedAmount or Decimal(0) for one in found), Decimal(0))
        return None

    def _prepayment(self, request: WriteRequest) -> str:
        number = text_of(request, "prepayment_number")
        if not number:
            raise CannotExpressError("PAYLOAD_INVALID", "no prepayment is named (prepayment_number)")
        return number

    def _refused(self, message: str) -> Exception:
        return refused(self._api.system, "REJECTED", message)


def _with_applied(receipt: Receipt, applied: Decimal | None) -> Receipt:
    return (
        receipt if applied is None else replace(receipt, answer={**receipt.answer, "applied": str(applied)})
    )


def _held(found: finance.Invoice, name: str) -> list[finance.InvoiceHold]:
    """Return the open holds of that name; of any when there is none."""
    return [one for one in open_holds(found) if name in ("", one.HoldName)]


def _amount(request: WriteRequest) -> Money | None:
    """Return how much is to be applied; None: as much as fits."""
    value = request.body.get("amount")
    if value is None:
        return None
    try:
        return Money.model_validate(value)
    except pydantic.ValidationError:
        raise CannotExpressError("PAYLOAD_INVALID", f"the amount {value!r} is not money") from None
