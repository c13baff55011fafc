"""Coupa's invoices and receipts become canonical records that add up, or say in words why they can't."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Translated, Untranslatable
from adapters.coupa import inbound
from adapters.coupa.inbound_invoice import STATUS
from adapters.coupa.options import Options
from store.canonical.money import Money, total
from store.canonical.payables import Invoice
from store.canonical.purchasing import Receipt

OPTIONS = Options(segment_count=4)


def an_account(number: str = "6100", **changes: Any) -> dict[str, Any]:
    segments = {"segment-1": "01", "segment-2": "420", "segment-3": number}
    return {"id": 14, "code": f"01-420-{number}", "account-type": {"name": "DE Chart"}, **segments, **changes}


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "id": 801,
        "line-num": 1,
        "type": "InvoiceQuantityLine",
        "description": "Paper",
        "quantity": "4",
        "price": "25.00",
        "total": "100.00",
        "account": an_account(),
        "po-number": "PO-1",
        "order-line-num": "1",
        **changes,
    }


def an_invoice(*lines: dict[str, Any], **changes: Any) -> bytes:
    document = {
        "id": 5510,
        "invoice-number": "INV-1",
        "invoice-date": "2026-02-10",
        "document-type": "Invoice",
        "status": "approved",
        "currency": {"code": "EUR"},
        "supplier": {"id": 88, "number": "V-1", "name": "Harbour"},
        "payment-channel": "ERP",
        "updated-at": "2026-02-11T09:14:05-08:00",
        "invoice-lines": list(lines) or [a_line()],
        **changes,
    }
    return json.dumps(document).encode()


def a_receipt(**changes: Any) -> bytes:
    document = {
        "id": 7001,
        "type": "ReceivingQuantityConsumption",
        "status": "created",
        "quantity": "3.000000",
        "transaction-date": "2026-02-08T10:30:00-08:00",
        "order-line": {"id": 9001, "line-num": "1", "order-header-id": 4711, "order-header-number": "PO-1"},
        **changes,
    }
    return json.dumps(document).encode()


def invoice(row: bytes, options: Options = OPTIONS) -> Invoice:
    (found,) = inbound.translate("invoice", [row], options)
    assert isinstance(found, Translated), found
    assert isinstance(found.record, Invoice)
    return found.record


def receipt(row: bytes) -> Receipt:
    (found,) = inbound.translate("receipt", [row], OPTIONS)
    assert isinstance(found, Translated), found
    assert isinstance(found.record, Receipt)
    return found.record


def reason(row: bytes, entity: str = "invoice") -> tuple[str, str]:
    (found,) = inbound.translate(entity, [row], OPTIONS)
    assert isinstance(found, Untranslatable), found
    return found.path, found.reason


def eur(minor: int) -> Money:
    return Money(amount_minor=minor, currency="EUR")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("draft", "draft"),
        ("pending_approval", "pending_approval"),
        ("pending_receipt", "on_hold"),
        ("disputed", "on_hold"),
        ("ap_hold", "on_hold"),
        ("approved", "approved"),
        ("rejected", "rejected"),
        ("abandoned", "cancelled"),
        ("voided", "cancelled"),
    ],
)
def test_statuses_are_those_of_any_invoice(theirs: str, ours: str) -> None:
    """OK to pay is approved, its reversal cancelled, whatever waits for somebody a hold."""
    assert ours == invoice(an_invoice(status=theirs)).status


def test_every_status_that_is_read_is_known() -> None:
    """No invoice that is asked for can come with a status that has no meaning here."""
    assert set(OPTIONS.invoice_statuses) <= set(STATUS)


def test_a_hold_says_what_it_is() -> None:
    """The status in Coupa's own word, and the reasons of a dispute."""
    record = invoice(an_invoice(**{"status": "disputed", "dispute-reasons": [{"code": "INCORRECT_PRICE"}]}))

    assert ("disputed", "INCORRECT_PRICE") == record.holds


def test_tax_on_the_header_is_a_line_of_its_own() -> None:
    """It belongs to no line, so it has no reference."""
    taxed = {"tax-amount": "19.00", "tax-rate": "19.0", "tax-code": {"code": "DE-19"}}
    record = invoice(an_invoice(**taxed, **{"total-with-taxes": "119.00"}))

    tax = record.lines[1]
    assert ("tax", eur(1900), "DE-19", Decimal("19.0"), None) == (
        tax.kind,
        tax.amount,
        tax.tax_code,
        tax.tax_rate_percent,
        tax.reference,
    )
    assert (eur(11900), eur(1900)) == (record.total, record.tax)


