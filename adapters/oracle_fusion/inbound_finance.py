"""From Oracle's journals, invoices, payments, workers and periods to canonical records. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, Final, Literal

import msgspec

from adapters.base import Translated
from adapters.oracle_fusion import projects, wire, wire_payables
from adapters.oracle_fusion import wire_finance as finance
from adapters.oracle_fusion.fields import UntranslatableError, day, latest, text, to_money, whole
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound_invoice import LINE_TYPES, TYPES, split_description
from store.canonical.journal import ImportJob, JournalEntry, JournalLine, Side
from store.canonical.money import Money
from store.canonical.organisation import ExchangeRate, FiscalPeriod
from store.canonical.payables import Invoice, InvoiceLine, InvoiceStatus, PaidInvoice, Payment
from store.canonical.people import Employee

POSTED: Final = "P"
UNPOSTED: Final = "U"
OPEN_PERIODS: Final = ("O", "OPEN")
"""ClosingStatus of a period that may be posted to; F (future enterable) takes entries, but posts none."""
_KINDS = {name.upper(): kind for kind, name in TYPES.items()}
_LINE_KINDS = {name.upper(): kind for kind, name in LINE_TYPES.items()}
_PAID = {"UNPAID": "unpaid", "PARTIALLY PAID": "partly_paid", "PAID": "paid"}
_PAYMENTS: Final[Mapping[str, Literal["issued", "cleared", "stopped", "voided"]]] = {
    "NEGOTIABLE": "issued",
    "ISSUED": "issued",
    "CLEARED": "cleared",
    "RECONCILED": "cleared",
    "STOP INITIATED": "stopped",
    "STOPPED": "stopped",
    "VOIDED": "voided",
}


def own_batch_name(shown: str, source: str | None) -> str:
    """Return the batch name as it was given: Oracle puts source, balance type, group, request and N or Y behind it.

    >>> own_batch_name("concur:AB Expenses A 100123456789012 28810 N", "Expenses")
    'concur:AB'
    """
    found = re.fullmatch(rf"(.+?) {re.escape(source or '')} [A-Z] \d+ \d+(?: \d+)? [NY]", shown, re.DOTALL)
    return found[1] if found and source else shown


def own_journal_name(shown: str, category: str | None, currency: str | None) -> str:
    """Return the journal's name as it was given; category and currency may stand behind it.

    >>> own_journal_name("AB Reimbursement GBP", "Reimbursement", "GBP"), own_journal_name("AB", "Adjustment", "GBP")
    ('AB', 'AB')
    """
    for ending in (f" {category} {currency}", f" {category}"):
        if category and shown.endswith(ending) and len(shown) > len(ending):
            return shown[: -len(ending)]
    return shown


def journal_id(batch: wire.Id, header: wire.Id) -> str:
    """Return our external id of a journal: its batch, then itself, because it is reached by its batch only."""
    return f"{batch}-{header}"


def journal_entry(row: bytes, options: Options) -> Translated:
    document = msgspec.convert(
        renamed(wire.decode_any(row), options.journal_attributes), finance.Journal, strict=False
    )
    batch = document.batch
    currency = document.CurrencyCode
    if currency is None:
        raise UntranslatableError("$.CurrencyCode", "the journal names no currency")
    on = day(document.AccountingDate, "$.AccountingDate")
    if on is None:
        raise UntranslatableError("$.AccountingDate", "the journal has no accounting date")
    record = JournalEntry(
        number=own_journal_name(document.JournalName, document.UserJeCategoryName, currency),
        status=_journal_status(document),
        legal_entity=document.LegalEntity,
        ledger=document.LedgerName or "",
        batch=own_batch_name(batch.BatchName, batch.UserJeSourceName),
        source=batch.UserJeSourceName or "",
        category=document.UserJeCategoryName or "",
        currency=currency,
        accounting_on=on,
        period=document.PeriodName or batch.DefaultPeriodName,
        description=document.Description or "",
        reference=document.ExternalReference or batch.BatchDescription,
        lines=tuple(
            _journal_line(line, currency, f"$.journalLines[{index}]")
            for index, line in enumerate(wire.rows(document.journalLines))
        ),
    )
    return Translated(
        journal_id(batch.JeBatchId, document.JeHeaderId),
        record,
        source_updated_at=latest((batch.LastUpdateDate,)),
    )


def _journal_status(document: finance.Journal) -> Literal["unposted", "posted", "failed", "reversed"]:
    if wire.words(document.ReversalStatus) in ("REVERSED", "R"):
        return "reversed"
    status = (document.batch.Status or UNPOSTED).strip().upper()
    return "posted" if status == POSTED else "unposted" if status == UNPOSTED else "failed"


def _journal_line(line: finance.JournalLine, currency: str, path: str) -> JournalLine:
    """A negative amount, which Oracle allows, is the same amount on the other side."""
    value = (line.EnteredDr or Decimal(0)) - (line.EnteredCr or Decimal(0))
    side: Side = "debit" if value > 0 or (value == 0 and line.EnteredCr is None) else "credit"
    return JournalLine(
        number=whole(line.JeLineNumber),
        account=line.AccountCombination,
        side=side,
        amount=to_money(abs(value), currency, path),
        description=line.Description or "",
        reference=line.Reference2,
    )


def import_job(row: bytes, options: Options) -> Translated:
    document = _job.decode(row)
    record = ImportJob.model_validate(
        {
            "number": document.ReqstId,
            "status": document.status,
            "case_class": document.case_class,
            "codes": tuple(dict.fromkeys(one.code for one in document.messages if one.code)),
            "messages": tuple(one.text for one in document.messages),
        }
    )
    return Translated(document.ReqstId, record)


def invoice(row: bytes, options: Options) -> Translated:
    document = _invoice.decode(row)
    currency = document.InvoiceCurrency
    on = day(document.InvoiceDate, "$.InvoiceDate")
    if on is None:
        raise UntranslatableError("$.InvoiceDate", "the invoice has no date")
    mark, description = split_description(document.Description or "")
    due = [day(one.DueDate, "$.invoiceInstallments") for one in wire.rows(document.invoiceInstallments)]
    record = Invoice.model_validate(
        {
            "number": document.InvoiceNumber,
            "kind": _KINDS.get(wire.words(document.InvoiceType) or "STANDARD", "other"),
            "status": invoice_status(document),
            "paid_status": _PAID.get(wire.words(document.PaidStatus) or "UNPAID", "unpaid"),
            "supplier_number": document.SupplierNumber,
            "supplier_name": document.Supplier,
            "supplier_site": document.SupplierSite,
            "business_unit": document.BusinessUnit,
            "legal_entity": document.LegalEntity,
            "source": document.InvoiceSource,
            "currency": currency,
            "total": to_money(document.InvoiceAmount, currency, "$.InvoiceAmount"),
            "paid": _amount_paid(document),
            "invoiced_on": on,
            "accounting_on": day(document.AccountingDate, "$.AccountingDate"),
            "payment_terms": document.PaymentTerms,
            "due_on": min((one for one in due if one), default=None),
            "description": description,
            "reference": mark,
            "holds": tuple(dict.fromkeys(hold_text(one) for one in open_holds(document))),
            "lines": tuple(
                _invoice_line(line, currency, f"$.invoiceLines[{index}]", options)
                for index, line in enumerate(wire.rows(document.invoiceLines))
                if not _is_settling(line)
            ),
        }
    )
    return Translated(
        text(document.InvoiceId),
        record,
        source_updated_at=latest((document.LastUpdateDate,)),
        changed_by=document.LastUpdatedBy,
    )


def _amount_paid(document: finance.Invoice) -> Money | None:
    """Return what Oracle says is paid; None where the invoice is paid in another currency: it isn't documented in which."""
    if document.PaymentCurrency not in (None, document.InvoiceCurrency):
        return None
    return to_money(document.AmountPaid or Decimal(0), document.InvoiceCurrency, "$.AmountPaid")


