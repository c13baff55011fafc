"""What the ERP may have paid twice: two payments of one invoice, or one of an invoice that looks like ours."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from finsync_tui.flows.invoice import payees
from tests.builders import a_supplier
from tests.finsync_tui.flows.invoice_desk import SOURCE, TARGET, InvoiceDesk, a_free_line, an_invoice, eur

DOUBT = "PAYMENT_TWICE_POSSIBLE"


def a_posted_invoice(**rules: Any) -> InvoiceDesk:
    """Return a desk whose invoice over 100 waits for its payment."""
    desk = InvoiceDesk(**({"duplicates": rules} if rules else {}))
    desk.post(an_invoice(a_free_line("100")))
    desk.erp_shows()
    return desk


def settle(desk: InvoiceDesk) -> None:
    """Deliver and read back whatever waits for it."""
    while desk.pending:
        desk.answer()
    desk.read()


def risk(desk: InvoiceDesk) -> tuple[int, str]:
    row = desk.store.db.execute(
        "SELECT amount_minor, currency FROM exception_case ORDER BY id DESC"
    ).fetchone()
    return int(row[0]), str(row[1])


@pytest.mark.parametrize("is_together", [True, False])
def test_a_second_equal_part_payment_is_told_only_when_a_person_says_that_it_is_meant(
    is_together: bool,
) -> None:
    """40 of 100, twice on one day: the first is told at once, the second is at risk, also where both are read at once."""
    desk = a_posted_invoice()

    for payment_id in ("P1", "P2"):
        desk.pay(payment_id, "40")
        if not is_together:
            settle(desk)
    settle(desk)
    held = (desk.step(), list(desk.recorded), list(desk.exceptions), risk(desk), desk.cause)
    desk.retry()
    settle(desk)
    desk.pay("P3", "20", paid_on=date(2026, 1, 30))
    settle(desk)

    assert ("check_payment", [("P1", "40")], [(DOUBT, "open")], (4000, "EUR")) == held[:4]
    assert "payments P1 of 2026-01-09 and P2 of 2026-01-09 are both over 40.00 EUR" in held[4]
    assert ("done", [("P1", "40"), ("P2", "40"), ("P3", "20")]) == (desk.step(), desk.recorded)
    assert [False, False, True] == [one["is_paid"] for one in desk.bodies("invoice.record_payment")]
    assert [(DOUBT, "closed")] == desk.exceptions


@pytest.mark.parametrize(
    ("voided", "told"), [("P2", [("P1", "40")]), ("P1", [("P1", "40"), ("Void P1", "-40"), ("P2", "40")])]
)
def test_a_void_in_the_erp_ends_the_doubt_by_itself(voided: str, told: list[tuple[str, str]]) -> None:
    """Whichever of the two it takes away: what is left is told, what was told and is void is countered."""
    desk = a_posted_invoice()
    desk.pay("P1", "40")
    settle(desk)
    desk.pay("P2", "40")

    desk.pay(voided, "40", "voided")
    settle(desk)
    settle(desk)

    assert ("await_payment", told, [(DOUBT, "closed")]) == (desk.step(), desk.recorded, desk.exceptions)


def test_what_is_in_doubt_does_not_make_an_invoice_paid() -> None:
    """50 of 100, twice: the source is told 50 and that it is not paid, whatever the ERP's invoice says."""
    desk = a_posted_invoice()
    desk.erp_shows(paid_status="paid", paid=eur("100"))

    desk.pay("P1", "50")
    desk.pay("P2", "50")
    settle(desk)

    assert ("check_payment", [("P1", "50")]) == (desk.step(), desk.recorded)
    assert not desk.body("invoice.record_payment")["is_paid"]


@pytest.mark.parametrize(
    ("rules", "second"),
    [
        ({}, {"paid_on": date(2026, 1, 15)}),
        ({"payment_days": 0}, {"paid_on": date(2026, 1, 10)}),
        ({"same_payment": "off"}, {}),
        ({}, {"amount": "40.01"}),
    ],
)
def test_instalments_that_are_not_alike_or_not_close_are_in_no_doubt(
    rules: dict[str, Any], second: dict[str, Any]
) -> None:
    """Both are told without anybody being asked."""
    desk = a_posted_invoice(**rules)

    desk.pay("P1", "40")
    desk.pay("P2", **{"amount": "40", **second})
    settle(desk)

    assert (2, []) == (len(desk.recorded), desk.exceptions)


