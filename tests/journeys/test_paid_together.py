"""One payment for two invoices and a credit note, over a real engine and real simulators: each is told its own part, once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.simulation import Document
from finsync_tui.rehearse import world
from finsync_tui.rehearse.editing import _Posted
from tests.journeys.test_breaks_mended import Office
from tests.journeys.test_done_in_the_erp import not_told

SCALE = 0.03
_CENT = Decimal("0.01")


def _like(bill: Document, document_id: int, net: str, day: str) -> Document:
    """Return another bill of the same supplier, of one line, with its tax; a credit note where it is below zero."""
    (tax,) = bill["tax-lines"]
    line = bill["invoice-lines"][0]
    owed = (Decimal(net) * Decimal(tax["rate"]) / 100).quantize(_CENT)
    return {
        **{
            name: bill[name] for name in ("supplier-tax-registration", "line-level-taxation", "custom-fields")
        },
        "id": document_id,
        "invoice-number": f"N-{document_id}",
        "invoice-date": day,
        "document-type": "Credit Note" if net.startswith("-") else "Invoice",
        "status": "pending_approval",
        "supplier": {"number": bill["supplier"]["number"]},
        "account-type": {"name": bill["account-type"]["name"]},
        "currency": {"code": bill["currency"]["code"]},
        "payment-term": {"code": bill["payment-term"]["code"]},
        "ship-to-address": bill["ship-to-address"],
        "ship-from-address": bill["ship-from-address"],
        "tax-lines": [{"code": tax["code"], "rate": tax["rate"], "amount": str(owed)}],
        "invoice-lines": [
            {
                "line-num": 1,
                "type": "InvoiceAmountLine",
                "description": "Servicing",
                "price": net,
                "total": net,
                "currency": {"code": bill["currency"]["code"]},
                "account": {"id": line["account"]["id"]},
                "commodity": line["commodity"],
            }
        ],
    }


def _first_without_an_order(office: Office) -> tuple[_Posted, Document]:
    coupa = office.world.systems.coupa
    for one in office.posted():
        bill = coupa.document("invoices", int(one.document_key.partition(":")[2]))
        if len(bill["tax-lines"]) == 1 and not any(line["po-number"] for line in bill["invoice-lines"]):
            return one, bill
    raise AssertionError("no invoice without an order was posted")


def _told(office: Office, document_ids: dict[str, int]) -> dict[str, list[Decimal]]:
    """Return what Coupa was told of payments, by what each document is."""
    coupa = office.world.systems.coupa
    return {
        name: [Decimal(one["amount-paid"]) for one in coupa.document("invoices", number)["payments"]]
        for name, number in document_ids.items()
    }


def test_a_payment_of_several_is_told_on_each_once_and_taken_back_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Netted, void, and reissued: the records of each document add up to what the ERP says was paid of it."""
    make = world.make
    monkeypatch.setattr(world, "make", lambda seed, _, faults, keys: make(seed, SCALE, faults, keys))
    office = Office(tmp_path, monkeypatch, capsys)
    for one in office.world.systems.erps.values():
        one.finance.payments.stop_runs()
    office.pass_days(30)
    for _ in range(3):
        office.pass_days(1)
    first, bill = _first_without_an_order(office)
    erp, coupa = office.world.systems.erps[first.system], office.world.systems.coupa
    made = {"more": (990001, "100.00"), "credit": (990002, "-40.00")}
    for document_id, net in made.values():
        coupa.put("invoices", _like(bill, document_id, net, str(office.world.now().date())))
        coupa.approve_invoice(document_id)
    for _ in range(3):
        office.pass_days(0.6)
    ids = {"first": bill["id"], **{name: document_id for name, (document_id, _) in made.items()}}
    rows = {
        name: one.row
        for one in office.posted()
        for name, number in ids.items()
        if one.document_key == f"coupa:{number}"
    }
    assert set(ids) == set(rows), office("exceptions", "list")
    owed: dict[str, Any] = {name: row.data["InvoiceAmount"] for name, row in rows.items()}

    payment = erp.pay_together({int(str(row.id)): None for row in rows.values()})
    for _ in range(3):
        office.pass_days(0.6)
    paid = _told(office, ids)
    again = erp.reissue(payment, office.world.now().date() + timedelta(days=1))
    for _ in range(3):
        office.pass_days(0.6)
    reissued = _told(office, ids)
    erp.void(again)
    for _ in range(3):
        office.pass_days(0.6)

    assert {name: [one] for name, one in owed.items()} == paid
    assert {name: [one, -one, one] for name, one in owed.items()} == reissued
    assert {name: [one, -one, one, -one] for name, one in owed.items()} == _told(office, ids)
    assert [] == list(not_told(office))