def _is_settling(line: finance.InvoiceLine) -> bool:
    """Say whether a line only shows what settled part of the invoice, a prepayment or withheld tax: it is not owed."""
    if wire.words(line.LineType).startswith("WITHHOLDING"):
        return True
    return wire.words(line.LineType) in ("PREPAYMENT", "PREPAY") and not wire.is_set(
        line.PrepaymentIncludedonInvoiceFlag
    )


def invoice_status(document: finance.Invoice) -> InvoiceStatus:
    """Return where an invoice stands: what stops it comes before what has been decided about it."""
    validation, approval = wire.words(document.ValidationStatus), wire.words(document.ApprovalStatus)
    if wire.is_set(document.CanceledFlag) or validation in ("CANCELED", "CANCELLED"):
        return "cancelled"
    if open_holds(document) or validation == "NEEDS REVALIDATION":
        return "on_hold"
    if approval == "REJECTED":
        return "rejected"
    if validation in ("", "NOT VALIDATED", "INCOMPLETE"):
        return "draft"
    if approval in ("REQUIRED", "INITIATED"):
        return "pending_approval"
    return "approved"


def open_holds(document: finance.Invoice) -> list[finance.InvoiceHold]:
    return [one for one in document.holds if not (one.ReleaseName or one.ReleaseDate)]


