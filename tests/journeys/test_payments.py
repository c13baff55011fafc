"""Payments of every kind between a real engine and real simulators: what left in the ERP is what Coupa was told, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.oracle_fusion.simulator import OracleFusionSimulator
from adapters.oracle_fusion.simulator_payments import unpaid
from adapters.oracle_fusion.simulator_rows import Row
from finsync_tui.rehearse import world
from tests.journeys.test_breaks_mended import Office

DAYS = 44
SCALE = 0.08
WITHHELD = Decimal("7.5")
KINDS = (
    "abroad",
    "withheld",
    "in parts",
    "void abroad",
    "reissued abroad",
    "together",
    "void at once",
    "changed",
)
"""What becomes of the money for one invoice after another."""


class Bill:
    """One invoice that is posted and not paid yet, and what is done about it."""

    def __init__(self, erp: OracleFusionSimulator, row: Row, kind: str) -> None:
        self.erp, self.row, self.kind = erp, row, kind
        self.made: list[int] = []
        if "abroad" in kind:
            erp.pay_in(self.id, "USD" if row.data["InvoiceCurrency"] != "USD" else "GBP")
        if kind == "withheld":
            rates = {**erp.world.settings.withholding_percent, str(row.data["SupplierNumber"]): WITHHELD}
            erp.world.settings = replace(erp.world.settings, withholding_percent=rates)

    @property
    def id(self) -> int:
        assert isinstance(self.row.id, int)
        return self.row.id

    def pay(self, share: int = 1) -> None:
        amount = unpaid(self.row) if share == 1 else round(unpaid(self.row) / share, 2)
        self.made.append(self.erp.pay(self.id, amount))

    def first(self) -> None:
        """Pay it, or a third of it."""
        if self.kind != "together":
            self.pay(1 if self.kind in ("abroad", "withheld", "void at once") else 3)
        if self.kind == "void at once":
            self.erp.void(self.made[-1])

    def second(self) -> None:
        """Pay the rest; or take the first back, reissue it at another day's rate, or have it settle more."""
        match self.kind:
            case "in parts":
                self.pay()
            case "void abroad":
                self.erp.void(self.made[-1])
                self.pay()
            case "reissued abroad":
                self.made.append(self.erp.reissue(self.made[-1]))
            case "changed":
                payment = self.erp.world.row("payablesPayments", self.made[-1])
                assert payment is not None
                self.erp.finance.payments.change(payment, self.row, Decimal("1.00"), self.erp.world.now())

    def third(self) -> None:
        """Pay what is left; reissue what is paid in full already."""
        if self.kind in ("reissued abroad", "changed"):
            self.pay()
        if self.kind in ("abroad", "withheld"):
            self.made.append(self.erp.reissue(self.made[-1]))


def not_told(office: Office) -> Iterator[tuple[object, ...]]:
    """Yield each invoice of which Coupa's records, or its flag, do not say what the ERP has paid."""
    bills = {one["id"]: one for one in office.world.systems.coupa.documents("invoices")}
    for one in office.posted():
        data, bill = one.row.data, bills[int(one.document_key.partition(":")[2])]
        told = sum((Decimal(str(p["amount-paid"])) for p in bill.get("payments") or ()), Decimal(0))
        paid, is_paid = data["AmountPaid"] or Decimal(0), data["PaidStatus"] == "Paid"
        if (told, bool(bill.get("paid"))) != (paid, is_paid):
            yield data["InvoiceNumber"], paid, told, is_paid, bill.get("paid"), bill.get("payments")


def test_what_left_is_what_coupa_was_told_whatever_becomes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In parts, in other currencies, withheld, void, reissued at another rate, changed, several with one payment: after each
    round both systems say the same, and what was withheld without a rule is a finding."""
    make = world.make
    monkeypatch.setattr(world, "make", lambda seed, _, faults, keys: make(seed, SCALE, faults, keys))
    office = Office(tmp_path, monkeypatch, capsys)
    erps = office.world.systems.erps
    for erp in erps.values():
        erp.finance.payments.stop_runs()
    office.pass_days(DAYS - 4)
    for _ in range(4):
        office.pass_days(1)
    today = office.world.now().date()
    for erp in erps.values():
        for day in range(-1, 10):
            for pair in (("EUR", "USD"), ("GBP", "USD"), ("USD", "GBP"), ("CHF", "USD")):
                erp.add_rate(*pair, today + timedelta(days=day), Decimal("1.08") + Decimal(day) / 1000)
    ready = [
        one
        for one in office.posted()
        if one.row.data["ValidationStatus"] == "Validated" and unpaid(one.row) > 0
    ]
    bills = [Bill(erps[one.system], one.row, KINDS[n % len(KINDS)]) for n, one in enumerate(ready)]
    assert set(KINDS) == {one.kind for one in bills}

    for turn in (Bill.first, Bill.second, Bill.third):
        for bill in bills:
            turn(bill)
        if turn is Bill.first:
            for bill in bills:
                if bill.kind == "together":
                    bill.made.append(bill.erp.pay_together({bill.id: None}))
        for _ in range(3):
            office.pass_days(0.6)
        assert [] == list(not_told(office))

    assert {"WITHHOLDING_DIFFERS", "PAYMENT_CHANGED"} <= {
        one["class"] for one in office.json("findings", "list")
    }
