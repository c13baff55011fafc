"""A supplier that is blocked with documents under way: payments are held in the ERP, released again, and documents say so."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import WriteRequest
from finsync_tui import actions
from finsync_tui.flows import suppliers
from finsync_tui.flows.order import commitment
from finsync_tui.flows.steps import Context, Facts, Hold
from store import crossrefs, records, workflows
from tests.adapters.oracle_finance import FinanceWorld, an_invoice
from tests.builders import MONDAY, a_purchase_order, a_supplier
from tests.finsync_tui.flows.desk import SOURCE, TARGET, Desk
from tests.finsync_tui.flows.invoice_desk import InvoiceDesk, a_free_line
from tests.finsync_tui.flows.invoice_desk import an_invoice as an_invoice_of_free_lines
from tests.finsync_tui.suppliers.test_onboarding import GB, Onboarding

NAME = "SUPPLIER BLOCKED"


class Blocked(Onboarding):
    """A supplier with one invoice that Oracle has posted and not paid."""

    erp = FinanceWorld

    def __init__(self, **suppliers: Any) -> None:
        super().__init__(**suppliers)
        self.made = self.new(**{"tax-id": GB})
        self.cycle()
        twin = self.twin(self.made)
        number = str(twin["SupplierNumber"])
        posted = an_invoice("INV-1", supplier_number=number, reference=f"{SOURCE}:88")
        request = WriteRequest("invoice.create", "INV-1", None, {"invoice": posted.model_dump(mode="json")})
        self.erp_id = asyncio.run(self.oracle.adapter.write(request)).external_id
        invoice = an_invoice("INV-1", supplier_number=number, supplier_id=str(self.made))
        with self.store.transaction() as db:
            records.put_page(db, invoice.entity, SOURCE, [records.Incoming("88", invoice, b"{}")], MONDAY)
            crossrefs.link(
                db,
                invoice.entity,
                f"{SOURCE}:88",
                TARGET,
                str(self.erp_id),
                number="INV-1",
                why="created",
                linked_at=MONDAY,
            )
            workflows.start(
                db, flow="invoice_to_payment", kind="post", entity=invoice.entity, document_key=f"{SOURCE}:88",
                document_number="INV-1", document_version=1, document_revision="1", step="await_payment", state="waiting",
                now=MONDAY,
            )  # fmt: skip

    def sent(self) -> list[tuple[str, str]]:
        rows = self.store.db.execute(
            "SELECT operation, body FROM outbox_entry WHERE operation LIKE 'invoice.%' ORDER BY id"
        )
        return [(operation, json.loads(body)["name"]) for operation, body in rows]

    def told(self) -> list[str]:
        rows = self.store.db.execute("SELECT message FROM finding WHERE class='SUPPLIER_BLOCKED' ORDER BY id")
        return [row[0] for row in rows]

    def holds(self) -> list[tuple[str, bool]]:
        """Return the holds that Oracle has of the invoice: their names, and whether they are released."""
        rows = self.oracle.simulator.world.tables["invoiceHolds"]
        return [(str(row.data["HoldName"]), bool(row.data.get("ReleaseName"))) for row in rows]


def test_what_is_posted_is_held_in_the_erp_and_released_with_the_block() -> None:
    """With the name that the profile gives; the document says that its payment is held."""
    estate = Blocked(blocked_hold=NAME)

    estate.change(estate.made, **{"on-hold": True})
    blocked = estate.holds()
    estate.change(estate.made, **{"on-hold": False})

    assert [(NAME, False)] == blocked
    assert [(NAME, True)] == estate.holds()
    assert [("invoice.hold", NAME), ("invoice.release", NAME)] == estate.sent()
    (message,) = estate.told()
    assert message.endswith("this document is under way and its payment is held")
    assert [] == estate.open_classes


def test_without_a_hold_in_the_profile_nothing_is_held_and_it_says_that_it_goes_on() -> None:
    estate = Blocked()

    estate.change(estate.made, **{"on-hold": True})

    (message,) = estate.told()
    assert ([], []) == (estate.holds(), estate.sent())
    assert message.endswith("this document is under way and goes on")


def test_a_hold_that_the_erp_refuses_is_an_exception() -> None:
    """A name that Oracle does not know."""
    estate = Blocked(blocked_hold=NAME)
    settings = estate.oracle.simulator.world.settings
    estate.oracle.simulator.world.settings = replace(settings, hold_names=frozenset(("AUDIT",)))
    estate.change(estate.made, **{"on-hold": True})

    assert 1 == len(estate.open_classes)
    assert [] == estate.told()


def test_a_document_of_a_blocked_supplier_stops_where_the_profile_says_so() -> None:
    """With the reason and the way out; where it says nothing, it passes."""
    seen = []
    for how in ("stop", "tell"):
        estate = Blocked(blocked=how)
        estate.change(estate.made, **{"on-hold": True})
        flow = workflows.of_document(estate.store.db, f"{SOURCE}:88")[-1]
        facts = Facts(profile=estate.profile, tables={}, policy_version="p/1", mapping_version="")
        with estate.store.transaction() as db:
            context = Context(db, estate.clock.now() + timedelta(minutes=1), facts, flow, {})
            setup = estate.profile.legal_entities["DE01"]
            found = suppliers.confirm(context, setup, str(estate.made), None, "Harbour")
        seen.append(found.class_ if isinstance(found, Hold) else found.proof)

    assert ["SUPPLIER_ON_HOLD", "linked"] == seen


@pytest.mark.parametrize(
    ("policy", "sent", "state"),
    [
        ({"blocked": "stop"}, False, "held"),
        ({"blocked_hold": NAME}, False, "waiting"),
        ({}, True, "waiting"),
    ],
)
def test_an_invoice_that_waited_for_goods_is_not_posted_after_the_block(
    policy: dict[str, Any], sent: bool, state: str
) -> None:
    """It had passed the check of its supplier before; lifting the block lets it go on."""
    desk = InvoiceDesk(match={"receipt_patience": "P10D"})
    rules = desk.profile.suppliers.model_copy(update=policy)
    desk.profile = desk.profile.model_copy(update={"suppliers": rules})
    desk.order()
    desk.invoice()
    desk.put(SOURCE, "501", a_supplier(sites=(), status="on_hold"))
    desk.receive()
    found = ("invoice.create" in desk.sent, desk.flow("I1").state)
    desk.put(SOURCE, "501", a_supplier(sites=()))
    if state == "held":
        desk.retry()
    desk.wait(hours=7)

    assert (sent, state) == found
    assert "invoice.create" in desk.sent


def test_an_invoice_that_was_on_its_way_is_not_validated_while_its_supplier_is_blocked() -> None:
    """Nothing there held it when the block came: the ERP pays only what is validated."""
    desk = InvoiceDesk()
    rules = desk.profile.suppliers.model_copy(update={"blocked_hold": NAME})
    desk.profile = desk.profile.model_copy(update={"suppliers": rules})
    desk.invoice(an_invoice_of_free_lines(a_free_line()))
    desk.put(SOURCE, "501", a_supplier(sites=(), status="on_hold"))
    desk.answer()
    blocked = (desk.step(), desk.pending)
    desk.put(SOURCE, "501", a_supplier(sites=()))
    desk.wait(hours=7)

    assert ("validate", []) == blocked
    assert ["invoice.validate"] == desk.pending


def test_an_order_that_was_checked_before_the_block_is_not_sent() -> None:
    """Its cost centre was missing when it was looked at first; its supplier is blocked by the time it is there."""
    desk = Desk()
    rules = desk.profile.suppliers.model_copy(update={"blocked": "stop"})
    desk.profile = desk.profile.model_copy(update={"suppliers": rules})
    desk.order(a_purchase_order())
    flow = desk.workflow
    desk.put(SOURCE, "501", a_supplier(sites=(), status="on_hold"))
    facts = Facts(profile=desk.profile, tables={}, policy_version="p/1", mapping_version="")
    with desk.store.transaction() as db:
        answer = commitment.request_commitment(Context(db, desk.now, facts, flow, dict(flow.data)))

    assert isinstance(answer, Hold)
    assert "SUPPLIER_ON_HOLD" == answer.class_


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        ({}, "goes on"),
        ({"blocked": "stop"}, "not posted before"),
        ({"blocked_hold": NAME}, "not posted before"),
    ],
)
def test_what_no_erp_has_yet_says_what_becomes_of_it(policy: dict[str, Any], word: str) -> None:
    estate = Blocked(**policy)
    with estate.store.transaction() as db:
        crossrefs.unlink(db, "invoice", f"{SOURCE}:88", TARGET)

    estate.change(estate.made, **{"on-hold": True})

    (message,) = estate.told()
    assert word in message


def test_a_block_that_is_given_up_releases_what_it_held() -> None:
    estate = Blocked(blocked_hold=NAME)
    document = estate.coupa.simulator.document("suppliers", estate.made)
    estate.clock.advance(timedelta(minutes=1))
    estate.coupa.simulator.put("suppliers", {**document, "on-hold": True})
    estate.clock.advance(timedelta(minutes=5))
    estate.read()
    estate.deliver()
    flow = workflows.of_document(estate.store.db, f"{SOURCE}:{estate.made}")[-1]

    actions.abort_workflow(estate.store, estate.who(), flow.id, "blocked by mistake")
    estate.settle()

    assert [(NAME, True)] == estate.holds()


class Incomplete(Blocked):
    """Its supplier is linked with Oracle's, and its onboarding waits for somebody to complete it."""

    def new(self, name: str = "Harbour Paper Trading Ltd", **changes: Any) -> int:
        there = self.oracle_supplier(name)
        row = self.oracle.simulator.world.row("suppliers", there)
        assert row is not None
        made = self.coupa_supplier(name, number=row.data["SupplierNumber"])
        self.cycle()
        with self.store.transaction() as db:
            crossrefs.link(
                db, "supplier", f"{SOURCE}:{made}", TARGET, str(there), number=row.data["SupplierNumber"], why="number",
                linked_at=MONDAY,
            )  # fmt: skip
        return made


def test_what_is_posted_is_held_also_before_its_supplier_was_onboarded() -> None:
    """It is found by its number; lifting the block releases the hold, and what its onboarding waits for is asked again."""
    estate = Incomplete(blocked_hold=NAME)
    before = estate.open_classes

    estate.change(estate.made, **{"on-hold": True})
    blocked = estate.holds()
    estate.change(estate.made, **{"on-hold": False})
    lifted = (estate.holds(), estate.open_classes)
    estate.change(estate.made, **{"tax-id": GB})

    assert ["SUPPLIER_INCOMPLETE"] == before
    assert [(NAME, False)] == blocked
    assert ([(NAME, True)], ["SUPPLIER_INCOMPLETE"]) == lifted
    assert [] == estate.open_classes
    assert "onboard" == workflows.of_document(estate.store.db, f"{SOURCE}:{estate.made}")[-1].kind
