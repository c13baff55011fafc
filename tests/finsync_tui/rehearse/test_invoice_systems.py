"""Receipts and invoices in the simulated systems: the year moved through without an engine, read at the end."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from finsync_tui.rehearse.invoice_report import InvoiceReport
from finsync_tui.rehearse.systems import Secrets
from finsync_tui.rehearse.world import World, make

KEYS = Secrets("one", "two", "three", "four")


@pytest.fixture(scope="module")
def world() -> World:
    """A world at the end of its year, in which no engine was at work."""
    found = make(7, 0.02, "typical", KEYS)
    found.move(found.ends_at)
    return found


def test_first_day_has_nothing_of_it() -> None:
    """On the first day nothing has arrived and nothing is invoiced."""
    assert InvoiceReport() == make(7, 0.02, "typical", KEYS).report().invoices


def test_every_invoice_is_there_to_the_cent(world: World) -> None:
    """Coupa holds each invoice with the total that was planned; without an engine none is posted or paid."""
    bills = world.scenario.payables.bills

    found = world.report().invoices

    assert {one.key: int(one.total * 100) for one in bills.values()} == {
        one.key: one.total_minor for one in found.invoices
    }
    assert {one.key: "voided" if one.voided_at else "approved" for one in bills.values()} == {
        one.key: one.status for one in found.invoices
    }
    assert ((), ()) == (found.postings, found.movements)
    assert not any(one.recorded or one.erp_number for one in found.invoices)


def test_every_arrival_and_return_is_there(world: World) -> None:
    """Coupa holds a receipt for each arrival, and one more for what went back."""
    arrivals = world.scenario.payables.arrivals

    found = world.report().invoices.receipts

    assert len(arrivals) + sum(one.returned_at is not None for one in arrivals) == len(found)
    assert {one.key for one in arrivals} == {one.order_line for one in found}


def test_report_survives_its_journey(world: World) -> None:
    """What the world reports is the same after it was carried as JSON."""
    found = world.report().invoices

    assert found == InvoiceReport.from_json(json.loads(json.dumps(asdict(found))))
