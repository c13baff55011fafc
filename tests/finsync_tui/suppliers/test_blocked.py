"""A supplier that is blocked with documents under way: payments are held in the ERP, released again, and documents say so."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.base import WriteRequest
from finsync_tui import actions
from finsync_tui.flows import suppliers
from finsync_tui.flows.steps import Context, Facts, Hold
from store import crossrefs, records, workflows
from tests.adapters.oracle_finance import FinanceWorld, an_invoice
from tests.builders import MONDAY
from tests.finsync_tui.flows.desk import SOURCE, TARGET
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
