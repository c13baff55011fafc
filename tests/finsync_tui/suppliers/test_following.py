"""What its owner changes of a supplier reaches the systems that have it: address, sites, parent; refused, read back, undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from finsync_tui import actions
from store import crossrefs, workflows
from store.canonical.supplier import Supplier
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_onboarding import BOTH, GB, GB_OTHER, Onboarding

ALL = {"supplier": SOURCE}
QUAY = {"street1": "4 Quay Rd", "city": "Hull", "postal-code": "HU1 1AA", "country": {"code": "GB"}}
DOCK = {"street1": "9 Dock St", "city": "Leith", "postal-code": "EH6 6JJ", "country": {"code": "GB"}}


def oracle_parts(estate: Onboarding, made: int, name: str) -> list[dict[str, Any]]:
    """Return what belongs to the supplier in Oracle, addresses or sites."""
    row = estate.oracle.simulator.world.row("suppliers", estate.twin(made)["SupplierId"])
    assert row is not None
    return [one.data for one in row.of(name)]


def places(estate: Onboarding, made: int) -> list[tuple[str | None, ...]]:
    """Return the addresses that Oracle has of it."""
    names = ("AddressLine1", "PostalCode", "City", "CountryCode")
    return [tuple(one.get(name) for name in names) for one in oracle_parts(estate, made, "addresses")]


def sites(estate: Onboarding, made: int) -> dict[str, str]:
    return {str(one["SupplierSite"]): str(one["Status"]) for one in oracle_parts(estate, made, "sites")}


def last(estate: Onboarding, key: str) -> workflows.Workflow:
    return workflows.of_document(estate.store.db, key, Supplier.entity)[-1]


def test_an_address_is_made_with_the_supplier_and_follows() -> None:
    """The one address is changed, none is added; it is done when Oracle, read afresh, shows it."""
    estate = Onboarding(ownership=ALL)
    made = estate.new(**{"primary-address": QUAY})
    before = places(estate, made)

    estate.change(made, **{"primary-address": DOCK})

    assert [("4 Quay Rd", "HU1 1AA", "Hull", "GB")] == before
    assert [("9 Dock St", "EH6 6JJ", "Leith", "GB")] == places(estate, made)
    assert ("change", "done", []) == (*_state(estate, made), estate.open_classes)


def test_an_address_stays_where_its_source_does_not_own_it() -> None:
    estate = Onboarding(ownership=BOTH)
    made = estate.new(**{"primary-address": QUAY})

    estate.change(made, name="Harbour Board Ltd", **{"primary-address": DOCK})

    assert [("4 Quay Rd", "HU1 1AA", "Hull", "GB")] == places(estate, made)
    assert "Harbour Board Ltd" == estate.twin(made)["Supplier"]


def test_a_supplier_that_gets_a_parent_gets_it_everywhere_and_loses_it_again() -> None:
    """The one above is made first when both come at once; in Oracle it is called by Oracle's id."""
    estate = Onboarding(ownership=ALL)
    made = estate.new()
    parent = estate.coupa_supplier("Harbour Holding Ltd", **{"tax-id": GB_OTHER})
    estate.change(made, parent={"id": parent})
    estate.cycle()
    above = estate.twin(made)["ParentSupplierId"]

    estate.change(made, parent=None)

    assert estate.twin(parent)["SupplierId"] == above
    assert estate.twin(made).get("ParentSupplierId") is None
    assert [] == estate.open_classes


def test_sites_are_opened_and_closed_as_their_owner_does() -> None:
    """A place of Coupa becomes a site for each company; one that is closed there is closed, and opened again with it."""
    estate = Onboarding(ownership=ALL)
    depot = {"id": 71, "code": "DEPOT", "name": "Depot", "active": True}
    made = estate.new(**{"supplier-sites": [depot]})
    at_first = sites(estate, made)

    estate.change(
        made, **{"supplier-sites": [{**depot, "active": False}, {"id": 72, "code": "YARD", "active": True}]}
    )
    moved = sites(estate, made)
    estate.change(made, **{"supplier-sites": [depot]})

    assert {"MAIN": "ACTIVE", "DEPOT": "ACTIVE"} == at_first
    assert {"MAIN": "ACTIVE", "DEPOT": "INACTIVE", "YARD": "ACTIVE"} == moved
    assert {"MAIN": "ACTIVE", "DEPOT": "ACTIVE", "YARD": "INACTIVE"} == sites(estate, made)
    assert [] == estate.open_classes