def test_tax_on_lines_names_its_line() -> None:
    """Two taxes on one line are two lines that refer to it; the line says their sum."""
    taxes = [{"amount": "7.00", "code": "GST", "rate": "7"}, {"amount": "3.00", "code": "PST", "rate": "3"}]
    record = invoice(
        an_invoice(a_line(**{"tax-lines": taxes, "tax-amount": "10.00"}), **{"line-level-taxation": True})
    )

    assert [("1T1", "GST", "1"), ("1T2", "PST", "1")] == [
        (x.number, x.tax_code, x.reference) for x in record.lines if x.kind == "tax"
    ]
    assert (eur(1000), eur(11000)) == (record.lines[0].tax, record.total)


def test_a_line_without_tax_is_charged_none_where_tax_stands_on_lines() -> None:
    """So are charges: what one line was charged too much is not taken for what another was not charged."""
    taxed, free = a_line(**{"tax-amount": "38.00"}), a_line(**{"line-num": 2, "tax-amount": "0.00"})
    document = {"line-level-taxation": True, "shipping-amount": "10.00"}
    by_line = invoice(an_invoice(taxed, free, **document))
    by_header = invoice(an_invoice(a_line(), **{"tax-amount": "19.00", "shipping-amount": "10.00"}))

    assert [("1", eur(3800)), ("2", eur(0)), ("C1", eur(0)), ("1T1", None)] == [
        (line.number, line.tax) for line in by_line.lines
    ]
    assert {None} == {line.tax for line in by_header.lines}


def test_tax_counts_where_the_invoice_says_it_stands() -> None:
    """Tax on lines of an invoice that is taxed on the header repeats what the header says."""
    line = a_line(**{"tax-amount": "19.00"})

    assert eur(11900) == invoice(an_invoice(line, **{"tax-amount": "19.00"})).total


def test_charges_are_lines() -> None:
    """Shipping is freight; handling and the rest are other; sums on the header count where there are no records."""
    sums = {"shipping-amount": "10.00", "handling-amount": "5.00", "misc-amount": "0.00"}
    record = invoice(an_invoice(**sums, **{"gross-total": "115.00"}))

    assert [("C1", "freight", eur(1000)), ("C2", "other", eur(500))] == [
        (x.number, x.kind, x.amount) for x in record.lines[1:]
    ]


def test_charge_records_count_instead_of_their_sums() -> None:
    """A charge that is a record and a sum on the header is charged once, with its own tax."""
    charge = {
        "type": "InvoiceShippingCharge",
        "total": "10.00",
        "tax-lines": [{"amount": "1.90", "code": "DE-19"}],
    }
    record = invoice(an_invoice(**{"shipping-amount": "10.00", "invoice-charges": [charge]}))

    assert [("item", None), ("freight", None), ("tax", "C1")] == [(x.kind, x.reference) for x in record.lines]
    assert eur(11190) == record.total


@pytest.mark.parametrize("sign", [1, -1])
def test_a_credit_note_is_negative_whatever_sign_it_is_written_with(sign: int) -> None:
    """Amounts, quantities, tax and shares of accounts all turn."""
    line = a_line(
        quantity=str(4 * sign),
        total=f"{100 * sign}.00",
        account=None,
        **{"account-allocations": [{"account": an_account(), "amount": f"{100 * sign}.00", "pct": "100"}]},
    )
    record = invoice(
        an_invoice(
            line,
            **{
                "document-type": "Credit Note",
                "tax-amount": f"{19 * sign}.00",
                "original-invoice-number": "INV-0",
            },
        )
    )

    assert ("credit_memo", eur(-11900), "INV-0") == (record.kind, record.total, record.original_number)
    assert (Decimal(-4), eur(-10000)) == (record.lines[0].quantity, record.lines[0].distributions[0].amount)


def test_a_line_knows_its_order_and_its_accounts() -> None:
    """The order line by number, a single account as the account, its chart from the invoice where it names none."""
    line = a_line(account=an_account(**{"account-type": None}))
    record = invoice(an_invoice(line, **{"account-type": {"name": "DE Chart"}}))

    first = record.lines[0]
    assert ("PO-1", "1", "01-420-6100", "DE Chart") == (
        first.order_number,
        first.order_line,
        first.account,
        first.distributions[0].chart,
    )


