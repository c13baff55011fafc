"""On which day an invoice is booked and a budget is used: the company's, and that on which it is decided."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from store import commitments
from store.canonical.organisation import FiscalPeriod
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_free_line,
    an_invoice,
    an_order,
)


def _month(desk: InvoiceDesk, name: str, starts_on: date, ends_on: date, *, is_open: bool) -> None:
    period = FiscalPeriod(
        number=name, ledger="DE Ledger", name=name, starts_on=starts_on, ends_on=ends_on, is_open=is_open,
        subledger="payables",
    )  # fmt: skip
    desk.put(TARGET, name, period)


def _in_zone(desk: InvoiceDesk, zone: str) -> None:
    setup = desk.profile.legal_entities["DE01"]
    there = setup.model_copy(update={"close": setup.close.model_copy(update={"timezone": zone})})
    desk.profile = desk.profile.model_copy(update={"legal_entities": {"DE01": there}})


def test_an_invoice_that_waits_for_goods_over_the_end_of_a_month_is_booked_when_they_come() -> None:
    """January is closed meanwhile: nobody has to do anything, and nothing is booked into the past."""
    desk = InvoiceDesk(match={"receipt_patience": "P40D"})
    _month(desk, "Jan-26", date(2026, 1, 1), date(2026, 1, 31), is_open=True)
    _month(desk, "Feb-26", date(2026, 2, 1), date(2026, 2, 28), is_open=True)
    desk.order()
    desk.invoice()
    assert "match" == desk.step()

    desk.wait(days=35)
    _month(desk, "Jan-26", date(2026, 1, 1), date(2026, 1, 31), is_open=False)
    desk.receive(is_posted=False)

    assert ([], "await_posting") == (desk.exceptions, desk.step())
    assert date(2026, 2, 9) == desk.posted.accounting_on


def test_a_day_that_an_invoice_says_itself_is_kept() -> None:
    """Whoever says when it is booked is not overruled by waiting."""
    desk = InvoiceDesk(match={"receipt_patience": "P40D"})
    desk.order()
    desk.invoice(an_invoice(accounting_on=date(2026, 1, 4)))
    desk.wait(days=35)
    desk.receive(is_posted=False)

    assert date(2026, 1, 4) == desk.posted.accounting_on


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("America/New_York", datetime(2026, 2, 1, 2, tzinfo=UTC), date(2026, 1, 31)),
        ("UTC", datetime(2026, 2, 1, 2, tzinfo=UTC), date(2026, 2, 1)),
        ("Asia/Tokyo", datetime(2026, 1, 31, 22, tzinfo=UTC), date(2026, 2, 1)),
    ],
)
def test_it_is_booked_and_promised_on_the_day_of_the_company(zone: str, at: datetime, day: date) -> None:
    """The evening of the last of a month in New York is that month's, whatever day it is in Greenwich."""
    desk = InvoiceDesk()
    _in_zone(desk, zone)
    desk.clock.advance(at - desk.now)

    (line,) = an_order().lines
    parts = tuple(part.model_copy(update={"period": None}) for part in line.distributions)
    desk.order(an_order(lines=(line.model_copy(update={"distributions": parts}),)))
    desk.invoice(an_invoice(a_free_line()))

    promised = commitments.budget_days(desk.store.db, f"{SOURCE}:4711", commitments.ORDER)
    assert day == desk.posted.accounting_on
    assert [day] == [one.budget_on for one in promised.values()]
