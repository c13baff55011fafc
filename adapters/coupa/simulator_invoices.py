"""Invoices of the simulated Coupa: life cycle, totals, payments that append, and the export flag.

| action | from | to |
| --- | --- | --- |
| submit | draft, new, rejected, invalid | pending_receipt or pending_approval |
| void | pending_receipt, approved, draft | voided, not exported |
| abandon | whatever is not approved, voided or abandoned | abandoned |
| dispute | whatever is not draft, voided, abandoned or disputed | disputed |
| withdraw_dispute | disputed | where it was |

What may be changed on an approved invoice is not documented but for custom fields and payments: everything else is
ignored there without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from adapters.coupa.simulator_models import MODELS
from adapters.coupa.simulator_receipts import Receipts
from adapters.coupa.simulator_tables import RefusedError, Tables, dashed
from adapters.coupa.simulator_writes import Intake
from adapters.simulation import Document

INVOICES: Final = "invoices"
_MODEL: Final = MODELS["invoice"]
_OPEN: Final = frozenset({"new", "draft", "rejected", "invalid", "save_as_draft"})
_ENDED: Final = frozenset({"voided", "abandoned"})
_SETTLED: Final = _ENDED | {"approved", "payable_adjustment", "booking_hold"}
AMOUNT_PLACES: Final = 4
AMOUNT_DIGITS: Final = 28
NOTES_MAX: Final = 255
_ALWAYS: Final = frozenset({"custom-fields", "paid", "payment-date", "payment-notes", "payments"})
_VOIDABLE: Final = frozenset({"pending_receipt", "approved", "draft"})
_CENT: Final = Decimal("0.01")


@dataclass
class Invoices:
    """What can happen to an invoice."""

    tables: Tables
    intake: Intake
    receipts: Receipts
    dispute_reasons: frozenset[str] = frozenset()
    is_strict: bool = False
    """Enforce all invoice validations on update: a closed account stops even a payment."""
    before_dispute: dict[int, str] = field(default_factory=dict)

    # -- by the API -------------------------------------------------------------------------------

    def create(self, body: Mapping[str, Any], by: str) -> Document:
        """Do what a POST does: a draft."""
        given = {dashed(name): value for name, value in body.items()}
        document = self.intake.take(_MODEL, {}, given)
        missing = [
            f"{name.replace('-', ' ').capitalize()} can't be blank"
            for name in ("invoice-number", "supplier", "currency")
            if not document.get(name)
        ]
        for other in self.tables.collections[INVOICES].find("invoice-number", document.get("invoice-number")):
            if other.get("supplier") == document.get("supplier") and other.get("status") not in _ENDED:
                missing.append("Invoice number has already been taken")
        if missing:
            raise RefusedError(*missing)
        kind = "Credit Note" if document.pop("is-credit-note", False) else "Invoice"
        stamps = self._stamps(by) | {"created-at": self.tables.now_text(), "created-by": self.tables.user(by)}
        made = self.complete(document | {"status": "draft", "document-type": kind} | stamps)
        return self.tables.keep(INVOICES, made)

    def update(self, invoice: Document, body: Mapping[str, Any], by: str) -> Document:
        """Do what a PUT with a body does."""
        given = {dashed(name): value for name, value in body.items()}
        if self.is_strict and self._has_closed_account(invoice):
            raise RefusedError("Account is not active")
        added = _unwrapped(given.pop("payments", None))
        if invoice.get("status") in _SETTLED:
            given = {name: value for name, value in given.items() if name in _ALWAYS}
        changed = self.intake.take(_MODEL, invoice, given)
        if added:
            paid = [self._payment(invoice, one, by) for one in added]
            changed["payments"] = [*(invoice.get("payments") or []), *paid]
        return invoice if changed == invoice else self._save(changed, by)

    def act(self, invoice: Document, action: str, body: Mapping[str, Any], by: str) -> Document:
        """Do one of the actions, if the invoice's state allows it."""
        match action:
            case "submit":
                return self._submit(invoice, by)
            case "void":
                return self.void(invoice, by)
            case "abandon":
                self._allow(invoice, invoice.get("status") not in _SETTLED, "abandoned")
                return self.set_status(invoice, "abandoned", by)
            case "dispute":
                return self.dispute(invoice, _reasons(body), by)
            case "withdraw_dispute":
                self._allow(invoice, invoice.get("status") == "disputed", "withdrawn from dispute")
                before = self.before_dispute.pop(invoice["id"], "pending_approval")
                return self.set_status(invoice | {"dispute-reasons": []}, before, by)
            case "bypass_approvals":
                self._allow(invoice, invoice.get("status") == "pending_approval", "approved")
                return self.approve(invoice, by)
            case "bypass_current_approval":
                self._allow(invoice, invoice.get("status") == "pending_approval", "approved")
                return self._decide_first(invoice, by)
            case "restart_approvals":
                self._allow(invoice, invoice.get("status") in ("pending_approval", "rejected"), "restarted")
                return self._ask(invoice, by)
        return self._save(invoice | {"failed-tolerances": [], "tolerance-failures": None}, by)

    # -- by the people who work in it --------------------------------------------------------------

    def approve(self, invoice: Document, by: str) -> Document:
        """Approve it whatever its approvers say; what was pending is decided by it."""
        for one in self._approvals(invoice):
            if one.get("status") == "pending_approval":
                self._decided(one, "approved", by)
        self._count(invoice, 1)
        return self.set_status(invoice, "approved", by)

    def after_decision(self, approval: Document, by: str) -> None:
        """Move an invoice on when one of its approvers has decided."""
        if approval.get("approvable-type") != "InvoiceHeader":
            return
        invoice = self.tables.collections[INVOICES].get(approval.get("approvable-id"))
        if invoice is None or invoice.get("status") != "pending_approval":
            return
        states = {one.get("status") for one in self._approvals(invoice)}
        if "rejected" in states:
            self.set_status(invoice, "rejected", by)
        elif "pending_approval" not in states:
            self.approve(invoice, by)

    def void(self, invoice: Document, by: str) -> Document:
        self._allow(invoice, invoice.get("status") in _VOIDABLE, "voided")
        if invoice.get("status") == "approved":
            self._count(invoice, -1)
        return self.set_status(invoice | {"canceled": True}, "voided", by)

    def dispute(self, invoice: Document, reasons: list[str], by: str) -> Document:
        status = invoice.get("status")
        self._allow(invoice, status not in _ENDED | {"draft", "new", "disputed"}, "disputed")
        unknown = [code for code in reasons if self.dispute_reasons and code not in self.dispute_reasons]
        if unknown:
            raise RefusedError(f"Dispute reason {unknown[0]} is not valid")
        self.before_dispute[invoice["id"]] = str(status)
        told = [{"id": self.tables.inner_id(), "code": code} for code in reasons]
        return self.set_status(invoice | {"dispute-reasons": told}, "disputed", by)

    def pay(self, invoice: Document, payment: Mapping[str, Any], is_paid: bool, by: str) -> Document:
        """Record a payment as somebody else does."""
        rows = [*(invoice.get("payments") or []), self._payment(invoice, payment, by)]
        return self._save(invoice | {"payments": rows, "paid": is_paid}, by)

    def set_status(self, invoice: Document, status: str, by: str) -> Document:
        """Move it to a status; whoever took it before must take it again."""
        return self._save(invoice | {"status": status, "exported": False}, by)

    def complete(self, document: Document) -> Document:
        """Add what an invoice always has; what is there stays, right or wrong."""
        defaults: Document = {
            "document-type": "Invoice",
            "status": "approved",
            "payment-channel": "ERP",
            "paid": False,
            "payments": [],
            "line-level-taxation": False,
            "exported": False,
            "last-exported-at": None,
            "canceled": False,
            "custom-fields": {},
            "invoice-lines": [],
            "lock-version-key": 0,
        }
        whole = defaults | document
        lines = whole["invoice-lines"]
        if isinstance(lines, list) and all(isinstance(line, dict) for line in lines):
            whole["invoice-lines"] = [self._line(n, line) for n, line in enumerate(lines, 1)]
            whole = _totals(whole) | document | {"invoice-lines": whole["invoice-lines"]}
        return _due(whole)

    # -- helpers ----------------------------------------------------------------------------------

    def _save(self, changed: Document, by: str) -> Document:
        lines = changed.get("invoice-lines")
        if isinstance(lines, list) and all(isinstance(line, dict) for line in lines):
            changed = changed | {"invoice-lines": [self._line(n, one) for n, one in enumerate(lines, 1)]}
        lock = {"lock-version-key": (changed.get("lock-version-key") or 0) + 1}
        return self.tables.keep(INVOICES, _due(changed) | lock | self._stamps(by))

    def _stamps(self, by: str) -> Document:
        return {"updated-at": self.tables.now_text(), "updated-by": self.tables.user(by)}

    def _allow(self, invoice: Document, is_allowed: bool, done: str) -> None:
        if not is_allowed:
            raise RefusedError(f"Invoice cannot be {done} from status {invoice.get('status')}")

    def _line(self, number: int, line: Document) -> Document:
        """Number a line, price it, and name the order line it is about."""
        whole = {"line-num": number, "status": "created"} | line
        if line.get("total") is None and line.get("price") is not None:
            price, quantity = Decimal(str(line["price"])), line.get("quantity")
            by_amount = quantity is None or line.get("type") == "InvoiceAmountLine"
            total = price if by_amount else price * Decimal(str(quantity))
            whole["total"] = f"{total.quantize(_CENT, ROUND_HALF_UP):f}"
        found = self.receipts.order_line(line.get("order-line-id"))
        if found is not None and not line.get("po-number"):
            order, ordered = found
            number_, place = order.get("po-number"), ordered.get("line-num")
            whole |= {"po-number": number_, "order-header-num": number_, "order-line-num": place}
        return whole

    def _payment(self, invoice: Document, given: Mapping[str, Any], by: str) -> Document:
        row = {dashed(name): value for name, value in given.items()}
        if row.get("amount-paid") is None:
            raise RefusedError("Amount paid can't be blank")
        _check_size(row)
        taken = self.intake.take(MODELS["payment"], {}, row)
        taken["notes"] = taken.get("notes") or taken.pop("check-number", None)
        now, author = self.tables.now_text(), self.tables.user(by)
        return (
            {"id": self.tables.inner_id()}
            | taken
            | {"payable-type": "InvoiceHeader", "payable-id": invoice["id"], "created-at": now}
            | {"updated-at": now, "created-by": author, "updated-by": author}
        )

    def _submit(self, invoice: Document, by: str) -> Document:
        self._allow(invoice, invoice.get("status") in _OPEN, "submitted")
        if not invoice.get("invoice-lines"):
            raise RefusedError("Invoice lines can't be blank")
        if not invoice.get("invoice-date"):
            raise RefusedError("Invoice date can't be blank")
        if self._awaits_receipt(invoice):
            return self.set_status(invoice, "pending_receipt", by)
        return self._ask(invoice, by)

    def _awaits_receipt(self, invoice: Document) -> bool:
        supplier = self.tables.live("supplier", invoice.get("supplier") or {})
        if not str(supplier.get("invoice-matching-level") or "").startswith("3-way"):
            return False
        for line in invoice.get("invoice-lines") or []:
            found = self.receipts.order_line(line.get("order-line-id"))
            if found is not None and _number(found[1].get("received")) < _number(line.get("quantity")):
                return True
        return False

    def _ask(self, invoice: Document, by: str) -> Document:
        """Ask the requester, anew if it was asked before."""
        approver = invoice.get("requested-by") or self.tables.user("ap-approver")
        stamps = self._stamps(by)
        self.tables.keep(
            "approvals",
            {
                "approvable-type": "InvoiceHeader",
                "approvable-id": invoice["id"],
                "status": "pending_approval",
                "position": len(self._approvals(invoice)) + 1,
                "approver": approver,
                "holdable": True,
                "created-at": stamps["updated-at"],
                **stamps,
            },
        )
        return self.set_status(invoice, "pending_approval", by)

    def _decide_first(self, invoice: Document, by: str) -> Document:
        pending = [one for one in self._approvals(invoice) if one.get("status") == "pending_approval"]
        if pending:
            self.after_decision(self._decided(pending[0], "approved", by), by)
        return self.tables.collections[INVOICES].at(invoice["id"])

    def _decided(self, approval: Document, status: str, by: str) -> Document:
        decided = {"status": status, "approval-date": self.tables.now_text()}
        return self.tables.keep(
            "approvals", approval | decided | {"approved-by": self.tables.user(by)} | self._stamps(by)
        )

    def _approvals(self, invoice: Document) -> list[Document]:
        found = self.tables.collections["approvals"].find("approvable-id", invoice["id"])
        return [one for one in found if one.get("approvable-type") == "InvoiceHeader"]

    def _count(self, invoice: Document, sign: int) -> None:
        """Count on the order lines what is invoiced of them."""
        for line in invoice.get("invoice-lines") or []:
            if isinstance(line, dict) and line.get("order-line-id") is not None:
                self.receipts.count_invoiced(
                    line["order-line-id"],
                    sign * _number(line.get("quantity")),
                    sign * _number(line.get("total")),
                )

    def _has_closed_account(self, invoice: Document) -> bool:
        accounts = [line.get("account") for line in invoice.get("invoice-lines") or []]
        return any(
            self.tables.live("account", one).get("active") is False
            for one in accounts
            if isinstance(one, dict)
        )


