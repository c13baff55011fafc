"""Suppliers between Coupa and Oracle, simulated: made once, with what belongs to them, and kept in step by ownership."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from adapters.simulation import Fault
from finsync_tui import actions
from store import crossrefs, records, workflows
from tests.builders import MONDAY, a_purchase_order
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.estate import Estate

GB, GB_OTHER = "GB220430231", "GB980780684"
BOTH = {"supplier.name": SOURCE, "supplier.tax_registrations": SOURCE, "supplier.status": SOURCE}


class Onboarding(Estate):
    """Suppliers begin in Coupa, or where a test says, and shall exist in Oracle."""

    def __init__(self, source: str = SOURCE, **suppliers: Any) -> None:
        target = TARGET if source == SOURCE else SOURCE
        ownership = suppliers.pop("ownership", {})
        super().__init__(
            flows={"supplier_onboarding": {"source": source}},
            suppliers={"create_in": [target], **suppliers},
            ownership=ownership,
        )
        self.coupa.simulator.put(
            "suppliers", {**self.coupa.supplier, "status": "inactive"}
        )  # the world's own one

    def new(self, name: str = "Harbour Paper Trading Ltd", **changes: Any) -> int:
        """Somebody makes a supplier in Coupa, and it is read."""
        made = self.coupa_supplier(name, **{"tax-id": GB, **changes})
        self.cycle()
        return made

    def link(self, supplier_id: int) -> crossrefs.Crossref | None:
        return crossrefs.get(self.store.db, "supplier", f"{SOURCE}:{supplier_id}", TARGET)

    def twin(self, supplier_id: int) -> dict[str, Any]:
        """Return what Oracle holds of it."""
        link = self.link(supplier_id)
        assert link is not None
        return self.oracle_state(int(link.external_id))

    def change(self, supplier_id: int, **changes: Any) -> None:
        """Somebody changes it in Coupa, and that is read."""
        self.clock.advance(timedelta(minutes=1))
        document = self.coupa.simulator.document("suppliers", supplier_id)
        self.coupa.simulator.put("suppliers", {**document, **changes})
        self.cycle()

    @property
    def oracle_names(self) -> list[str]:
        return [str(row.data["Supplier"]) for row in self.oracle.simulator.world.tables["suppliers"]]


def test_a_supplier_of_coupa_is_made_in_oracle_with_site_and_tax_number_and_gets_its_number() -> None:
    """One golden record stands for both, and reading again makes nothing twice."""
    estate = Onboarding()

    made = estate.new()
    estate.cycle()
    estate.cycle()

    twin = estate.twin(made)
    row = estate.oracle.simulator.world.row("suppliers", twin["SupplierId"])
    assert row is not None
    assert ("Harbour Paper Trading Ltd", GB, "GB") == (
        twin["Supplier"],
        twin["TaxpayerId"],
        twin["TaxpayerCountry"],
    )
    assert ["MAIN"] == [site.data["SupplierSite"] for site in row.of("sites")]
    assert twin["SupplierNumber"] == estate.coupa_state(made)["number"]
    assert 1 == estate.oracle_names.count("Harbour Paper Trading Ltd")
    assert [] == estate.open_classes
    shown = estate.store.db.execute(
        "SELECT s.record_count, s.system_count FROM v_supplier s JOIN v_supplier_record r ON r.supplier_id=s.id"
        " WHERE r.record_key=?", (f"{SOURCE}:{made}",),
    ).fetchone()  # fmt: skip
    assert (2, 2) == tuple(shown)


def test_fields_follow_where_the_source_owns_them() -> None:
    """A new name and tax number reach Oracle when Coupa owns them, and stay away when nobody says so."""
    owned, unowned = Onboarding(ownership=BOTH), Onboarding()
    for estate in (owned, unowned):
        made = estate.new()
        estate.change(made, name="Harbour Paper & Board Ltd", **{"tax-id": GB_OTHER})

    assert ("Harbour Paper & Board Ltd", GB_OTHER) == (
        owned.twin(made)["Supplier"],
        owned.twin(made)["TaxpayerId"],
    )
    assert ("Harbour Paper Trading Ltd", GB) == (
        unowned.twin(made)["Supplier"],
        unowned.twin(made)["TaxpayerId"],
    )
    assert [] == owned.open_classes + unowned.open_classes


def test_a_supplier_that_ends_ends_in_oracle_when_nothing_is_under_way_with_it() -> None:
    """Its open order is kept first; when it comes back, Oracle has it active again."""
    estate = Onboarding()
    made = estate.new()
    order = a_purchase_order(supplier_id=str(made))
    with estate.store.transaction() as db:
        records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
        live = workflows.start(
            db, flow="requisition_to_pay", kind="create", entity=order.entity, document_key=f"{SOURCE}:4711",
            document_number="PO-1", document_version=1, document_revision="1", step="await_approval", state="waiting",
            now=MONDAY,
        )  # fmt: skip
    assert live is not None
    estate.change(made, status="inactive")
    kept = estate.twin(made)["Status"]
    with estate.store.transaction() as db:
        workflows.save(db, live, state="done", step="verify", data={}, now=MONDAY, ended=True)
    estate.cycle(timedelta(hours=7))
    ended = estate.twin(made)["Status"]

    estate.change(made, status="active")

    assert ("ACTIVE", "INACTIVE", "ACTIVE") == (kept, ended, estate.twin(made)["Status"])


def test_a_supplier_that_another_has_come_to_stand_for_meanwhile_does_not_end() -> None:
    """While its documents were waited for, a second supplier of Coupa was linked with the same one in Oracle."""
    estate = Onboarding()
    made = estate.new()
    order = a_purchase_order(supplier_id=str(made))
    with estate.store.transaction() as db:
        records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
        live = workflows.start(
            db, flow="requisition_to_pay", kind="create", entity=order.entity, document_key=f"{SOURCE}:4711",
            document_number="PO-1", document_version=1, document_revision="1", step="await_approval", state="waiting",
            now=MONDAY,
        )  # fmt: skip
    assert live is not None
    estate.change(made, status="inactive")
    estate.new("Harbour Paper Trading Limited")  # the same tax number: it is that one in Oracle, too
    with estate.store.transaction() as db:
        workflows.save(db, live, state="done", step="verify", data={}, now=MONDAY, ended=True)

    estate.cycle(timedelta(hours=7))

    ended = workflows.of_document(estate.store.db, f"{SOURCE}:{made}")[-1]
    assert ("deactivate", "done", "ACTIVE") == (ended.kind, ended.state, estate.twin(made)["Status"])
    assert [] == estate.open_classes


@pytest.mark.parametrize("was_there", [False, True])
def test_a_supplier_that_is_given_up_ends_where_we_made_it_also_after_a_lost_answer(was_there: bool) -> None:
    """Found again by its name it is ours, since it was not there before; one that somebody else had made stays active."""
    estate = Onboarding()
    if was_there:
        made = estate.coupa_supplier("Harbour Paper Trading Ltd", **{"tax-id": GB})
        estate.clock.advance(timedelta(minutes=5))
        estate.read()
        estate.oracle_supplier("Harbour Paper Trading Ltd")  # by hand, and not read yet
        estate.deliver()
    else:
        estate.oracle.faults.add(Fault(id="lost", kind="lost_answer", path="/suppliers$", method="POST"))
        made = estate.coupa_supplier("Harbour Paper Trading Ltd", **{"tax-id": GB})
        estate.clock.advance(timedelta(minutes=5))
        estate.read()
        estate.deliver()
        estate.clock.advance(timedelta(minutes=5))
        estate.deliver()
    (found,) = estate.store.db.execute(
        "SELECT receipt ->> '$.was_found' FROM delivery d JOIN outbox_entry e ON e.id=d.entry_id"
        " WHERE e.operation='supplier.create'"
    ).fetchone()
    flow = workflows.of_document(estate.store.db, f"{SOURCE}:{made}")[-1]

    actions.abort_workflow(estate.store, estate.who(), flow.id, "wrong one")
    estate.settle()

    assert found
    assert ("ACTIVE" if was_there else "INACTIVE") == estate.twin(made)["Status"]


def test_documents_of_a_blocked_supplier_say_so_and_go_on() -> None:
    """A block at the source changes nothing in Oracle."""
    estate = Onboarding()
    made = estate.new()
    order = a_purchase_order(supplier_id=str(made))
    with estate.store.transaction() as db:
        records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
        workflows.start(
            db, flow="requisition_to_pay", kind="create", entity=order.entity, document_key=f"{SOURCE}:4711",
            document_number="PO-1", document_version=1, document_revision="1", step="await_approval", state="waiting",
            now=MONDAY,
        )  # fmt: skip

    estate.change(made, **{"on-hold": True})

    (told,) = estate.store.db.execute(
        "SELECT document_number FROM finding WHERE class='SUPPLIER_BLOCKED'"
    ).fetchall()
    assert "PO-1" == told[0]
    assert "ACTIVE" == estate.twin(made)["Status"]


def test_a_daughter_waits_for_its_parent_and_stands_below_it() -> None:
    """Read in the same cycle, the parent is made first."""
    estate = Onboarding()
    parent = estate.coupa_supplier("Harbour Holding Ltd", **{"tax-id": GB_OTHER})
    daughter = estate.coupa_supplier("Zenith Robotics Ltd", **{"tax-id": GB, "parent": {"id": parent}})

    estate.cycle()
    estate.cycle()

    assert estate.twin(parent)["SupplierId"] == estate.twin(daughter)["ParentSupplierId"]
    assert [] == estate.open_classes


def test_what_changed_together_with_a_block_follows_when_the_block_ends() -> None:
    """Of a block nobody is told, so its version is not what other systems were told last."""
    estate = Onboarding(ownership=BOTH)
    made = estate.new()

    estate.change(made, name="Harbour Paper & Board Ltd", **{"on-hold": True})
    blocked = estate.twin(made)["Supplier"]
    estate.change(made, **{"on-hold": False})

    assert "Harbour Paper Trading Ltd" == blocked
    assert "Harbour Paper & Board Ltd" == estate.twin(made)["Supplier"]


def test_suppliers_above_themselves_wait_for_nobody() -> None:
    """One that names itself as its parent, two that name each other, and one below these: all are made."""
    estate = Onboarding()
    own = estate.coupa_supplier("Zenith Robotics Ltd", **{"tax-id": GB})
    one = estate.coupa_supplier("Harbour Holding Ltd", **{"tax-id": GB_OTHER})
    other = estate.coupa_supplier("Quayside Timber Ltd", **{"tax-id": "GB340804384", "parent": {"id": one}})
    below = estate.coupa_supplier(
        "Blue Anchor Foods Ltd", **{"tax-id": "GB239245552", "parent": {"id": other}}
    )
    for supplier, parent in ((own, own), (one, other)):
        document = estate.coupa.simulator.document("suppliers", supplier)
        estate.coupa.simulator.put("suppliers", {**document, "parent": {"id": parent}})

    estate.cycle()
    estate.cycle(timedelta(hours=1))

    found = [
        workflows.of_document(estate.store.db, f"{SOURCE}:{key}")[-1] for key in (own, one, other, below)
    ]
    assert [("done", None)] * 4 == [(each.state, each.waiting_for) for each in found]
    assert [] == estate.open_classes
    assert estate.twin(other)["SupplierId"] == estate.twin(below)["ParentSupplierId"]


@pytest.mark.parametrize("kinds", [["company"], ["company", "one_time"]])
def test_one_time_suppliers_are_made_only_where_the_profile_says_so(kinds: list[str]) -> None:
    """As one-time suppliers in Oracle, too; compared with nobody."""
    estate = Onboarding(kinds=kinds)

    made = estate.new("Flower Shop", **{"one-time-supplier": True, "tax-id": None})

    if "one_time" in kinds:
        assert estate.twin(made)["OneTimeSupplierFlag"] is True
    else:
        assert estate.link(made) is None
    assert [] == estate.open_classes


def test_what_was_there_before_the_day_one_began_is_taken_as_it_is() -> None:
    """Only what is new or changes from then on is made elsewhere."""
    estate = Onboarding(since="2026-01-06T00:00:00Z")
    old = estate.new()
    estate.clock.advance(timedelta(days=2))

    new = estate.new("Zenith Robotics Ltd", **{"tax-id": GB_OTHER})

    assert estate.link(old) is None
    assert estate.link(new) is not None


def test_a_supplier_of_oracle_is_made_in_coupa_with_its_number() -> None:
    """Where suppliers begin in the ERP, procurement gets them; a change of status follows."""
    estate = Onboarding(source=TARGET, since="2026-01-05T09:01:00Z")
    estate.cycle()
    made = estate.oracle_supplier("Zenith Robotics Ltd", number="V-77", taxpayer_id=GB)
    row = estate.oracle.simulator.world.row("suppliers", made)
    assert row is not None
    desk = estate.oracle.simulator.world
    row.of("addresses").append(
        desk.new_row(
            row.resource.children["addresses"],
            {
                "SupplierAddressId": 5,
                "AddressName": "HQ",
                "CountryCode": "GB",
                "City": "Hull",
                "PostalCode": "HU1 1AA",
            },
        )
    )
    row.touch(estate.clock.now())
    estate.cycle()

    link = crossrefs.get(estate.store.db, "supplier", f"{TARGET}:{made}", SOURCE)
    assert link is not None
    twin = estate.coupa_state(int(link.external_id))
    assert ("Zenith Robotics Ltd", "V-77", GB, "active") == (
        twin["name"],
        twin["number"],
        twin["tax-id"],
        twin["status"],
    )
    assert [] == estate.open_classes
    estate.clock.advance(timedelta(minutes=1))
    estate.oracle.simulator.set_supplier_active(made, is_active=False)
    estate.cycle()
    assert "inactive" == estate.coupa_state(int(link.external_id))["status"]


def test_a_duplicate_is_caught_before_a_second_supplier_exists_and_a_look_alike_is_not_merged() -> None:
    """One with the tax number of another is linked with it; one that only looks like it is asked about, and made when a
    person says that it is different; another company of that name with its own tax number is made at once."""
    estate = Onboarding()
    first = estate.new()
    same = estate.coupa_supplier("HARBOUR PAPER TRADING LIMITED", **{"tax-id": "GB 220 4302 31"})
    other = estate.coupa_supplier("Harbour Paper Trading (Leith) Ltd", **{"tax-id": GB_OTHER})
    estate.cycle()
    estate.oracle_supplier("Blohm Anlagenbau Ltd")
    alike = estate.new("Blohm Anlagen-Bau Limited", **{"tax-id": "GB884573422"})
    asked = (estate.open_classes, estate.link(alike), len(estate.oracle_names))
    numbers = [link.external_id for one in (first, same, other) if (link := estate.link(one)) is not None]
    prevented = estate.store.db.execute(
        "SELECT document_key FROM finding WHERE class='SUPPLIER_DUPLICATE_PREVENTED'"
    ).fetchall()

    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    pair = [(f"{SOURCE}:{alike}", key) for key in _named(estate, case_id)]
    actions.answer_suppliers(
        estate.store, estate.profile, estate.who(), pair, "different", "another company", estate.signer()
    )
    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()

    assert (["SUPPLIER_DUPLICATE_POSSIBLE"], None, 4) == asked
    assert (True, False) == (numbers[0] == numbers[1], numbers[0] == numbers[2])
    assert [(f"{SOURCE}:{same}",)] == [tuple(row) for row in prevented]
    assert 5 == len(estate.oracle_names)
    assert [] == estate.open_classes


def _named(estate: Onboarding, case_id: int) -> list[str]:
    """Return whom an exception asks about."""
    (evidence,) = estate.store.db.execute(
        "SELECT evidence FROM exception_case WHERE id=?", (case_id,)
    ).fetchone()
    return [one["key"] for one in json.loads(evidence)["similar"]]


def test_a_change_that_oracle_did_not_keep_is_told_again_after_a_retry() -> None:
    """It said yes and shows the old name: the same is sent once more."""
    estate = Onboarding(ownership=BOTH)
    made = estate.new()
    estate.oracle.faults.add(Fault(id="lie", kind="unsaved", path="/suppliers/", method="PATCH"))
    estate.change(made, name="Harbour Paper & Board Ltd")
    held = (estate.open_classes, estate.twin(made)["Supplier"])
    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()

    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()

    assert (["READ_BACK_DIFFERS"], "Harbour Paper Trading Ltd") == held
    assert ("Harbour Paper & Board Ltd", []) == (estate.twin(made)["Supplier"], estate.open_classes)


@pytest.mark.parametrize("path", ["/suppliers$", "/sites$"])
def test_what_oracle_said_yes_to_and_did_not_keep_is_made_after_a_retry(path: str) -> None:
    """A supplier, or its site for a company, that is not there when it is looked for: onboarding is not done before it is."""
    estate = Onboarding(ownership=BOTH)
    estate.oracle.faults.add(Fault(id="lie", kind="unsaved", path=path, method="POST"))
    made = estate.new()
    cases = estate.store.db.execute("SELECT id, class FROM exception_case WHERE ended_at IS NULL").fetchall()

    actions.retry(estate.store, estate.who(), [case_id for case_id, _ in cases])
    estate.settle()

    row = estate.oracle.simulator.world.row("suppliers", estate.twin(made)["SupplierId"])
    assert row is not None
    assert 1 == len(cases)
    assert (1, 1) == (estate.oracle_names.count("Harbour Paper Trading Ltd"), len(row.of("sites")))
    assert ([], "done") == (
        estate.open_classes, workflows.of_document(estate.store.db, f"{SOURCE}:{made}")[-1].state,
    )  # fmt: skip
