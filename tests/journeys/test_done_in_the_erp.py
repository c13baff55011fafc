"""What people do in the ERP by hand, with a real engine and real simulators: payments of every kind, and changed orders."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from adapters import oracle_fusion
from adapters.base import WriteRequest
from adapters.oracle_fusion.simulator import OracleFusionSimulator
from adapters.oracle_fusion.simulator_payments import unpaid
from adapters.oracle_fusion.simulator_rows import Row
from finsync_tui.profile import load
from finsync_tui.rehearse import systems, world
from finsync_tui.settings import load_workspace
from store import open_store, records
from store.canonical.budget import Commitment
from store.canonical.money import Money
from store.clock import SystemClock
from tests.adapters.held_secrets import HeldSecrets
from tests.journeys.test_breaks_mended import KEYS, Office

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


def change_by_hand(office: Office, asked: Commitment, factor: int) -> None:
    """Have a buyer change the first line of an issued order in the ERP, and the ERP approve it."""
    system, external_id = order_of(office, asked)
    erp, connection = office.world.systems.erps[system], load(load_workspace(office.path)).systems[system]
    secrets = HeldSecrets(system, {"user": systems.ERP_USER, "password": KEYS.erp})
    adapter = oracle_fusion.connect(
        system, connection, secrets, SystemClock(), transport=httpx.ASGITransport(erp.app)
    )
    first, *others = asked.lines
    more = Money(amount_minor=first.amount.amount_minor * factor, currency=asked.currency)
    parts = more.split([one.amount.amount_minor for one in first.distributions])
    charged = tuple(
        one.model_copy(update={"amount": part, "quantity": one.quantity and one.quantity * factor})
        for one, part in zip(first.distributions, parts, strict=True)
    )
    line = first.model_copy(
        update={
            "amount": more,
            "quantity": first.quantity and first.quantity * factor,
            "distributions": charged,
        }
    )
    changed = asked.model_copy(update={"lines": (line, *others), "total": asked.total - first.amount + more})

    async def work() -> None:
        body = {"commitment": changed.model_dump(mode="json")}
        done = await adapter.write(WriteRequest("order.change", "by hand", external_id, body))
        body = {"marker": asked.marker, "number": done.number or ""}
        await adapter.write(WriteRequest("order.submit", "by hand, too", external_id, body))
        await adapter.aclose()

    asyncio.run(work())


def order_of(office: Office, asked: Commitment) -> tuple[str, str]:
    with open_store(office.path / "finsync.db", SystemClock()) as store:
        row = store.db.execute(
            "SELECT system, external_id FROM crossref WHERE entity='purchase_order' AND document_key=?",
            (asked.order_key,),
        ).fetchone()
    return str(row[0]), str(row[1])


def done_orders(office: Office) -> list[Commitment]:
    """Return what was asked of the ERPs for orders that are done there and not invoiced: small ones first, which budgets bear twice."""
    with open_store(office.path / "finsync.db", SystemClock()) as store:
        keys = store.db.execute(
            "SELECT document_key FROM workflow WHERE flow='requisition_to_pay' AND state='done' AND kind='create'"
            " AND document_key NOT IN (SELECT document_key FROM commitment_relief) ORDER BY 1"
        )
        held = (records.get(store.db, Commitment, "finsync", key) for (key,) in keys.fetchall())
        return sorted((one.record for one in held if one is not None), key=lambda one: one.total.amount_minor)


def standing(office: Office, asked: Commitment) -> tuple[str, int, int]:
    """Return what Coupa reads of an order, and what it comes to in minor units: as promised here, and in the ERP."""
    system, external_id = order_of(office, asked)
    erp = next(
        one for one in office.world.systems.erps[system].orders() if str(one["po_header_id"]) == external_id
    )
    orders = office.world.systems.coupa.documents("purchase_orders")
    own = next(one for one in orders if f"coupa:{one['id']}" == asked.order_key)
    with open_store(office.path / "finsync.db", SystemClock()) as store:
        (promised,) = store.db.execute(
            "SELECT sum(amount_minor) FROM commitment_line WHERE document_key=? AND stage='obligation'",
            (asked.order_key,),
        ).fetchone()
    total = sum((Money.of(line["amount"], asked.currency).amount_minor for line in erp["lines"]), 0)
    return str(own["custom-fields"]["cf-erp-status"]), int(promised), total


def test_what_people_do_in_the_erp_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Paid in parts, in other currencies, withheld, void, reissued at another rate, changed, several with one payment: after each
    round Coupa was told what left, to the cent, and what was withheld without a rule is a finding. Two orders that are changed there
    ask a person; one is restored by a retry, the other adopted by resolving it."""
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

    restored, adopted, *_ = done_orders(office)
    for one in (restored, adopted):
        change_by_hand(office, one, 2)
    for _ in range(3):
        office.pass_days(0.6)
    twice = {
        one.number: one.total.amount_minor + one.lines[0].amount.amount_minor for one in (restored, adopted)
    }
    for one in (restored, adopted):
        assert ("Open, line 1 changed", twice[one.number], twice[one.number]) == standing(office, one)
    asked = {
        one["document_number"]: one["id"]
        for one in office.json("exceptions", "list")
        if one["class"] == "ORDER_CHANGED"
    }
    office("exceptions", "retry", asked[restored.number])
    office("exceptions", "resolve", asked[adopted.number], "--reason", "agreed with the buyer")
    for _ in range(3):
        office.pass_days(0.6)
    before = restored.total.amount_minor
    assert ("Open", before, before) == standing(office, restored)
    assert ("Open, line 1 changed", twice[adopted.number], twice[adopted.number]) == standing(office, adopted)

    assert {"ORDER_CHANGED", "WITHHOLDING_DIFFERS", "PAYMENT_CHANGED"} <= {
        one["class"] for one in office.json("findings", "list")
    }