def hold_text(hold: finance.InvoiceHold) -> str:
    """Return a hold in words: its name, and the most exact reason there is."""
    reason = hold.HoldDetails or hold.HoldReason
    name = hold.HoldName or "Hold"
    return f"{name}: {reason}" if reason and reason != name else name


def _charged(line: finance.InvoiceLine, account: str, options: Options) -> str:
    """What matches an order has its project from there; any other line's stands beside its account."""
    coded = line.invoiceLineProjectDff
    codings = None if coded is None or line.PurchaseOrderNumber else wire.rows(coded)
    return projects.seen(account, codings, options, by_id=False)


def _invoice_line(line: finance.InvoiceLine, currency: str, path: str, options: Options) -> InvoiceLine:
    parts = [
        (_charged(line, one.DistributionCombination, options), one)
        for one in wire.rows(line.invoiceDistributions)
        if one.DistributionCombination
    ]
    accounts = {account for account, _ in parts}
    distributions = [
        {
            "number": str(number),
            "account": account,
            "amount": to_money(
                one.DistributionAmount or Decimal(0), currency, f"{path}.invoiceDistributions"
            ),
        }
        for number, (account, one) in enumerate(parts, 1)
    ]
    return InvoiceLine.model_validate(
        {
            "number": whole(line.LineNumber),
            "kind": _LINE_KINDS.get(wire.words(line.LineType) or "ITEM", "other"),
            "amount": to_money(line.LineAmount or Decimal(0), currency, f"{path}.LineAmount"),
            "description": line.Description or "",
            "account": next(iter(accounts)) if len(accounts) == 1 else line.DistributionCombination or None,
            "distributions": distributions if len(accounts) > 1 else (),
            "quantity": line.Quantity,
            "unit_price": line.UnitPrice,
            "order_number": line.PurchaseOrderNumber,
            "order_line": None
            if line.PurchaseOrderLineNumber is None
            else whole(line.PurchaseOrderLineNumber),
            "receipt_number": line.ReceiptNumber,
            "receipt_line": None if line.ReceiptLineNumber is None else text(line.ReceiptLineNumber),
            "uom": line.UOM,
            "tax_code": line.TaxClassification,
            "tax_rate_percent": line.TaxRate,
        }
    )


