"""Requisitions, receipts and invoices of the simulated Coupa: what leads where, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.coupa.simulator import Settings
from tests.adapters.test_coupa_simulator import Instance


def an_instance(**settings: Any) -> Instance:
    """Return a Coupa with a chart, an account, a supplier and an order over four boxes and a flat delivery."""
    instance = Instance(Settings(**settings))
    put = instance.coupa.put
    put("currencies", {"code": "EUR", "decimals": 2})
    put("account_types", {"name": "DE", "active": True})
    put("accounts", {"account-type": {"name": "DE"}, "segment-1": "01", "segment-2": "420"})
    put("suppliers", {"name": "Harbour", "number": "V-1", "status": "active"})
    put("purchase_orders", an_order())
    return instance


def an_order() -> dict[str, Any]:
    currency = {"code": "EUR"}
    boxes = {
        "type": "OrderQuantityLine",
        "quantity": "4",
        "price": "25.00",
        "total": "100.00",
        "currency": currency,
    }
    flat = {"type": "OrderAmountLine", "price": "30.00", "total": "30.00", "currency": currency}
    return {
        "po-number": "PO-1",
        "currency": currency,
        "supplier": {"number": "V-1"},
        "order-lines": [boxes, flat],
    }


def line_ids(instance: Instance) -> list[int]:
    return [line["id"] for line in instance.coupa.order("PO-1")["order-lines"]]


def a_draft(instance: Instance, **changes: Any) -> dict[str, Any]:
    """Create an invoice of two boxes by the API."""
    line = {
        "type": "InvoiceQuantityLine",
        "quantity": "2",
        "price": "25.00",
        "order-line-id": line_ids(instance)[0],
    }
    body = {
        "invoice-number": "INV-1",
        "invoice-date": "2026-03-01",
        "supplier": {"number": "V-1"},
        "currency": {"code": "EUR"},
        "tax-amount": "9.50",
        "invoice-lines": [line],
        **changes,
    }
    answer = instance.call("POST", "/api/invoices", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def act(instance: Instance, invoice: dict[str, Any], action: str, **request: Any) -> Any:
    return instance.call("PUT", f"/api/invoices/{invoice['id']}/{action}", **request)


def test_an_invoice_is_drafted_submitted_approved_and_voided() -> None:
    """By its approver; what is invoiced is counted on the order line, and taken off again."""
    instance = an_instance()
    draft = a_draft(instance)
    assert ("draft", "59.50", "PO-1") == (
        draft["status"],
        draft["total-with-taxes"],
        draft["invoice-lines"][0]["po-number"],
    )

    submitted = act(instance, draft, "submit").json()
    (approval,) = instance.get("approvals", approvable_id=draft["id"])
    instance.coupa.decide(approval["id"], "approve", by="amy")
    approved = instance.get(f"invoices/{draft['id']}")
    invoiced = instance.coupa.order("PO-1")["order-lines"][0]["invoiced"]
    voided = act(instance, draft, "void").json()

    assert ["pending_approval", "approved", "voided"] == [x["status"] for x in (submitted, approved, voided)]
    assert ("2.000000", "0.000000") == (invoiced, instance.coupa.order("PO-1")["order-lines"][0]["invoiced"])
    assert (True, False) == (voided["canceled"], voided["exported"])


def test_three_way_matching_waits_for_the_receipt() -> None:
    """An invoice over more than has arrived is pending receipt."""
    instance = an_instance()
    instance.coupa.put(
        "suppliers", {"id": 1, "name": "Harbour", "number": "V-1", "invoice-matching-level": "3-way"}
    )
    draft = a_draft(instance)

    waiting = act(instance, draft, "submit").json()["status"]
    instance.coupa.receive("PO-1")
    other = a_draft(instance, **{"invoice-number": "INV-2"})

    assert "pending_receipt" == waiting
    assert "pending_approval" == act(instance, other, "submit").json()["status"]


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("approved", "submit"),
        ("rejected", "void"),
        ("voided", "void"),
        ("approved", "abandon"),
        ("draft", "dispute"),
        ("approved", "withdraw_dispute"),
        ("draft", "bypass_approvals"),
        ("approved", "restart_approvals"),
    ],
)
def test_an_action_that_the_state_forbids_is_400(status: str, action: str) -> None:
    """With a sentence that names the state."""
    instance = an_instance()
    invoice = instance.coupa.set_invoice_status(a_draft(instance)["id"], status)

    answer = act(instance, invoice, action)

    assert 400 == answer.status_code
    assert f"from status {status}" in answer.json()["errors"]["invoice_header"][0]


@pytest.mark.parametrize(
    ("action", "status"),
    [("bypass_approvals", "approved"), ("bypass_current_approval", "approved"), ("abandon", "abandoned")],
)
def test_a_pending_invoice_can_be_moved_past_its_approver(action: str, status: str) -> None:
    """By those whose scope allows it."""
    instance = an_instance()
    draft = a_draft(instance)
    act(instance, draft, "submit")

    assert status == act(instance, draft, action).json()["status"]


def test_a_rejected_invoice_is_asked_for_again() -> None:
    """Restarting makes a new approval beside the rejected one."""
    instance = an_instance()
    draft = a_draft(instance)
    act(instance, draft, "submit")
    (approval,) = instance.get("approvals", approvable_id=draft["id"])
    instance.coupa.decide(approval["id"], "reject", by="amy", reason="too dear")

    restarted = act(instance, draft, "restart_approvals").json()

    assert "pending_approval" == restarted["status"]
    assert ["rejected", "pending_approval"] == [
        a["status"] for a in instance.get("approvals", approvable_id=draft["id"])
    ]


def test_payments_append_whatever_was_there() -> None:
    """The same one twice is two payments; `paid` and its date are overwritten; what is due follows."""
    instance = an_instance()
    invoice = instance.coupa.approve_invoice(a_draft(instance)["id"])
    body = {
        "paid": False,
        "payments": [{"amount_paid": "20.00", "check-number": "CHK-1", "payment-date": "2026-03-02"}],
    }

    for _ in range(2):
        instance.put(f"invoices/{invoice['id']}", body)

    held = instance.get(f"invoices/{invoice['id']}")
    assert ["CHK-1", "CHK-1"] == [one["notes"] for one in held["payments"]]
    assert ("19.50", False) == (held["amount-due"], held["paid"])


@pytest.mark.parametrize(
    ("payment", "sentence"),
    [
        ({"amount-paid": "1.23456"}, "Amount paid must have at most 4 decimal places and 28 digits before"),
        (
            {"amount-paid": "1" + "0" * 28},
            "Amount paid must have at most 4 decimal places and 28 digits before",
        ),
        ({"amount-paid": "NaN"}, "Amount paid must have at most 4 decimal places and 28 digits before"),
        ({"amount-paid": "abc"}, "Amount paid is not a number"),
        ({"amount-paid": "1.00", "notes": "n" * 256}, "Notes is too long (maximum is 255 characters)"),
    ],
)
def test_a_payment_that_its_columns_do_not_hold_is_refused_whole(
    payment: dict[str, Any], sentence: str
) -> None:
    """decimal(32,4) and 255 characters; the flag of the same request is not set either."""
    instance = an_instance()
    invoice = instance.coupa.approve_invoice(a_draft(instance)["id"])
    body = {"paid": True, "payments": [payment]}

    refused = instance.call("PUT", f"/api/invoices/{invoice['id']}", json=body, is_judged=False)

    held = instance.get(f"invoices/{invoice['id']}")
    assert (400, [sentence]) == (refused.status_code, refused.json()["errors"]["invoice_header"])
    assert ([], False) == (held["payments"], bool(held["paid"]))


def test_payments_are_taken_in_either_shape() -> None:
    """A list, or the same wrapped twice; and shown as the instance does."""
    instance = an_instance(wraps_payments=True)
    invoice = instance.coupa.approve_invoice(a_draft(instance)["id"])

    instance.put(
        f"invoices/{invoice['id']}", {"payments": {"payments": {"payment": [{"amount-paid": "1.00"}]}}}
    )

    assert ["1.0000"] == [
        x["amount-paid"] for x in instance.get(f"invoices/{invoice['id']}")["payments"]["payments"]["payment"]
    ]


def test_an_approved_invoice_changes_in_what_may_change_only() -> None:
    """Everything but payments and custom fields is ignored without a word."""
    instance = an_instance()
    invoice = instance.coupa.approve_invoice(a_draft(instance)["id"])

    body = {"invoice-number": "X", "tax-amount": "0", "custom-fields": {"cf-erp-invoice-number": "9"}}
    answer = instance.put(f"invoices/{invoice['id']}", body)

    assert ("INV-1", "9.50", {"cf-erp-invoice-number": "9"}) == (
        answer["invoice-number"],
        answer["tax-amount"],
        answer["custom-fields"],
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"invoice-number": None}, "Invoice number can't be blank"),
        ({}, "Invoice number has already been taken"),
        ({"invoice-number": "INV-2", "currency": {"code": "XXX"}}, "Unable to find valid Currency"),
        ({"invoice-number": "INV-2", "payments": [{"amount-paid": "much"}]}, "is not a number"),
    ],
)
def test_an_invoice_that_breaks_a_rule_is_400(changes: dict[str, Any], sentence: str) -> None:
    """A number is the supplier's once; references must mean something."""
    instance = an_instance()
    a_draft(instance)
    body = {"invoice-number": "INV-1", "supplier": {"number": "V-1"}, "currency": {"code": "EUR"}, **changes}

    answer = instance.call("POST", "/api/invoices", json=body)

    assert 400 == answer.status_code
    assert sentence in answer.text