def test_one_that_is_disputed_and_paid_twice_waits_for_a_person_who_says_which() -> None:
    """The first payment is told as ever; when both are meant, it is paid, released and done without other trouble."""
    desk = InvoiceDesk(dispute_hold="Supplier dispute")
    desk.post(an_invoice(a_free_line("100")))
    desk.erp_shows()
    desk.tell(SOURCE, "I1", an_invoice(a_free_line("100"), status="on_hold", holds=("disputed",)))
    desk.answers(2)

    desk.pay("P1", "50")
    desk.pay("P2", "50")
    settle(desk)
    held = (desk.step(), list(desk.recorded))
    desk.retry()
    for _ in range(4):
        settle(desk)

    assert ("check_payment", [("P1", "50")]) == held
    assert ("done", [(DOUBT, "closed")]) == (desk.step(), desk.exceptions)


def test_more_than_is_owed_is_in_doubt_whenever_it_is_paid() -> None:
    """80 and, a month later, 30 of 100: 10 are at risk."""
    desk = a_posted_invoice()
    desk.pay("P1", "80")
    settle(desk)

    desk.pay("P2", "30", paid_on=date(2026, 2, 9))

    assert ("check_payment", (1000, "EUR")) == (desk.step(), risk(desk))
    assert "110.00 EUR are paid of 100.00 EUR" in desk.cause


def test_by_policy_it_is_only_noted_and_told() -> None:
    """Once, however often it is looked at."""
    desk = a_posted_invoice(same_payment="note")

    desk.pay("P1", "40")
    desk.pay("P2", "40")
    settle(desk)
    desk.pay("P3", "20")
    settle(desk)

    assert ("done", 3, []) == (desk.step(), len(desk.recorded), desk.exceptions)
    assert [DOUBT] == [one for one in desk.noted if one == DOUBT]


def entered_by_hand(desk: InvoiceDesk, **changes: Any) -> None:
    """The ERP shows an invoice of the same supplier over the same amount that nobody posted from here, and pays it."""
    fields: dict[str, Any] = {
        "supplier_id": "900",
        "reference": None,
        "number": "4402",
        "business_unit": "DE Operations",
    }
    desk.tell(TARGET, "777", an_invoice(a_free_line("100")).model_copy(update=fields | changes))
    desk.pay("P9", "100", of="777")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_payment_of_an_invoice_that_looks_like_ours_is_in_doubt(when: str) -> None:
    """Entered by hand after ours was posted: found before ours is paid, and after it was done."""
    desk = a_posted_invoice()
    if when == "after":
        desk.pay("P1", "100")
        settle(desk)
    before = desk.step()

    entered_by_hand(desk)
    held = (desk.step(), list(desk.exceptions), risk(desk))
    desk.retry()
    if when == "before":
        desk.pay("P1", "100")
    settle(desk)

    assert {"before": "await_payment", "after": "done"}[when] == before
    assert ("check_payment", [(DOUBT, "open")], (10000, "EUR")) == held
    assert ("done", [("P1", "100")], 1) == (desk.step(), desk.recorded, len(desk.exceptions))


@pytest.mark.parametrize(
    "changes",
    [
        {"supplier_number": "S-7"},
        {"invoiced_on": date(2025, 12, 1)},
        {"kind": "prepayment"},
        {"reference": "concur:R-1"},
    ],
)
def test_what_does_not_look_like_ours_wakes_nobody(changes: dict[str, Any]) -> None:
    """Another payee, long before, paid in advance, or posted from here for another document."""
    desk = a_posted_invoice()
    desk.pay("P1", "100")
    settle(desk)

    entered_by_hand(desk, **changes)

    assert ("done", []) == (desk.step(), desk.exceptions)


