"""The judgement of payables: each way in which a rehearsal can fail is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from finsync_tui.rehearse.evidence import AuditCheck, Case, Evidence, Noticed, Promised
from finsync_tui.rehearse.invoice_report import (
    InvoiceReport,
    SourceInvoice,
    SourceReceipt,
    SourceRequisition,
    TargetCommitment,
    TargetInvoice,
    TargetReceipt,
)
from finsync_tui.rehearse.invoice_verdict import InvoiceVerdict, judge
from finsync_tui.rehearse.planted import Plant
from finsync_tui.rehearse.report import SourceOrder

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
KEY = "coupa:900001"
AN_INVOICE = SourceInvoice(
    KEY, "R-1", "DE01", "EUR", "approved", 11_900, (("PO-1", 10_000),), "R-1", "Posted", (("70001 #5", 11_900),)
)  # fmt: skip
A_POSTING = TargetInvoice(
    "oracle-emea", KEY, "R-1", "validated", "EUR", 11_900, 11_900, (("5", False, 11_900),)
)
A_RECEIPT = SourceReceipt("coupa:1", "PO-1/1", "DE01", "EUR", "4", 10_000)
A_MOVEMENT = TargetReceipt("oracle-emea", "coupa:1", "4")
AN_ORDER = SourceOrder("coupa:700001", "PO-1", "DE01", "EUR", "issued", 25_000, "9001")
A_COMMITMENT = TargetCommitment("coupa:PO-1", "EUR", 15_000)
GOOD = InvoiceReport((A_RECEIPT,), (A_MOVEMENT,), (AN_INVOICE,), (A_POSTING,), (A_COMMITMENT,))
VOID = replace(AN_INVOICE, status="voided", erp_number=None, erp_status=None, recorded=())


def a_plant(class_: str = "MATCH_PRICE", key: str = KEY) -> Plant:
    return Plant(class_, "R-1", key, "coupa", AT, about="invoice")


def verdict(report: InvoiceReport = GOOD, *plants: Plant, **evidence: object) -> InvoiceVerdict:
    fields: dict[str, object] = {
        "orders_read": 0, "cases": (), "findings": (), "failed_reads": (), "live_workflows": frozenset(), "cycles": 1,
        "clock_at": AT, "audit": AuditCheck(True, 1, None), "promised": (Promised("DE01", "EUR", 15_000),),
    }  # fmt: skip
    return judge(plants, report, Evidence(**fields | evidence), [AN_ORDER])  # type: ignore[arg-type]


def a_case(class_: str = "MATCH_PRICE", *, is_open: bool = True, key: str = KEY) -> Case:
    return Case(class_, key, "R-1", is_open)


def test_received_posted_and_paid_once_is_good() -> None:
    """Goods and invoice stand once in the ERP, each payment is told once, and three books promise the same."""
    found = verdict()

    assert found.is_good
    assert (1, 1, 1, 1) == (found.receipts_posted, found.invoices_in, found.posted, found.paid)
    (open_,) = found.commitments
    assert (15_000, 15_000, 15_000) == (open_.in_coupa, open_.in_erp, open_.in_store)


@pytest.mark.parametrize(
    "changes",
    [
        {"postings": ()},
        {"postings": (A_POSTING, A_POSTING)},
        {"postings": (replace(A_POSTING, total_minor=11_800),)},
        {"postings": (replace(A_POSTING, paid_minor=0, payments=()),)},
        {"invoices": (replace(AN_INVOICE, recorded=()),)},
        {"invoices": (replace(AN_INVOICE, recorded=AN_INVOICE.recorded * 2),)},
        {"invoices": (replace(AN_INVOICE, erp_status=None),)},
        {"invoices": (VOID,)},
        {"movements": ()},
        {"movements": (A_MOVEMENT, A_MOVEMENT)},
        {"movements": (replace(A_MOVEMENT, size="3"),)},
        {"commitments": (replace(A_COMMITMENT, open_minor=14_999),)},
    ],
)
def test_what_does_not_agree_is_bad(changes: dict[str, object]) -> None:
    """Whatever is missing, doubled, told wrongly or a cent off makes the verdict bad."""
    assert not verdict(replace(GOOD, **changes)).is_good  # type: ignore[arg-type]


@pytest.mark.parametrize(("told", "is_good"), [((("70001 #6", -1_000),), True), ((), False)])
def test_what_a_payment_takes_of_a_credit_note_is_told_too(
    told: tuple[tuple[str, int], ...], is_good: bool
) -> None:
    """The payment of 100 that was made as 80 is told as 100 and -20: paid there is paid here."""
    credit = SourceInvoice(
        "coupa:900002", "CN-1", "DE01", "EUR", "approved", -1_000, (), "CN-1", "Posted", told
    )  # fmt: skip
    taken = TargetInvoice(
        "oracle-emea", "coupa:900002", "CN-1", "validated", "EUR", -1_000, -1_000, (("6", False, -1_000),)
    )
    report = replace(GOOD, invoices=(AN_INVOICE, credit), postings=(A_POSTING, taken))

    assert is_good == verdict(report).is_good


def test_the_engine_promising_something_else_is_bad() -> None:
    """What finsync shows as still promised has to be what the systems hold."""
    assert not verdict(promised=(Promised("DE01", "EUR", 15_001),)).is_good


def test_what_requisitions_promise_is_held_against_coupa() -> None:
    """One that waits for its order, or whose order no ERP has, is requested; one that an order took over is not."""
    waits = SourceRequisition("500001", "DE01", "EUR", None, 400)
    taken = SourceRequisition("500002", "DE01", "EUR", "coupa:700001", 9000)
    report = replace(GOOD, requisitions=(waits, taken))
    orders = Promised("DE01", "EUR", 15_000)

    assert verdict(report, promised=(orders, Promised("DE01", "EUR", 400, "commitment"))).is_good
    assert not verdict(report, promised=(orders,)).is_good
    assert not verdict(report, promised=(orders, Promised("DE01", "EUR", 9400, "commitment"))).is_good


def test_what_an_exception_holds_is_accounted_for() -> None:
    """An invoice with an open exception is neither posted nor lost; what it takes of its order is not taken."""
    report = replace(
        GOOD, invoices=(replace(VOID, status="approved"),), postings=(),
        commitments=(replace(A_COMMITMENT, open_minor=25_000),),
    )  # fmt: skip

    found = verdict(report, a_plant(), cases=(a_case(),), promised=(Promised("DE01", "EUR", 25_000),))

    assert found.is_good
    total = next(one for one in found.totals if one.flow == "invoice_to_payment")
    assert (11_900, 11_900, 0) == (total.came_in, total.in_exception, total.difference)


def test_planted_and_not_found_or_found_and_not_planted() -> None:
    """Both are named, and each alone makes the verdict bad."""
    missed = verdict(GOOD, a_plant())
    invented = verdict(cases=(a_case(is_open=False),))

    assert ["MATCH_PRICE R-1"] == [str(one) for one in missed.compared.missed]
    assert ["MATCH_PRICE R-1"] == [str(one) for one in invented.compared.false_finds]
    assert not missed.is_good
    assert not invented.is_good


def test_a_payment_called_back_is_found_in_both_systems() -> None:
    """It shows in the ERP as void and in Coupa as a negative record, and another payment stands in its place."""
    back = (("70001 #5", 11_900), ("Void 70001 #5", -11_900), ("70002 #6", 11_900))
    report = replace(
        GOOD,
        invoices=(replace(AN_INVOICE, recorded=back),),
        postings=(replace(A_POSTING, payments=(("5", True, 11_900), ("6", False, 11_900))),),
    )

    found = verdict(report, a_plant("PAYMENT_VOIDED"))

    assert found.is_good
    assert {"PAYMENT_VOIDED": 1} == found.compared.found


def test_a_lost_receipt_is_found_by_its_order_line() -> None:
    """A plant about goods names an order line; the finding names the receipt."""
    finding = Noticed("OUTCOME_UNKNOWN", "oracle-emea", "coupa:1", "1", AT)

    assert verdict(GOOD, a_plant("OUTCOME_UNKNOWN", "PO-1/1"), findings=(finding,)).is_good


def test_what_is_wrong_is_named() -> None:
    """In words, too, what is lost, doubled or not even stands there."""
    problems = "\n".join(verdict(replace(GOOD, postings=()), a_plant()).problems)

    assert "lost: R-1 (coupa:900001)" in problems
    assert "planted and not found: MATCH_PRICE R-1" in problems
    assert "promised by DE01 EUR: in coupa 250.00, in erp 150.00, in store 150.00" in problems