def test_each_action_wants_its_own_scope() -> None:
    """Whoever may write an invoice may not void it, nor pass by its approvers, nor make one."""
    instance = an_instance()
    draft = a_draft(instance)
    token = instance.new_token("core.invoice.read core.invoice.write")["access_token"]
    headers = instance.headers | {"Authorization": f"Bearer {token}"}

    allowed = [
        act(instance, draft, action, headers=headers).status_code
        for action in ("void", "bypass_approvals", "restart_approvals", "submit")
    ]

    assert [403, 403, 403, 200] == allowed


def test_receipts_count_on_the_order_and_come_back_off() -> None:
    """Part, rest, return, disposal, void: each is a transaction of its own, and the order line says what is left."""
    instance = an_instance()
    coupa = instance.coupa

    first = coupa.receive("PO-1", quantity="3")
    coupa.receive("PO-1")
    coupa.give_back(first["id"], "1")
    coupa.dispose(first["id"], "1")
    void = coupa.void_receipt(first["id"])

    types = [one["type"].removeprefix("Receiving") for one in coupa.documents("receiving_transactions")]
    assert ["QuantityConsumption"] * 2 == types[:2]
    assert ["QuantityReturnToSupplier", "QuantityDisposal", "VoidReceivingQuantityConsumption"] == types[2:]
    assert first["id"] == void["original-transaction-id"]
    assert Decimal(0) == Decimal(coupa.order("PO-1")["order-lines"][0]["received"])


