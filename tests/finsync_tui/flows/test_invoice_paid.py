"""What is paid in the ERP is paid at the source: what becomes of a payment, and how an invoice is settled."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from finsync_tui.reconcile.read_back import Want
from store.canonical.money import Money
from store.canonical.payables import Invoice, PaidInvoice, Payment
from tests.finsync_tui.flows.invoice_desk import SOURCE, TARGET, InvoiceDesk, a_line, an_invoice, eur


@pytest.fixture
def desk() -> InvoiceDesk:
    """A desk with an invoice of 100 that waits for its payment."""
    desk = InvoiceDesk()
    desk.order()
    desk.receive()
    desk.post()
    return desk


def drain(desk: InvoiceDesk) -> None:
    while desk.pending:
        desk.answer()
    desk.read()


def at_source(desk: InvoiceDesk, key: str = "I1") -> Invoice:
    found = desk.shown[Want(SOURCE, Invoice.entity, key)]
    assert isinstance(found, Invoice)
    return found


def paid_there(desk: InvoiceDesk, key: str = "I1") -> tuple[int, bool]:
    """What the source's records come to, and its flag."""
    shown = at_source(desk, key)
    return sum(one.amount.amount_minor for one in shown.recorded_payments), shown.is_marked_paid


def test_a_payment_that_settles_more_than_was_told_is_told_the_difference(desk: InvoiceDesk) -> None:
    """60 were told, 100 are paid: 40 more are recorded, and a finding says so."""
    desk.pay("P1", "60")
    drain(desk)
    desk.pay("P1", "100")
    drain(desk)

    assert ("done", (10000, True)) == (desk.step(), paid_there(desk))
    assert [("P1", "60"), ("Correction 1 of P1", "40")] == desk.recorded
    assert ["PAYMENT_CHANGED"] == desk.noted


def test_a_changed_amount_that_its_source_was_not_told_of_stands_between_a_period_and_its_close(
    desk: InvoiceDesk,
) -> None:
    """As a payment that it was not told of; told, it does no more."""

    def untold() -> list[tuple[str, str]]:
        rows = desk.store.db.execute("SELECT system, payment_id FROM v_untold_payment")
        return [tuple(row) for row in rows]

    desk.pay("P1", "60")
    drain(desk)
    before = untold()
    desk.pay("P1", "40")
    changed = untold()
    drain(desk)

    assert ([], [(TARGET, "P1")], []) == (before, changed, untold())


def test_a_payment_that_settles_less_after_the_end_opens_it_again(desk: InvoiceDesk) -> None:
    """100 were told and it was done; 60 of it are left: 40 are taken back there, and the rest is waited for."""
    desk.pay("P1", "100")
    drain(desk)
    ended = desk.step()
    desk.pay("P1", "60")
    drain(desk)

    assert ("done", "await_payment", (6000, False)) == (ended, desk.step(), paid_there(desk))
    desk.pay("P1", "100")
    drain(desk)
    assert ("done", (10000, True)) == (desk.step(), paid_there(desk))
    assert ["Correction 1 of P1", "Correction 2 of P1"] == [note for note, _ in desk.recorded[1:]]


def test_a_void_takes_back_what_was_told_and_not_what_the_void_shows(desk: InvoiceDesk) -> None:
    """The ERP shows a void payment over nothing: the source is told what it had been told."""
    desk.pay("P1", "60")
    drain(desk)
    desk.pay("P1", "0", status="voided")
    drain(desk)

    assert ((0, False), [("P1", "60"), ("Void P1", "-60")]) == (paid_there(desk), desk.recorded)


def test_a_void_payment_that_is_in_force_again_is_told_again(desk: InvoiceDesk) -> None:
    """Told, taken back, told again, taken back again: the records always come to what is paid, and findings say so."""
    found = []
    for status in ("issued", "voided", "issued", "voided", "issued"):
        desk.pay("P1", status=status)
        drain(desk)
        found.append((desk.step(), paid_there(desk)))

    held, gone = ("done", (10000, True)), ("await_payment", (0, False))
    assert [held, gone, held, gone, held] == found
    assert ["PAYMENT_CHANGED", "PAYMENT_CHANGED"] == desk.noted


def pays_other(desk: InvoiceDesk, status: str = "issued") -> None:
    """The ERP has taken the payment from our invoice and applied it to another."""
    other = (PaidInvoice(invoice_id="9999", amount=eur("60")),)
    desk.pay("P1", "60", status=status, invoices=other)


def test_a_payment_that_does_not_name_the_invoice_any_more_is_taken_back(desk: InvoiceDesk) -> None:
    """Applied to another invoice there: what was told of it is countered, once, and nothing more when it is void then."""
    desk.pay("P1", "60")
    drain(desk)
    pays_other(desk)
    unreported = [
        tuple(row) for row in desk.store.db.execute("SELECT reason, amount_minor FROM v_unreported")
    ]
    drain(desk)
    taken_back = paid_there(desk)
    pays_other(desk, status="voided")
    drain(desk)

    assert [("changed", -6000)] == unreported
    assert [] == desk.store.db.execute("SELECT 1 FROM v_unreported").fetchall()
    assert ((0, False), "await_payment") == (taken_back, desk.step())
    assert [("P1", "60"), ("Correction 1 of P1", "-60")] == desk.recorded
    assert ["PAYMENT_CHANGED"] == desk.noted


