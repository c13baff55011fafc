"""Invoices in Payables: create, validate, cancel; and whether that has been done already.

Creating does not validate, and an action's reply is a sentence in whatever words: the invoice itself, read afresh, says
what happened.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from adapters.base import Receipt, WriteRequest
from adapters.errors import DuplicateError
from adapters.extended import with_extended
from adapters.oracle_fusion import wire_finance as finance
from adapters.oracle_fusion.accounts import Accounts
from adapters.oracle_fusion.api import Api, is_id, quoted
from adapters.oracle_fusion.failures import Complaint, Judge
from adapters.oracle_fusion.inbound_finance import hold_text, invoice_status, open_holds
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import cut
from adapters.oracle_fusion.outbound_invoice import (
    DESCRIPTION_MAX,
    accounts,
    invoice,
    invoice_number,
    payables_unit,
    split_description,
)
from adapters.oracle_fusion.payees import Payees
from adapters.oracle_fusion.requests import document, refused, text_of
from store.canonical.payables import Invoice

RESOURCE: Final = "invoices"
RESULT_MAX: Final = 500


class Invoices:
    """Writes of invoices to one instance."""

    def __init__(self, api: Api, options: Options, judge: Judge) -> None:
        self._api = api
        self._options = options
        self._judge = judge
        self._accounts = Accounts(api, options)
        self._payees = Payees(api)

    # -- create

    async def create(self, request: WriteRequest) -> Receipt:
        wanted = self._invoice(request)
        unit = payables_unit(wanted, self._options)
        payee = await self._payees.find(wanted, unit.employee_site)
        body = with_extended(invoice(wanted, payee, self._options), request)
        known = await self._known(wanted)
        if known is not None:
            return known
        await self._accounts.check(
            (account for line in wanted.lines if not line.order_number for account, _ in accounts(line)),
            wanted.accounting_on or wanted.invoiced_on,
        )
        answer = await self._api.create(RESOURCE, body)
        created = answer.decode(finance.Invoice)
        return self.receipt(created, was_found=False)

    async def find_created(self, request: WriteRequest) -> Receipt | None:
        return await self._known(self._invoice(request))

    async def _known(self, wanted: Invoice) -> Receipt | None:
        """Look the number up at this payee, in this business unit; a cancelled invoice keeps its number for ever."""
        conditions = [f"InvoiceNumber = {quoted(invoice_number(wanted))}"]
        if wanted.business_unit:
            conditions.append(f"BusinessUnit = {quoted(wanted.business_unit)}")
        rows = await self._rows(" and ".join(conditions))
        hits = [one for one in rows if _is_payee(one, wanted)]
        if len(hits) > 1:
            shown = ", ".join(str(one.InvoiceId) for one in hits)
            raise DuplicateError(
                self._api.system,
                f"invoice {wanted.number} of {wanted.supplier_number or wanted.supplier_name} is in Oracle {len(hits)} times "
                f"({shown}). Nothing was sent. Cancel all but one there, then retry: the one that is left is linked",
            )
        if not hits:
            return None
        found = hits[0]
        if invoice_status(found) == "cancelled":
            raise refused(
                self._api.system,
                "REJECTED",
                f"invoice number {wanted.number} was used by an invoice that is cancelled in Oracle, and stays used. "
                "Nothing was sent. Send the invoice under a new number",
            )
        self._refuse_other(wanted, found)
        return self.receipt(found, was_found=True)

    def _refuse_other(self, wanted: Invoice, found: finance.Invoice) -> None:
        mark, _ = split_description(found.Description or "")
        same_mark = wanted.reference is None or mark == wanted.reference
        same_total = (found.InvoiceCurrency, found.InvoiceAmount) == (wanted.currency, wanted.total.amount)
        if same_mark and same_total:
            return
        raise refused(
            self._api.system,
            "READ_BACK_DIFFERS",
            f"invoice number {wanted.number} belongs to another document in Oracle ({found.Description or 'no text'}, "
            f"{found.InvoiceAmount} {found.InvoiceCurrency}). Nothing was sent. Send ours under another number, or cancel "
            "the other one",
        )

    # -- validate

    async def validate(self, request: WriteRequest) -> Receipt:
        before = await self.state(request)
        if invoice_status(before) in ("approved", "pending_approval"):
            return self.receipt(before, was_found=True)
        if invoice_status(before) == "cancelled":
            raise refused(
                self._api.system,
                "REJECTED",
                f"invoice {before.InvoiceNumber} is cancelled in Oracle and cannot be validated",
            )
        result = await self._act("validateInvoice", before, self._options.validate_parameters)
        after = await self.state(request)
        status = invoice_status(after)
        if status in ("approved", "pending_approval"):
            return self.receipt(after, was_found=False)
        if status == "draft":  # it is validated by a scheduled process, or not yet
            return self.receipt(after, was_found=False, is_pending=True)
        raise self._judge.refusal(self._api.system, _why(after, result), status=200)

    async def find_validated(self, request: WriteRequest) -> Receipt | None:
        found = await self.seen(request)
        if found is None or invoice_status(found) not in ("approved", "pending_approval"):
            return None
        return self.receipt(found, was_found=True)

    # -- cancel

    async def cancel(self, request: WriteRequest) -> Receipt:
        before = await self.state(request)
        if invoice_status(before) == "cancelled":
            return self.receipt(before, was_found=True)
        reason = cut(text_of(request, "reason"), DESCRIPTION_MAX)
        result = await self._act(
            "cancelInvoice", before, {self._options.invoice_reason_name: reason} if reason else {}
        )
        after = await self.state(request)
        if invoice_status(after) != "cancelled":
            complaint = (
                result or f"invoice {after.InvoiceNumber} is still {after.ValidationStatus or 'as it was'}"
            )
            raise self._judge.refusal(self._api.system, [Complaint(complaint)], status=200)
        return self.receipt(after, was_found=False)

    async def find_cancelled(self, request: WriteRequest) -> Receipt | None:
        found = await self.seen(request)
        if found is None or invoice_status(found) != "cancelled":
            return None
        return self.receipt(found, was_found=True)

    # -- state

    async def _act(self, name: str, target: finance.Invoice, parameters: dict[str, Any]) -> str:
        """Call an action of the collection: the invoice is named in the body."""
        result = await self._api.act(RESOURCE, name, {"InvoiceId": target.InvoiceId, **parameters})
        return result.strip()[:RESULT_MAX] if isinstance(result, str) else str(result)[:RESULT_MAX]

    async def state(self, request: WriteRequest) -> finance.Invoice:
        found = await self.seen(request)
        if found is None:
            raise refused(
                self._api.system,
                "READ_BACK_DIFFERS",
                f"invoice {text_of(request, 'number') or request.external_id} is not in Oracle (any more), or the "
                "integration user may not see it",
            )
        return found

    async def seen(self, request: WriteRequest) -> finance.Invoice | None:
        invoice_id = request.external_id or ""
        if not is_id(invoice_id):
            raise refused(
                self._api.system, "PAYLOAD_INVALID", f"{invoice_id!r} is not the id of an invoice in Oracle"
            )
        rows = await self._rows(f"InvoiceId = {invoice_id}")
        if not rows:
            return None
        found = rows[0]
        found.holds = await self._holds(found)
        return found

    async def _rows(self, condition: str) -> list[finance.Invoice]:
        params = {"q": condition, "orderBy": "InvoiceId:asc", "onlyData": "true"}
        return [_invoice.decode(row) for row in await self._api.rows(RESOURCE, params)]

    async def _holds(self, found: finance.Invoice) -> list[finance.InvoiceHold]:
        resource = self._options.holds_resource
        if not resource:
            return []
        params = {
            "q": f"InvoiceNumber = {quoted(found.InvoiceNumber)}",
            "orderBy": "HoldId:asc",
            "links": "self",
        }
        holds = [_hold.decode(row) for row in await self._api.rows(resource, params)]
        return [one for one in holds if is_hold_of(one, found)]

    def receipt(self, found: finance.Invoice, *, was_found: bool, is_pending: bool = False) -> Receipt:
        kept = {
            "InvoiceId": str(found.InvoiceId),
            "InvoiceNumber": found.InvoiceNumber,
            "ValidationStatus": found.ValidationStatus,
            "status": invoice_status(found),
        }
        return Receipt(
            str(found.InvoiceId), found.InvoiceNumber, is_pending=is_pending, answer=kept, was_found=was_found
        )

    def _invoice(self, request: WriteRequest) -> Invoice:
        return document(self._api.system, request, "invoice", Invoice)


def is_hold_of(hold: finance.InvoiceHold, found: finance.Invoice) -> bool:
    """Say whether a hold is on this invoice: numbers are unique only within a payee."""
    return (
        hold.InvoiceNumber == found.InvoiceNumber
        and hold.BusinessUnit in (None, found.BusinessUnit)
        and hold.Supplier in (None, found.Supplier)
    )


def _is_payee(found: finance.Invoice, wanted: Invoice) -> bool:
    if wanted.supplier_number and found.SupplierNumber:
        return wanted.supplier_number == found.SupplierNumber
    return wanted.supplier_name in (None, found.Supplier)


def _why(found: finance.Invoice, result: str) -> list[Complaint]:
    """Return why an invoice is not validated: its holds, else what the action said."""
    holds = [Complaint(hold_text(one)) for one in open_holds(found)]
    return holds or [Complaint(f"invoice {found.InvoiceNumber} is {found.ValidationStatus}: {result}")]


_invoice = msgspec.json.Decoder(finance.Invoice)
_hold = msgspec.json.Decoder(finance.InvoiceHold)