def test_a_line_ordered_by_amount_is_received_by_amount() -> None:
    """It has a total and no quantity."""
    instance = an_instance()

    receipt = instance.coupa.receive("PO-1", "2", amount="12.00")

    assert ("ReceivingAmountConsumption", None, "12.00") == (
        receipt["type"],
        receipt["quantity"],
        receipt["total"],
    )


def test_receipts_are_made_found_and_voided_by_the_api() -> None:
    """By order line; only the export flag may be changed afterwards."""
    instance = an_instance()
    body = {"order-line": {"id": line_ids(instance)[0]}, "quantity": "2", "transaction-date": "2026-03-01"}
    made = instance.call("POST", "/api/receiving_transactions", json=body).json()

    (found,) = instance.get("receiving_transactions", **{"order-line[order-header-id]": 1})
    unchanged = instance.put(f"receiving_transactions/{made['id']}", {"quantity": "9"})
    voided = instance.call("PUT", f"/api/receiving_transactions/{made['id']}/void").json()

    assert (made["id"], "PO-1") == (found["id"], found["order-line"]["order-header-number"])
    assert ("2.000000", "2.000000") == (unchanged["quantity"], voided["voided-value"])
    assert 400 == instance.call("PUT", f"/api/receiving_transactions/{made['id']}/void").status_code


def test_a_requisition_becomes_an_order_a_supplier() -> None:
    """When the last of its approvers has said yes; its lines name the order lines they became."""
    instance = an_instance()
    coupa = instance.coupa
    coupa.put("suppliers", {"name": "Nordic", "number": "V-2", "status": "active"})
    lines = [
        {
            "description": name,
            "quantity": "1",
            "unit-price": "5.00",
            "currency": {"code": "EUR"},
            "supplier": {"number": number},
        }
        for name, number in (("Pen", "V-1"), ("Nail", "V-2"), ("Ink", "V-1"))
    ]
    wish = coupa.put(
        "requisitions", {"status": "draft", "currency": {"code": "EUR"}, "requisition-lines": lines}
    )
    coupa.submit_requisition(wish["id"], ["amy", "bob"])
    approvals = [one["id"] for one in instance.get("approvals", approvable_id=wish["id"])]

    coupa.decide(approvals[0], "approve", by="amy")
    between = instance.get(f"requisitions/{wish['id']}")["status"]
    coupa.decide(approvals[1], "approve", by="bob")

    orders = coupa.documents("purchase_orders")[1:]
    after = instance.get(f"requisitions/{wish['id']}")
    assert ("pending_approval", "ordered", "15.0000") == (between, after["status"], after["total"])
    assert [["Pen", "Ink"], ["Nail"]] == [[x["description"] for x in one["order-lines"]] for one in orders]
    assert {x["order-line-id"] for x in after["requisition-lines"]} == {
        x["id"] for o in orders for x in o["order-lines"]
    }


def test_a_rejected_requisition_makes_no_order() -> None:
    """One no is enough; a hand may approve it all the same."""
    instance = an_instance()
    line = {"quantity": "1", "unit-price": "5.00", "currency": {"code": "EUR"}}
    wish = instance.coupa.put("requisitions", {"status": "draft", "requisition-lines": [line]})
    instance.coupa.submit_requisition(wish["id"], ["amy"])
    (approval,) = instance.get("approvals", approvable_id=wish["id"])

    instance.coupa.decide(approval["id"], "reject", by="amy")

    assert "rejected" == instance.get(f"requisitions/{wish['id']}")["status"]
    assert 1 == len(instance.coupa.approve_requisition(wish["id"]))


def test_an_instance_with_invoices_goes_on_from_what_was_written_down() -> None:
    """Documents, and where a disputed invoice was before."""
    instance, other = an_instance(), Instance()
    invoice = instance.coupa.approve_invoice(a_draft(instance)["id"])
    instance.coupa.dispute_invoice(invoice["id"], "OTHER")

    other.coupa.load(instance.coupa.dump())

    assert instance.coupa.documents("invoices") == other.coupa.documents("invoices")
    assert "approved" == other.coupa.settle_dispute(invoice["id"])["status"]
