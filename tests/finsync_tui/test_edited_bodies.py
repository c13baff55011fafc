"""A body that a person edits: what may change, what never does, and that all that is told says what was sent."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from importlib import import_module
from typing import Any, cast

import pytest
from pydantic import BaseModel

import adapters
from adapters.base import Adapter, Receipt, WriteRequest
from adapters.errors import OutcomeUnknownError, TransientError
from finsync_tui import actions, bodies, delivery
from finsync_tui.actor import Actor
from store import leases, outbox
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_purchase_order
from tests.finsync_tui.flows.desk import SOURCE, TARGET, Desk

ANALYST = Actor("maria", "cli")


def every_operation() -> list[str]:
    return sorted(
        {
            operation
            for name in adapters.names()
            for capability in adapters.manifest(name).capabilities
            for operation in capability.operations
        }
    )


@pytest.mark.parametrize("operation", every_operation())
def test_every_operation_says_what_its_look_up_rests_on(operation: str) -> None:
    """An operation without such a row could be edited into a second document."""
    assert operation in bodies.IDENTITY


@pytest.mark.parametrize(
    ("operation", "path"),
    [(operation, path) for operation, paths in bodies.IDENTITY.items() for path in paths],
)
def test_what_a_look_up_rests_on_is_a_field_of_its_contract(operation: str, path: str) -> None:
    """A place that its document does not have would protect nothing."""
    name, *rest = path.split(".")
    if name not in bodies.DOCUMENTS or not rest:
        return
    module, contract = bodies.DOCUMENTS[name]
    shape: Any = getattr(import_module(f"store.canonical.{module}"), contract)
    for part in rest:
        if part == "*":
            continue
        assert issubclass(shape, BaseModel)
        assert part in shape.model_fields, path
        inner = [
            a for a in getattr(shape.model_fields[part].annotation, "__args__", ()) if isinstance(a, type)
        ]
        shape = inner[0] if inner else shape


PLAIN = {
    "order.submit": {"marker": "coupa:1", "number": "7"},
    "order.cancel": {"marker": "coupa:1", "reason": "no need"},
    "order.write_back": {"fields": {"erp_number": "7", "erp_status": "open"}},
    "invoice.hold": {"number": "7", "name": "Price", "reason": "too high"},
    "invoice.dispute": {},
    "invoice.record_payment": {"amount": "-1.00", "currency": "EUR", "paid_on": "2026-01-05", "note": "n", "is_paid": False},
    "supplier_remit_to.change": {"remit_to": [{"code": "A", "name": "N", "is_active": True}], "was": ["A"]},
    "list_item.load": {"list": "cc", "items": [{"code": "1", "name": "n", "parents": [], "is_active": True}]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "edit", "told"),
    [
        ("order.submit", {"number": "8"}, "`number` stays"),
        ("order.cancel", {"marker": "coupa:2"}, "`marker` stays"),
        ("order.cancel", {"reason": "twice"}, None),
        ("order.cancel", {"reason": 5}, "reason must be text, not a number"),
        ("order.cancel", {"reson": "x"}, "nothing is called reson"),
        ("order.write_back", {"fields": {"erp_number": "8", "erp_status": "open"}}, "`fields.erp_number` stays"),
        ("order.write_back", {"fields": {"erp_number": "7"}}, "fields.erp_status is missing"),
        ("order.write_back", {"fields": {"erp_number": "7", "erp_status": "closed"}}, None),
        ("invoice.hold", {"name": "Other"}, "`name` stays"),
        ("invoice.dispute", {"reason": "price"}, None),
        ("invoice.record_payment", {"note": "other"}, "`note` stays"),
        ("invoice.record_payment", {"amount": "-2.00"}, "`amount` stays"),
        ("supplier_remit_to.change", {"remit_to": [{"code": "B", "name": "N", "is_active": True}]}, "code` stays"),
        ("supplier_remit_to.change", {"remit_to": [{"code": "A", "name": "M", "is_active": "no"}]}, "true or false"),
        ("supplier_remit_to.change", {"remit_to": [{"code": "A", "name": "M", "is_active": False}]}, None),
        ("list_item.load", {"items": []}, "`items.*.code` stays"),
        ("wire.money", {}, "nobody knows by what wire.money is found again"),
    ],
)  # fmt: skip
def test_an_edit_keeps_what_it_is_found_by_and_the_shape(
    operation: str, edit: dict[str, Any], told: str | None
) -> None:
    """Each operation has its own identity; everything else may be corrected in its own kind."""
    before = PLAIN.get(operation, {})

    found = bodies.problem(operation, json.dumps(before), json.dumps(before | edit))

    assert (found is None) if told is None else (found is not None and told in found)


def test_what_an_older_edit_made_of_the_identity_is_not_sent() -> None:
    """A store may hold an edit from before this rule: its marks are those that were decided, whatever it says."""
    before = {"commitment": {"marker": "coupa:1", "number": "1", "description": "a"}}
    after = {"commitment": {"marker": "x", "ledger": "L", "description": "b"}}

    sent = json.loads(bodies.to_send("order.create", json.dumps(before), json.dumps(after)))

    assert {"commitment": {"marker": "coupa:1", "number": "1", "description": "b"}} == sent
    assert {"items": [{"code": "1"}]} == json.loads(
        bodies.to_send("list_item.load", '{"items": [{"code": "1"}]}', '{"items": [{"code": "2"}]}')
    )
    assert "{}" == bodies.to_send("order.create", "{}", None)


class Erp:
    """An ERP that keeps orders by their mark, loses its first answer, and then can not be asked for a while."""

    system = TARGET

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.is_away = True

    async def find(self, request: WriteRequest) -> Receipt | None:
        if self.is_away and self.orders:
            raise TransientError(self.system, "500", status=500)  # about this document, as far as one knows
        return (
            Receipt("3001", was_found=True) if request.body["commitment"]["marker"] in self.orders else None
        )

    async def write(self, request: WriteRequest) -> Receipt:
        self.orders.append(request.body["commitment"]["marker"])
        if len(self.orders) == 1:
            raise OutcomeUnknownError(self.system, "no answer")
        return Receipt("3002")


def a_lost_order() -> tuple[Desk, Erp, int]:
    """The ERP holds the order, nobody knows it, and its delivery is a dead letter."""
    desk, erp = Desk(), Erp()
    desk.lease = leases.acquire(desk.store, "test:2:2", timedelta(days=365), MONDAY + timedelta(days=2))
    desk.order(a_purchase_order())
    for _ in range(40):
        deliver(desk, erp)
        desk.clock.advance(timedelta(hours=2))
    desk.run()
    (held,) = outbox.of_document(desk.store.db, "purchase_order", f"{SOURCE}:4711")
    assert ("buried", True, 1) == (held.state, held.is_outcome_unknown, len(erp.orders))
    return desk, erp, held.entry_id


def deliver(desk: Desk, erp: Erp) -> None:
    asyncio.run(
        delivery.deliver_due(
            desk.store, {TARGET: cast("Adapter", erp)}, desk.profile, desk.clock, desk.lease.token
        )
    )


def test_an_edited_mark_never_makes_a_second_order() -> None:
    """Its answer was lost: it is found by the mark it was sent under, and an edit of that mark is refused."""
    desk, erp, entry = a_lost_order()
    body = json.loads(outbox.get(desk.store.db, entry).body)  # type: ignore[union-attr]
    body["commitment"]["marker"] = "coupa:another"
    with pytest.raises(NotAllowedError, match="so that it is never made twice"):
        actions.replay_deliveries(desk.store, ANALYST, [entry], "typo", json.dumps(body))

    with desk.store.transaction() as db:  # as a release before this rule let it be
        outbox.replay(db, [entry], desk.now, edited_body=json.dumps(body))
    erp.is_away = False
    deliver(desk, erp)

    assert 1 == len(erp.orders)
    assert "delivered" == outbox.get(desk.store.db, entry).state  # type: ignore[union-attr]


def total_told(desk: Desk) -> tuple[object, int]:
    """Return what the event and the totals say."""
    row = desk.store.db.execute(
        "SELECT data FROM event WHERE type LIKE '%commitment.created%' ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    told = json.loads(row[0])["total"]["amount_minor"]
    summed = desk.store.db.execute("SELECT sum(amount_minor) FROM commitment_line").fetchone()[0]
    return told, summed


def test_an_edited_amount_is_what_event_and_totals_say() -> None:
    """The ERP was sent 99.00: nothing says what was decided before."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer("refused", case_class="REJECTED")
    (held,) = outbox.of_document(desk.store.db, "purchase_order", f"{SOURCE}:4711")
    text = json.dumps(json.loads(held.body)).replace('"amount_minor": 10100', '"amount_minor": 9900')
    assert text.count("9900") == 3

    actions.replay_deliveries(desk.store, ANALYST, [held.entry_id], "the offer was lower", text)
    desk.run()
    desk.answer()
    desk.answer()
    desk.erp_shows(a_purchase_order())

    assert (9900, 9900) == total_told(desk)


def test_what_was_found_is_told_as_it_was_sent() -> None:
    """The first answer was lost, the edit came after: the ERP holds what it was sent then."""
    desk, erp, entry = a_lost_order()
    text = json.dumps(json.loads(outbox.get(desk.store.db, entry).body))  # type: ignore[union-attr]
    edited = text.replace('"amount_minor": 10100', '"amount_minor": 9900')
    actions.replay_deliveries(desk.store, ANALYST, [entry], "the offer was lower", edited)
    erp.is_away = False
    deliver(desk, erp)

    assert outbox.sent_edit(desk.store.db, entry) is None