def test_the_same_number_written_another_way_is_the_same_invoice() -> None:
    """The ERP's own check for doubles sees no difference; the amount may be another one."""
    desk = a_posted_invoice()

    entered_by_hand(desk, number="inv 1", total=eur("80"), lines=an_invoice(a_free_line("80")).lines)

    assert ([(DOUBT, "open")], (10000, "EUR")) == (desk.exceptions, risk(desk))


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("INV-1", "ＩＮＶ－１", True),
        ("٢٠٢٦-7", "2026-7", True),
        ("Α-123", "α 123", True),
        ("Α-123", "Β-123", False),
        ("甲-001", "乙-001", False),
        ("Счёт 12", "Акт 12", False),
    ],
)
def test_numbers_are_compared_in_whichever_script_they_are_written(
    first: str, second: str, is_one: bool
) -> None:
    """Greek series, Chinese and Cyrillic words tell invoices apart; the same signs in another width do not."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line("80"), number=first))

    desk.invoice(an_invoice(a_free_line("90"), number=second, invoiced_on=date(2026, 2, 20)), "I2")

    assert ([("INVOICE_DUPLICATE", "open")] if is_one else []) == desk.exceptions


@pytest.mark.parametrize(("first", "second"), [("10-1", "101"), ("20260815", "2026-0815")])
def test_a_number_without_the_signs_between_its_digits_is_asked_about(first: str, second: str) -> None:
    """It may be the same, and it may be another: whoever has looked lets it go on."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line("80"), number=first))
    desk.invoice(an_invoice(a_free_line("90"), number=second, invoiced_on=date(2026, 2, 20)), "I2")
    asked = list(desk.exceptions)

    desk.retry()

    assert [("PAYMENT_DUPLICATE_POSSIBLE", "open")] == asked
    assert ([("PAYMENT_DUPLICATE_POSSIBLE", "closed")], "await_posting") == (desk.exceptions, desk.step("I2"))


def test_two_entered_by_hand_without_the_signs_between_their_digits_are_noted() -> None:
    """Nobody is stopped by it."""
    desk = InvoiceDesk()

    typed(desk, "E1", "10-1")
    typed(desk, "E2", "101", "90")

    assert ["PAYMENT_DUPLICATE_POSSIBLE"] == desk.noted


def test_payees_whose_names_have_no_latin_letter_are_not_all_one() -> None:
    """Entered by hand under a name only: somebody else's invoice of that number is no copy."""
    desk = InvoiceDesk()
    entered_by_hand(
        desk, number="001", supplier_number=None, supplier_id=None, supplier_name="北京公司", total=eur("80"),
        lines=an_invoice(a_free_line("80")).lines,
    )  # fmt: skip
    desk.put(TARGET, "901", a_supplier(number="上-1", name="上海公司", tax_registrations=()))
    desk.put(SOURCE, "502", a_supplier(number="上-1", name="上海公司", tax_registrations=(), sites=()))

    desk.invoice(
        an_invoice(
            a_free_line("80"),
            number="001",
            supplier_id="502",
            supplier_number="上-1",
            supplier_name="上海公司",
        )
    )

    assert ([], "await_posting") == (desk.exceptions, desk.step())


def typed(desk: InvoiceDesk, key: str, number: str = "R-7", amount: str = "80", **changes: Any) -> None:
    """Somebody enters an invoice in the ERP by hand."""
    invoice = an_invoice(a_free_line(amount), number=number, business_unit="DE Operations", **changes)
    desk.tell(TARGET, key, invoice)


def noted(desk: InvoiceDesk) -> list[tuple[str, str, str]]:
    rows = desk.store.db.execute("SELECT class, document_key, message FROM finding ORDER BY id")
    return [tuple(row) for row in rows]


def test_two_invoices_that_were_entered_by_hand_under_one_number_are_noted_once() -> None:
    """Neither is ours, so no process would say it; spaces and signs make no other number; read again, it is no news."""
    desk = InvoiceDesk()

    typed(desk, "E1", "R 77")
    typed(desk, "E2", "r-77")
    typed(desk, "E1", "R 77", description="read again")

    ((class_, key, message),) = noted(desk)
    assert ("INVOICE_DUPLICATE", f"{TARGET}:E2") == (class_, key)
    assert (
        "invoices E1 and E2 of Muster Büromöbel GmbH, entered by hand, have the same number (80.00 EUR)"
        in message
    )