def payment(row: bytes, options: Options) -> Translated:
    document = _payment.decode(row)
    currency = document.PaymentCurrency
    paid_on = day(document.PaymentDate, "$.PaymentDate")
    if paid_on is None:
        raise UntranslatableError("$.PaymentDate", "the payment has no date")
    voided_on = day(document.VoidDate, "$.VoidDate")
    status = "voided" if voided_on else _PAYMENTS.get(wire.words(document.PaymentStatus), "other")
    record = Payment.model_validate(
        {
            "number": text(document.CheckId if document.PaymentNumber is None else document.PaymentNumber),
            "status": status,
            "payee_name": document.Payee,
            "payee_number": document.SupplierNumber,
            "business_unit": document.BusinessUnit,
            "legal_entity": document.LegalEntity,
            "method": document.PaymentMethod,
            "currency": currency,
            "amount": to_money(document.PaymentAmount, currency, "$.PaymentAmount"),
            "withheld": None
            if document.WithheldAmount is None
            else to_money(document.WithheldAmount, currency, "$.WithheldAmount"),
            "paid_on": paid_on,
            "cleared_on": day(document.ClearingDate, "$.ClearingDate"),
            "voided_on": voided_on,
            "invoices": _paid_invoices(document, currency),
        }
    )
    return Translated(text(document.CheckId), record, source_updated_at=latest((document.LastUpdateDate,)))


def _paid_invoices(document: finance.Payment, currency: str) -> tuple[PaidInvoice, ...]:
    """Return what each invoice got, in its own currency. The counter-rows of a void are left out, in whatever order they come:
    the payment's status says it."""
    found: dict[str, list[tuple[finance.RelatedInvoice, PaidInvoice]]] = {}
    for index, row in enumerate(wire.rows(document.relatedInvoices)):
        if row.InvoiceId is not None:
            part = _paid_invoice(row, text(row.InvoiceId), currency, f"$.relatedInvoices[{index}]")
            found.setdefault(part.invoice_id, []).append((row, part))
    whole = document.PaymentAmount if len(found) == 1 else Decimal(0)
    kept = (
        [part for _, part in rows] if document.VoidDate is None else _first_paid(rows, whole)
        for rows in found.values()
    )
    return tuple(reduce(_together, parts) for parts in kept)


def _first_paid(
    rows: Sequence[tuple[finance.RelatedInvoice, PaidInvoice]], whole: Decimal
) -> list[PaidInvoice]:
    """Return what a payment paid of one invoice before it was voided: what has the sign of the invoice, which is negative for
    a credit note; of one whose amount isn't told, that of `whole`, what the payment came to, else of the row that comes first.
    """
    signs = (*(row.InvoiceAmount for row, _ in rows), whole, *(part.amount.amount for _, part in rows))
    sign = next((1 if one > 0 else -1 for one in signs if one), 1)
    paid = [part for _, part in rows if sign * part.amount.amount_minor >= 0]
    return paid or [part for _, part in rows[:1]]


def _paid_invoice(row: finance.RelatedInvoice, invoice_id: str, currency: str, path: str) -> PaidInvoice:
    """Return what one row pays. Where Oracle doesn't say it in the invoice's currency, it stays in the payment's."""
    left = to_money(
        row.AmountPaidPaymentCurrency or Decimal(0), currency, f"{path}.AmountPaidPaymentCurrency"
    )
    of, settled = row.InvoiceCurrency or currency, row.AmountPaidInvoiceCurrency
    is_other = of != currency and settled is not None
    return PaidInvoice(
        invoice_id=invoice_id,
        invoice_number=row.InvoiceNumber,
        amount=to_money(settled or Decimal(0), of, f"{path}.AmountPaidInvoiceCurrency") if is_other else left,
        in_payment_currency=left if is_other else None,
        discount=to_money(row.DiscountTaken, of, f"{path}.DiscountTaken") if row.DiscountTaken else None,
    )


