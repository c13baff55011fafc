"""The runner: what goes wrong at one document is that document's matter."""

from __future__ import annotations

import logging

import pytest

from finsync_tui.flows.invoice import matching
from store.canonical.payables import InvoiceLine
from tests.finsync_tui.flows.invoice_desk import SOURCE, InvoiceDesk, a_line, an_invoice, eur
from tests.finsync_tui.flows.test_invoice_to_payment import a_desk_with_goods

ODD = eur("13.13")


def _stumble(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the program a fault that lines of one amount meet."""
    whole = matching.price_of

    def faulty(line: InvoiceLine, *rest: object) -> object:
        if line.amount == ODD:
            raise ZeroDivisionError("a fault of ours, with 4711 in it")
        return whole(line, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(matching, "price_of", faulty)


def _two_invoices(desk: InvoiceDesk) -> None:
    odd = a_line("1", unit_price=None, amount=ODD)
    desk.tell(SOURCE, "I-BAD", an_invoice(odd, number="BAD"), runs=False)
    desk.tell(SOURCE, "I-GOOD", an_invoice(a_line("5"), number="GOOD"), runs=False)
    desk.run()


def test_a_fault_of_the_program_holds_its_document_and_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The document becomes an exception that names the place; nothing of its step is kept or sent, its neighbour goes on."""
    _stumble(monkeypatch)
    desk = a_desk_with_goods()

    with caplog.at_level(logging.ERROR, "finsync.flows"):
        _two_invoices(desk)

    assert [("STEP_FAILED", "open")] == desk.exceptions
    assert "finsync itself failed at BAD" in desk.cause
    assert "ZeroDivisionError in test_runner.py" in desk.cause
    assert "4711" not in desk.cause  # what an error says may hold what screens don't show
    assert "await_posting" == desk.step("I-GOOD")
    assert [] == [one for one in desk.all_sent if "I-BAD" in one]
    assert "instance" in caplog.text


def test_it_goes_on_from_there_when_the_fault_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry takes up the step that failed."""
    with monkeypatch.context() as faulty:
        _stumble(faulty)
        desk = a_desk_with_goods()
        _two_invoices(desk)

    desk.retry()

    assert [("MATCH_PRICE", "open")] == [one for one in desk.exceptions if one[1] == "open"]