def test_a_payment_that_leaves_a_paid_invoice_opens_it_again(desk: InvoiceDesk) -> None:
    """It was done; it waits for money again, and ends when it is paid by this payment or another."""
    desk.pay("P1", "100")
    drain(desk)
    ended = desk.step()
    pays_other(desk)
    drain(desk)
    opened = (desk.step(), paid_there(desk))
    desk.pay("P1", "100")
    drain(desk)

    assert ("done", ("await_payment", (0, False))) == (ended, opened)
    assert ("done", (10000, True)) == (desk.step(), paid_there(desk))


def test_a_void_payment_in_force_again_for_another_invoice_is_no_news(desk: InvoiceDesk) -> None:
    """Told, taken back, and then not this invoice's matter any more."""
    for status in ("issued", "voided"):
        desk.pay("P1", "60", status=status)
        drain(desk)
    pays_other(desk)
    drain(desk)

    assert ((0, False), [("P1", "60"), ("Void P1", "-60")], []) == (
        paid_there(desk),
        desk.recorded,
        desk.noted,
    )


@pytest.mark.parametrize("kept", ["98", "90"])
def test_an_invoice_that_is_shown_as_paid_long_after_its_payment_is_marked_as_paid(
    desk: InvoiceDesk, kept: str
) -> None:
    """A discount or withheld tax settles it; the payment was told hours before the ERP's invoice was read."""
    desk.erp_shows(paid_status="unpaid", paid=eur("0"))
    desk.pay("P1", kept)
    desk.wait(hours=2)
    drain(desk)
    told = paid_there(desk)
    desk.erp_shows(paid_status="paid", paid=eur(kept))
    drain(desk)

    minor = eur(kept).amount_minor
    assert ((minor, False), (minor, True), "done") == (told, paid_there(desk), desk.step())
    assert [] == desk.noted, "a payment was read: nothing is strange about it"


def test_what_the_erp_settles_without_a_payment_is_marked_and_said(desk: InvoiceDesk) -> None:
    """A prepayment that was entered by hand, or netting: after a day the source shows it as paid; a finding says why."""
    desk.erp_shows(paid_status="paid", paid=eur("100"))
    desk.wait(days=1, minutes=1)
    drain(desk)

    assert ("done", (0, True), ["PAID_OTHERWISE"]) == (desk.step(), paid_there(desk), desk.noted)


def test_a_payment_that_nets_a_credit_note_is_told_to_both(desk: InvoiceDesk) -> None:
    """80 left for 100 less 20: the invoice is told 100, the credit note -20, though it had ended."""
    desk.invoice(an_invoice(a_line("-2", "10"), number="CN", kind="credit_memo"), "I2")
    desk.answers(2)
    desk.read()
    drain(desk)
    ended = desk.step("I2")
    parts = (
        PaidInvoice(invoice_id="ERP-I1", amount=eur("100")),
        PaidInvoice(invoice_id="ERP-I2", amount=eur("-20")),
    )
    netted = Payment(
        number="P1",
        status="issued",
        currency="EUR",
        amount=eur("80"),
        paid_on=date(2026, 1, 9),
        invoices=parts,
    )
    desk.tell(TARGET, "P1", netted)
    drain(desk)
    told = paid_there(desk), paid_there(desk, "I2")
    desk.tell(TARGET, "P1", netted.model_copy(update={"status": "voided", "voided_on": date(2026, 1, 12)}))
    drain(desk)

    assert ("done", ((10000, True), (-2000, True))) == (ended, told)
    assert ((0, False), (0, False)) == (paid_there(desk), paid_there(desk, "I2"))
    assert ("await_payment", "done") == (desk.step(), desk.step("I2"))


@pytest.mark.parametrize(("shown", "noted"), [("98", []), ("148", ["PAID_OTHERWISE"])])
def test_records_that_come_to_something_else_than_was_told_are_noted(
    desk: InvoiceDesk, shown: str, noted: list[str]
) -> None:
    """Somebody has recorded a payment at the source by hand: marking it as paid finds it."""
    desk.pay("P1", "98")
    drain(desk)
    desk.erp_shows(paid_status="paid", paid=eur("98"))
    marked = list(desk.pending)
    desk.answer(answer={"paid-in-all": shown})
    drain(desk)

    assert ["invoice.mark_paid"] == marked
    assert noted == desk.noted


def test_a_source_that_drops_the_flag_is_found_out(desk: InvoiceDesk) -> None:
    """Number, status and records are there, and it does not read as paid: the end is held until it does."""
    desk.pay()
    desk.answer()
    desk.change(SOURCE, Invoice.entity, "I1", is_marked_paid=False)
    desk.read()
    found = (list(desk.exceptions), desk.cause)
    desk.retry()
    drain(desk)

    assert [("WRITE_BACK_IGNORED", "open")] == found[0]
    assert "paid: expected yes, found no" in found[1]
    assert ("done", True) == (desk.step(), at_source(desk).is_marked_paid)


def test_records_of_an_older_version_know_no_amounts(desk: InvoiceDesk) -> None:
    """What was told before amounts were kept is taken for what it is: nothing is corrected by guess."""
    desk.pay("P1", "60")
    drain(desk)
    with desk.store.transaction() as db:
        db.execute(
            "UPDATE workflow SET data = json_remove(data, '$.told_minor', '$.record_counts', '$.marked_paid')"
        )
    desk.pay("P1", "60", cleared_on=date(2026, 1, 10), status="cleared")
    desk.pay("P2", "40", paid_on=date(2026, 1, 10) + timedelta(days=20))
    drain(desk)

    assert [("P1", "60"), ("P2", "40")] == desk.recorded
    assert ("done", Money.of("100", "EUR").amount_minor) == (desk.step(), paid_there(desk)[0])