def _together(one: PaidInvoice, other: PaidInvoice) -> PaidInvoice:
    return one.model_copy(
        update={
            "amount": one.amount + other.amount,
            "in_payment_currency": _added(one.in_payment_currency, other.in_payment_currency),
            "discount": _added(one.discount, other.discount),
        }
    )


def _added(one: Money | None, other: Money | None) -> Money | None:
    return one or other if one is None or other is None else one + other


def employee(row: bytes, options: Options) -> Translated:
    document = msgspec.convert(
        renamed(wire.decode_any(row), options.employee_attributes), finance.Worker, strict=False
    )
    assignments = wire.rows(document.assignments)
    main = next(
        (one for one in assignments if wire.is_set(one.PrimaryFlag)), assignments[0] if assignments else None
    )
    managers = wire.rows(main.managers) if main else []
    line = next(
        (one for one in managers if wire.words(one.ManagerType) == "LINE MANAGER"),
        managers[0] if managers else None,
    )
    record = Employee(
        number=document.PersonNumber,
        login=document.Username,
        name=document.DisplayName or document.PersonNumber,
        email=document.WorkEmail,
        manager_number=line.PersonNumber if line else None,
        cost_centre=main.DepartmentName if main else None,
        legal_entity=main.LegalEmployerName if main else None,
        country=main.CountryCode if main else None,
        starts_on=day(main.StartDate, "$.assignments") if main else None,
        ends_on=day(main.EndDate, "$.assignments") if main else None,
    )
    return Translated(text(document.PersonId), record, source_updated_at=latest((document.LastUpdateDate,)))


def fiscal_period(row: bytes, options: Options) -> Translated:
    document = _period.decode(row)
    ledger = next(
        (name for name, one in options.ledgers.items() if str(one.ledger_id) == str(document.LedgerId)), None
    )
    if ledger is None:
        raise UntranslatableError("$.LedgerId", f"ledger {document.LedgerId} has no entry under ledgers")
    starts, ends = day(document.StartDate, "$.StartDate"), day(document.EndDate, "$.EndDate")
    if starts is None or ends is None:
        raise UntranslatableError("$.EndDate", "the period has no dates")
    subledger: Literal["payables"] | None = None
    if str(document.ApplicationId) == str(options.payables_application_id):
        subledger = "payables"
    number = f"{ledger}/{document.PeriodNameId}" + (f"/{subledger}" if subledger else "")
    record = FiscalPeriod(
        number=number,
        ledger=ledger,
        name=document.PeriodNameId,
        starts_on=starts,
        ends_on=ends,
        is_open=wire.words(document.ClosingStatus) in OPEN_PERIODS,
        subledger=subledger,
    )
    return Translated(number, record)


def exchange_rate(row: bytes, options: Options) -> Translated:
    document = _rate.decode(row)
    on = day(document.ConversionDate, "$.ConversionDate")
    if on is None:
        raise UntranslatableError("$.ConversionDate", "the rate has no date")
    kind = document.UserConversionType or document.ConversionType
    source, target = document.FromCurrency, document.ToCurrency
    number = f"{source}/{target}/{on.isoformat()}/{kind or ''}"
    record = ExchangeRate(
        number=number,
        from_currency=source,
        to_currency=target,
        rate_on=on,
        rate=document.ConversionRate,
        kind=kind,
    )
    return Translated(number, record)


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Put our names in place of a pod's own, at every level."""
    if not names:
        return value
    ours = {theirs: name for name, theirs in names.items()}
    if isinstance(value, dict):
        return {ours.get(name, name): renamed(one, names) for name, one in value.items()}
    return [renamed(one, names) for one in value] if isinstance(value, list) else value


_job = msgspec.json.Decoder(finance.Job)
_invoice = msgspec.json.Decoder(finance.Invoice)
_payment = msgspec.json.Decoder(finance.Payment)
_rate = msgspec.json.Decoder(wire_payables.CurrencyRate)
_period = msgspec.json.Decoder(finance.PeriodStatus)