@pytest.mark.parametrize(
    "wrap", [lambda p: p, lambda p: {"payments": {"payment": p}}, lambda p: {"payment": p}]
)
def test_payments_are_read_in_each_published_shape(wrap: Any) -> None:
    """A list, or the same wrapped; a payment told by a program on midnight UTC is of that day in any zone."""
    told = [
        {"id": 1, "amount-paid": "40.0000", "payment-date": "2026-02-19T16:00:00-08:00", "notes": "CHK-1"}
    ]
    record = invoice(an_invoice(payments=wrap(told), paid=False))

    assert [("1", eur(4000), "2026-02-20", "CHK-1")] == [
        (p.id, p.amount, str(p.paid_on), p.note) for p in record.recorded_payments
    ]


def test_what_we_told_is_no_change_of_the_invoice() -> None:
    """Number, status and payments that were written into it leave the content as it was."""
    told = {
        "paid": True,
        "payments": [{"amount-paid": "100.00", "notes": "CHK-1"}],
        "custom-fields": {"cf-erp-invoice-number": "9001", "cf-erp-status": "Paid"},
    }
    before, after = invoice(an_invoice()), invoice(an_invoice(**told))

    assert ("9001", "Paid", True) == (after.target_number, after.target_status, after.is_marked_paid)
    assert before.content_hash() == after.content_hash()


def test_what_coupa_pays_itself_is_its_own_word() -> None:
    """A channel other than the ERP is named, and its payments say how far the invoice is paid."""
    paid = {"payment-channel": "Coupa Pay Invoice Payment", "payments": [{"amount-paid": "40.00"}]}
    record = invoice(an_invoice(**paid))

    assert ("Coupa Pay Invoice Payment", "partly_paid", eur(4000)) == (
        record.payment_channel,
        record.paid_status,
        record.paid,
    )