def _check_size(payment: Mapping[str, Any]) -> None:
    """Refuse what the columns of a payment don't hold: decimal(32,4) and 255 characters."""
    try:
        amount = Decimal(str(payment["amount-paid"]))
        places = amount.normalize().as_tuple().exponent
        is_kept = isinstance(places, int) and places >= -AMOUNT_PLACES and amount.adjusted() < AMOUNT_DIGITS
    except InvalidOperation:
        raise RefusedError("Amount paid is not a number") from None
    if not is_kept:
        raise RefusedError(
            f"Amount paid must have at most {AMOUNT_PLACES} decimal places and {AMOUNT_DIGITS} digits before"
        )
    if len(str(payment.get("notes") or "")) > NOTES_MAX:
        raise RefusedError(f"Notes is too long (maximum is {NOTES_MAX} characters)")


def _unwrapped(payments: Any) -> list[Mapping[str, Any]]:
    """Return the payments of a body, in whichever of the published shapes."""
    while isinstance(payments, dict):
        payments = payments.get("payments", payments.get("payment"))
    if payments is None:
        return []
    if not isinstance(payments, list) or not all(isinstance(one, dict) for one in payments):
        raise RefusedError("Payments is not a list")
    return payments


def _reasons(body: Mapping[str, Any]) -> list[str]:
    reason = body.get("dispute-reason")
    return [str(reason["code"])] if isinstance(reason, dict) and reason.get("code") else []


