"""Reading the expense tool and the ERPs at the end, as a bookkeeper would: by accounts and amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator import OracleFusionSimulator
from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse import expense_documents as documents
from finsync_tui.rehearse.expense_catalogue import SOURCE
from finsync_tui.rehearse.expense_planted import DEFECTS
from finsync_tui.rehearse.expense_report import ExpenseReport, Posting, SourceDocument
from finsync_tui.rehearse.shapes import Company
from finsync_tui.rehearse.systems import Systems
from store.canonical.money import Money

_REVERSAL: Final = "-R"
_FIRST_EXPENSE_ACCOUNT: Final = "5000"
_INPUT_TAX: Final = frozenset(account for account, _ in catalogue.TAX_ACCOUNTS.values())


def report(systems: Systems, company: Company) -> ExpenseReport:
    """Return what all systems hold now."""
    return ExpenseReport(
        tuple(_documents(systems, company)),
        tuple(one for name, erp in systems.erps.items() for one in _postings(name, erp)),
    )


# -- the expense tool ------------------------------------------------------------------------------------


def _documents(systems: Systems, company: Company) -> Iterator[SourceDocument]:
    expenses = company.expenses
    for shown in systems.concur.documents():
        about = shown["report_id"]
        claim = expenses.claims.get(about)
        entity = company.legal_entities[(claim or expenses.advances[about]).legal_entity]
        body = documents.read(systems.concur.world.state.documents[shown["id"]].body)
        is_unreadable = claim is not None and claim.defect in DEFECTS["PAYLOAD_INVALID"]
        is_netted = entity.number in catalogue.NETS_PERSONAL
        owed = Decimal(0) if is_unreadable else documents.owed(body, is_netted=is_netted)
        yield SourceDocument(
            document_id=shown["id"],
            report_id=about,
            kind=shown["doc_type"],
            name=claim.plan.name if claim is not None else "cash advance",
            legal_entity=entity.number,
            currency=entity.currency,
            status=shown["status"],
            charged_minor=_minor(documents.charged(body), entity.currency),
            owed_minor=_minor(owed, entity.currency),
            is_acknowledged=shown["acknowledged_at"] is not None,
            posted_as=tuple(
                str(number)
                for one in shown["confirmations"]
                if one["is_success"]
                for number in one["numbers"]
            ),
            refused_count=sum(not one["is_success"] for one in shown["confirmations"]),
            paid=tuple(
                (one["status"], str(one["reference"]), _minor(one["amount"] or 0, entity.currency))
                for one in shown["payments"]
            ),
        )


# -- the ERPs --------------------------------------------------------------------------------------------


def _postings(system: str, erp: OracleFusionSimulator) -> Iterator[Posting]:
    for journal in erp.journals():
        if str(journal["mark"] or "").startswith(f"{SOURCE}:"):
            yield _journal(system, journal)
    payments = erp.payments()
    for invoice in erp.invoices():
        if str(invoice["mark"] or "").startswith(f"{SOURCE}:"):
            yield _invoice(system, invoice, payments)


def _journal(system: str, journal: Mapping[str, Any]) -> Posting:
    currency = journal["currency"]
    lines = [
        (one["account"], _minor(one["debit"] or 0, currency) - _minor(one["credit"] or 0, currency))
        for one in journal["lines"]
    ]
    return Posting(
        system=system,
        external_id=journal["external_id"],
        kind="journal",
        number=journal["number"],
        mark=journal["mark"],
        is_live=True,
        is_reversal=journal["number"].endswith(_REVERSAL),
        currency=currency,
        debit_minor=_minor(journal["total"], currency),
        credit_minor=_minor(journal["total_credit"], currency),
        charged_minor=sum(minor for account, minor in lines if _is_charged(account)),
        owed_minor=-sum(
            minor for account, minor in lines if _natural(account) == catalogue.BALANCE["employee"][0]
        ),
    )


def _invoice(system: str, invoice: Mapping[str, Any], payments: list[dict[str, Any]]) -> Posting:
    currency = invoice["currency"]
    parts = [
        (one["account"], _minor(one["amount"], currency))
        for line in invoice["lines"]
        for one in line["accounts"]
    ]
    own = [
        (str(payment["payment_id"]), payment["voided_on"] is not None, _minor(one["amount"], currency))
        for payment in payments
        for one in payment["invoices"]
        if one["invoice_id"] == invoice["invoice_id"]
    ]
    return Posting(
        system=system,
        external_id=str(invoice["invoice_id"]),
        kind="invoice",
        number=invoice["number"],
        mark=invoice["mark"],
        is_live=invoice["status"] != "cancelled",
        is_reversal=False,
        currency=currency,
        debit_minor=sum(minor for _, minor in parts),
        credit_minor=_minor(invoice["total"], currency),
        charged_minor=sum(minor for account, minor in parts if _is_charged(account)),
        owed_minor=_minor(invoice["total"], currency),
        paid=tuple((payment, minor) for payment, is_void, minor in own if not is_void),
        voided=tuple(payment for payment, is_void, _ in own if is_void),
    )


def _is_charged(account: str) -> bool:
    natural = _natural(account)
    return natural >= _FIRST_EXPENSE_ACCOUNT or natural in _INPUT_TAX


def _natural(account: str) -> str:
    return account.split("-")[2]


def _minor(amount: object, currency: str) -> int:
    return Money.of(Decimal(str(amount)), currency).amount_minor