def test_what_the_erp_owns_goes_back_to_procurement() -> None:
    """Address and sites are Oracle's: a move there reaches Coupa, and a new site becomes a place that is paid."""
    owners = {**BOTH, "supplier.address": TARGET, "supplier.sites": TARGET}
    estate = Onboarding(ownership=owners)
    made = estate.new(**{"primary-address": QUAY})
    estate.cycle()
    world = estate.oracle.simulator.world
    row = world.row("suppliers", estate.twin(made)["SupplierId"])
    assert row is not None
    row.of("addresses")[0].data.update(AddressLine1="9 Dock St", City="Leith", PostalCode="EH6 6JJ")
    row.of("addresses")[0].rendered.clear()
    estate.clock.advance(timedelta(minutes=1))
    row.touch(estate.clock.now())
    row.rendered.clear()

    estate.cycle()
    estate.cycle()

    shown = estate.coupa_state(made)["primary-address"]
    assert ("9 Dock St", "Leith", "EH6 6JJ") == (shown["street1"], shown["city"], shown["postal-code"])
    flow = last(estate, f"{TARGET}:{row.id}")
    assert ("supplier_following", "done") == (flow.flow, flow.state)
    assert [] == estate.open_classes
    coupa_flows = [
        w.kind for w in workflows.of_document(estate.store.db, f"{SOURCE}:{made}", Supplier.entity)
    ]
    sent = estate.store.db.execute(
        "SELECT count(*) FROM outbox_entry WHERE operation='supplier.change'"
    ).fetchone()
    estate.cycle()
    again = estate.store.db.execute(
        "SELECT count(*) FROM outbox_entry WHERE operation='supplier.change'"
    ).fetchone()
    assert ("onboard", tuple(sent)) == (coupa_flows[0], tuple(again)), "what followed comes back to nobody"


def test_a_refused_change_is_an_exception_and_goes_on_after_a_retry() -> None:
    """Oracle has that name already: nothing of the supplier was changed; when the other is renamed, a retry does it."""
    estate = Onboarding(ownership=ALL)
    made = estate.new(**{"primary-address": QUAY})
    other = estate.oracle_supplier("Zenith Robotics Ltd")
    estate.change(made, name="Zenith Robotics Ltd", **{"primary-address": DOCK})
    held = (estate.open_classes, places(estate, made)[0][0])

    world = estate.oracle.simulator.world
    row = world.row("suppliers", other)
    assert row is not None
    row.data["Supplier"] = "Another One Ltd"
    world.tables["suppliers"].put(row)
    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()

    assert (1, "4 Quay Rd") == (len(held[0]), held[1])
    assert ("Zenith Robotics Ltd", "9 Dock St") == (estate.twin(made)["Supplier"], places(estate, made)[0][0])
    assert [] == estate.open_classes


def test_a_change_that_is_given_up_is_taken_back() -> None:
    """Name, address, parent and sites are in Oracle what they were before."""
    estate = Onboarding(ownership=ALL)
    parent = estate.new("Harbour Holding Ltd", **{"tax-id": GB_OTHER})
    depot = {"id": 71, "code": "DEPOT", "name": "Depot", "active": True}
    made = estate.new(**{"primary-address": QUAY, "supplier-sites": [depot], "tax-id": GB})
    estate.cycle()
    before = (
        estate.twin(made)["Supplier"],
        estate.twin(made).get("ParentSupplierId"),
        places(estate, made),
        sites(estate, made),
    )
    estate.clock.advance(timedelta(minutes=1))
    document = estate.coupa.simulator.document("suppliers", made)
    changed = {
        "name": "Harbour Board Ltd",
        "primary-address": DOCK,
        "parent": {"id": parent},
        "supplier-sites": [{**depot, "active": False}],
    }
    estate.coupa.simulator.put("suppliers", {**document, **changed})
    estate.clock.advance(timedelta(minutes=5))
    estate.read()
    for _ in range(3):
        estate.deliver()
    meanwhile = (estate.twin(made)["Supplier"], places(estate, made)[0][0], sites(estate, made)["DEPOT"])
    flow = last(estate, f"{SOURCE}:{made}")

    actions.abort_workflow(estate.store, estate.who(), flow.id, "the wrong company")
    estate.settle()

    assert ("Harbour Board Ltd", "9 Dock St", "INACTIVE") == meanwhile
    after = (
        estate.twin(made)["Supplier"],
        estate.twin(made).get("ParentSupplierId"),
        places(estate, made),
        sites(estate, made),
    )
    assert before == after
    assert "aborted" == last(estate, f"{SOURCE}:{made}").state


def _state(estate: Onboarding, made: int) -> tuple[str, str]:
    flow = last(estate, f"{SOURCE}:{made}")
    assert crossrefs.get(estate.store.db, Supplier.entity, flow.document_key, TARGET) is not None
    return flow.kind, flow.state