def _totals(invoice: Document) -> Document:
    """Return an invoice with what Coupa adds up: items, charges, tax."""
    lines = invoice["invoice-lines"]
    charges = invoice.get("invoice-charges") or []
    taxed = [invoice, *charges] if not invoice.get("line-level-taxation") else [*lines, *charges]
    sums = [_number(invoice.get(name)) for name in ("shipping-amount", "handling-amount", "misc-amount")]
    charged = (
        sum((_number(one.get("total")) for one in charges), Decimal(0)) if charges else sum(sums, Decimal(0))
    )
    total = sum((_number(line.get("total")) for line in lines), Decimal(0)) + charged
    total += sum((_tax(one) for one in taxed if isinstance(one, dict)), Decimal(0))
    shown = f"{total.quantize(_CENT, ROUND_HALF_UP):f}"
    return invoice | {"total-with-taxes": shown, "gross-total": shown}


def _tax(taxed: Mapping[str, Any]) -> Decimal:
    lines = taxed.get("tax-lines")
    if isinstance(lines, list) and lines:
        return sum((_number(one.get("amount")) for one in lines if isinstance(one, dict)), Decimal(0))
    return _number(taxed.get("tax-amount"))


def _due(invoice: Document) -> Document:
    """Return an invoice with what is still owed on it."""
    payments = invoice.get("payments")
    paid = sum(
        (_number(one.get("amount-paid")) for one in payments if isinstance(one, dict))
        if isinstance(payments, list)
        else (),
        Decimal(0),
    )
    due = _number(invoice.get("total-with-taxes")) - paid
    return invoice | {"amount-due": f"{due.quantize(_CENT, ROUND_HALF_UP):f}"}


def _number(value: Any) -> Decimal:
    """Return a number, and zero for what is none: bad data happens."""
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)