def test_tolerances_that_are_settled_do_not_count() -> None:
    """Only what nobody has resolved is a failure."""
    found = [
        {"code": "unit_price_percent", "breach-amount": "4.0", "breach-limit": "2.0", "resolved": False},
        {"code": "quantity_percent", "resolved": True},
    ]

    assert ("unit_price_percent: 4.0 (limit 2.0)",) == invoice(
        an_invoice(**{"failed-tolerances": found})
    ).tolerance_failures


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"invoice-number": None}, "$.invoice-number", "no number"),
        ({"invoice-number": "  "}, "$.invoice-number", "no number"),
        ({"invoice-lines": None}, "$.invoice-lines", "without its lines"),
        (
            {"invoice-lines": [], "tax-amount": "19", "gross-total": "119.00"},
            "$.gross-total",
            "totals: the invoice says 119, its lines add up to 19.00 EUR",
        ),
        (
            {"invoice-lines": [a_line(), a_line()]},
            "$.invoice-lines[1].line-num",
            "two lines have the number 1",
        ),
        ({"invoice-date": None}, "$.invoice-date", "no date"),
        ({"invoice-date": "soon"}, "$.invoice-date", "not a date"),
        ({"status": "sleeping"}, "$.status", "not one we know"),
        ({"currency": None}, "$.currency.code", "no currency"),
        ({"total-with-taxes": "101.00"}, "$.total-with-taxes", "totals: the invoice says 101"),
        ({"tax-amount": "1.005"}, "$.tax-amount", "totals: 1.005 EUR has more decimals"),
        (
            {"tax-amount": "2.00", "tax-lines": [{"amount": "1.00"}]},
            "$.tax-amount",
            "totals: the tax is said",
        ),
        ({"tax-lines": [{"code": "X"}]}, "$.tax-lines[0].amount", "no amount"),
        ({"invoice-charges": [{"type": "InvoiceMiscCharge"}]}, "$.invoice-charges[0].total", "no amount"),
        ({"payments": [{"notes": "CHK-1"}]}, "$.payments[0].amount-paid", "no amount"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(changes: dict[str, Any], path: str, words: str) -> None:
    """The place in Coupa's document, and what is wrong in words; amounts that contradict begin with totals."""
    where, told = reason(an_invoice(**changes))

    assert path == where
    assert words in told


@pytest.mark.parametrize("status", ["voided", "rejected", "pending_approval", "draft"])
def test_what_is_not_to_be_paid_may_lack_its_lines(status: str) -> None:
    """Only what is approved has to add up: a void without lines is carried out all the same."""
    without_lines = an_invoice(**{"status": status, "invoice-lines": [], "gross-total": "119.00"})

    assert () == invoice(without_lines).lines


@given(
    st.lists(st.integers(1, 10_000_000), min_size=1, max_size=6),
    st.lists(st.integers(0, 100_000), min_size=6, max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_lines_add_up_to_what_coupa_adds_up(
    amounts: list[int], taxes: list[int], is_by_line: bool, is_credit: bool
) -> None:
    """Items, charges and taxes, wherever they stand, make the total to the cent, and none of it is made or lost."""
    shown = [f"{a // 100}.{a % 100:02}" for a in amounts]
    tax = [f"{t // 100}.{t % 100:02}" for t in taxes]
    lines = [
        a_line(**{"line-num": n, "quantity": "1", "price": a, "total": a, "tax-amount": t})
        for n, (a, t) in enumerate(zip(shown, tax, strict=False), 1)
    ]
    owed = sum(amounts) + (sum(taxes[: len(amounts)]) if is_by_line else taxes[0])
    document = {
        "line-level-taxation": is_by_line,
        "tax-amount": tax[0],
        "total-with-taxes": f"{owed // 100}.{owed % 100:02}",
        "document-type": "Credit Note" if is_credit else "Invoice",
    }

    record = invoice(an_invoice(*lines, **document))

    assert eur(-owed if is_credit else owed) == record.total
    assert record.total == total((line.amount for line in record.lines), "EUR")


@pytest.mark.parametrize(
    ("type_", "original", "expected"),
    [
        ("ReceivingQuantityConsumption", None, ("receipt", "received", "3")),
        ("InventoryReceipt", None, ("receipt", "received", "3")),
        ("ReceivingQuantityReturnToSupplier", 7000, ("return", "received", "-3")),
        ("ReceivingQuantityDisposal", 7000, ("disposal", "received", "None")),
        ("VoidReceivingQuantityConsumption", 7000, ("correction", "received", "-3")),
        ("VoidReceivingQuantityReturnToSupplier", 7000, ("correction", "received", "3")),
        ("VoidReceivingQuantityConsumption", None, ("correction", "voided", "None")),
    ],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_each_transaction_adds_what_it_did(
    type_: str, original: int | None, expected: tuple[str, str, str], sign: str
) -> None:
    """The type says what happened, whatever sign the quantity has; a void turns what it voids."""
    row = a_receipt(type=type_, quantity=f"{sign}3", **{"original-transaction-id": original})

    record = receipt(row)

    assert expected == (record.kind, record.status, str(record.quantity))


def test_a_receipt_by_amount_has_money() -> None:
    """In the receipt's currency, else in that of its order line."""
    line = {"id": 1, "line-num": "2", "order-header-number": "PO-1", "currency": {"code": "EUR"}}
    row = a_receipt(type="ReceivingAmountConsumption", quantity=None, total="75.10", **{"order-line": line})

    record = receipt(row)

    assert (None, eur(7510), "2") == (record.quantity, record.amount, record.order_line)


def test_a_receipt_without_an_order_is_a_receipt() -> None:
    """Stock can come in without one; nothing is matched with it."""
    record = receipt(a_receipt(type="InventoryReceipt", **{"order-line": None}))

    assert ("", ()) == (record.order_number, record.identifiers())


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"type": "Teleport"}, "$.type"),
        ({"quantity": None}, "$.quantity"),
        ({"transaction-date": None}, "$.transaction-date"),
        ({"order-line": {"id": 9001, "line-num": "1"}}, "$.order-line.order-header-number"),
        ({"type": "ReceivingAmountConsumption"}, "$.total"),
        ({"type": "ReceivingAmountConsumption", "total": "1.00"}, "$.currency.code"),
    ],
)
def test_a_receipt_that_does_not_fit_is_told_with_its_place(changes: dict[str, Any], path: str) -> None:
    """Nothing is guessed: neither what a transaction did nor which order it was about."""
    assert path == reason(a_receipt(**changes), "receipt")[0]