def test_two_equal_amounts_that_were_entered_by_hand_close_by_are_noted_and_that_both_are_paid() -> None:
    """Where both match orders, only if these are the same; far apart it is next month's."""
    desk = InvoiceDesk()
    typed(desk, "E1", "R-1", invoiced_on=date(2026, 1, 5))
    typed(desk, "E2", "R-2", invoiced_on=date(2026, 1, 12))
    typed(desk, "E3", "R-3", invoiced_on=date(2026, 2, 20))
    typed(desk, "E4", "R-4", "81", invoiced_on=date(2026, 1, 5))
    before = noted(desk)

    for payment_id, key in (("P1", "E1"), ("P2", "E2")):
        desk.pay(payment_id, "80", of=key)
    typed(desk, "E2", "R-2", invoiced_on=date(2026, 1, 12), paid_status="paid")

    assert [("PAYMENT_DUPLICATE_POSSIBLE", f"{TARGET}:E2")] == [one[:2] for one in before]
    assert "are over the same amount and close by (80.00 EUR): see" in before[0][2]
    assert "(80.00 EUR) and both are paid: see" in noted(desk)[1][2]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"}, {"reference": "coupa:I9"}, {"kind": "credit_memo"}, {"supplier_number": "S-2"},
        {"number": "R-8", "business_unit": "FR Operations"},
    ],
)  # fmt: skip
def test_what_is_cancelled_ours_or_anothers_is_no_double(changes: dict[str, Any]) -> None:
    """Two of one number are one only of one supplier, in force, and of one kind; equal amounts of one company."""
    desk = InvoiceDesk()
    typed(desk, "E1")
    desk.tell(
        TARGET,
        "E2",
        an_invoice(a_free_line("80"), **({"number": "R-7", "business_unit": "DE Operations"} | changes)),
    )

    assert [] == noted(desk)
    off = InvoiceDesk(duplicates={"same_number": "off", "same_amount": "off"})
    typed(off, "E1")
    typed(off, "E2")
    assert [] == noted(off)


@pytest.mark.parametrize(
    ("changes", "class_"),
    [
        ({"business_unit": "FR Operations"}, "INVOICE_DUPLICATE"),
        ({"supplier_number": None, "supplier_id": None}, "INVOICE_DUPLICATE"),
        ({"supplier_number": None, "supplier_id": "900", "supplier_name": "As printed"}, "INVOICE_DUPLICATE"),
        ({"reference": "LEGACY-7"}, "INVOICE_DUPLICATE"),
        ({"number": "R 007"}, "PAYMENT_DUPLICATE_POSSIBLE"),
        ({"number": "R-7B", "invoiced_on": date(2026, 3, 1)}, "PAYMENT_DUPLICATE_POSSIBLE"),
    ],
)
def test_one_invoice_that_was_entered_twice_is_found_however_it_was_typed(
    changes: dict[str, Any], class_: str
) -> None:
    """In another business unit, without the supplier's number, through another interface, with zeros or letters added."""
    desk = InvoiceDesk()
    typed(desk, "E1")
    fields: dict[str, Any] = {"number": "R-7", "business_unit": "DE Operations", "supplier_id": "900"}
    desk.tell(TARGET, "E2", an_invoice(a_free_line("80"), **(fields | changes)))

    assert [(class_, f"{TARGET}:E2")] == [one[:2] for one in noted(desk)]


@pytest.mark.parametrize("number", ["INV-1", "INV-01", "INV-1A"])
def test_a_payment_of_an_entry_without_a_suppliers_number_is_in_doubt(number: str) -> None:
    """It names the supplier only, and its number is typed otherwise: ours is paid a second time all the same."""
    desk = a_posted_invoice()
    desk.pay("P1", "100")
    settle(desk)

    entered_by_hand(desk, number=number, supplier_number=None, supplier_id=None)

    assert [(DOUBT, "open")] == desk.exceptions
    assert "100.00 EUR (P9) of invoice 777 of" in desk.cause


def test_a_payee_that_is_only_named_is_found_without_reading_all_suppliers() -> None:
    """Each record is looked up by its id: an ERP has a hundred thousand of them, and every such invoice asks."""
    desk, asked = InvoiceDesk(), list[str]()
    desk.store.db.set_trace_callback(asked.append)

    found = payees.names(desk.store.db, TARGET, None, None, "Muster Büromöbel GmbH")

    desk.store.db.set_trace_callback(None)
    plans = [row[3] for one in asked for row in desk.store.db.execute(f"EXPLAIN QUERY PLAN {one}")]
    reads = [one for one in plans if one.startswith(("SCAN", "SEARCH r "))]
    assert {"Muster Büromöbel GmbH", "S-1001", "900"} == set(found)
    assert reads
    assert all("external_id" in one for one in reads)
