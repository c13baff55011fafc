"""Suppliers, their sites and cost centres written to Oracle: once, in upsert mode or not, several in one batch."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from adapters.base import Receipt as Done
from adapters.base import Translated, WriteRequest
from adapters.errors import MaintenanceError, OutcomeUnknownError, RejectedError
from adapters.simulation import Fault
from store.canonical.organisation import CostCentre
from store.canonical.supplier import Supplier, SupplierAddress, TaxRegistration
from tests.adapters.setup_oracle import OracleWorld


def a_supplier(name: str = "Nordlicht Papier GmbH", **changes: Any) -> Supplier:
    fields: dict[str, Any] = {
        "number": "S-1",
        "name": name,
        "status": "active",
        "country": "DE",
        "tax_registrations": (TaxRegistration(number="DE123456789", country="DE"),),
    }
    return Supplier(**{**fields, **changes})


def a_cost_centre(number: str = "990", **changes: Any) -> CostCentre:
    return CostCentre(**{"number": number, "name": "Fleet", "starts_on": date(2026, 1, 1), **changes})


def request(operation: str, external_id: str | None = None, **body: Any) -> WriteRequest:
    shown = {
        name: one.model_dump(mode="json") if hasattr(one, "model_dump") else one for name, one in body.items()
    }
    return WriteRequest(operation, f"{operation}/{external_id}", external_id, shown)


def write(world: OracleWorld, wanted: WriteRequest) -> Done:
    return asyncio.run(world.adapter.write(wanted))


def find(world: OracleWorld, wanted: WriteRequest) -> Done | None:
    return asyncio.run(world.adapter.find(wanted))


def refusal(world: OracleWorld, wanted: WriteRequest) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        write(world, wanted)
    return caught.value


def read(world: OracleWorld, entity: str, external_id: str) -> Any:
    (row,) = asyncio.run(world.adapter.read_many(entity, [external_id]))
    (found,) = world.adapter.translate(entity, [row])
    assert isinstance(found, Translated), found
    return found.record


def suppliers(world: OracleWorld) -> list[str]:
    return [str(row.data["Supplier"]) for row in world.simulator.world.tables["suppliers"]]


@pytest.mark.parametrize("upserts", [False, True])
def test_a_supplier_is_created_once_and_comes_back(upserts: bool) -> None:
    """Under Oracle's number; asked for again it is found by its name."""
    world = OracleWorld(options={"upserts_suppliers": upserts})
    wanted = a_supplier()

    done = write(world, request("supplier.create", supplier=wanted))
    again = write(world, request("supplier.create", supplier=wanted))

    found = read(world, "supplier", str(done.external_id))
    assert (wanted.name, "active", "DE") == (found.name, found.status, found.country)
    assert ["DE123456789"] == [one.number for one in found.tax_registrations]
    assert (True, done.external_id) == (again.was_found, again.external_id)
    assert 1 == suppliers(world).count(wanted.name)


def test_a_lost_answer_is_looked_up_not_repeated() -> None:
    """The supplier is found by its name."""
    world, wanted = OracleWorld(), request("supplier.create", supplier=a_supplier())
    world.faults.add(Fault(id="lost", kind="lost_answer", path="/suppliers$", method="POST"))

    with pytest.raises(OutcomeUnknownError):
        write(world, wanted)

    assert find(world, wanted) is not None
    assert write(world, wanted).was_found


def test_a_name_with_another_tax_number_is_not_taken_for_ours() -> None:
    """Two suppliers of one name are a person's matter."""
    world = OracleWorld()
    write(world, request("supplier.create", supplier=a_supplier()))
    other = a_supplier(tax_registrations=(TaxRegistration(number="DE999999999", country="DE"),))

    assert (
        "SUPPLIER_AMBIGUOUS" == refusal(world, request("supplier.create", supplier=other)).refusal.case_class
    )


def test_a_supplier_is_changed_inactivated_and_brought_back() -> None:
    """Only what differs is sent; a change that is there already is found."""
    world = OracleWorld()
    key = str(write(world, request("supplier.create", supplier=a_supplier())).external_id)
    renamed = request("supplier.change", key, supplier=a_supplier("Nordlicht Papier SE"))
    ended = request("supplier.change", key, supplier=a_supplier(status="inactive"), inactive_on="2026-01-04")
    back = request("supplier.change", key, supplier=a_supplier())

    assert find(world, renamed) is None
    seen = []
    for one in (renamed, ended, back):
        write(world, one)
        found = read(world, "supplier", key)
        seen.append((found.name, found.status))

    name = a_supplier().name
    assert [("Nordlicht Papier SE", "active"), (name, "inactive"), (name, "active")] == seen
    assert write(world, back).was_found
    without_day = request("supplier.change", key, supplier=a_supplier(status="inactive"))
    assert "PAYLOAD_INVALID" == refusal(world, without_day).refusal.case_class


def test_a_site_is_closed_once() -> None:
    """From the day that is given; asked again it is found closed, and one that is not there is a refusal."""
    world = OracleWorld()
    key = str(write(world, request("supplier.create", supplier=a_supplier())).external_id)
    place: dict[str, Any] = {"site": {"code": "MAIN", "business_unit": "DE Operations"}}
    close = request("supplier_site.close", key, **place, inactive_on="2026-01-04")

    missing = refusal(world, close).refusal.case_class
    no_day = refusal(world, request("supplier_site.close", key, **place)).refusal.case_class
    site = write(world, request("supplier_site.create", key, **place)).external_id
    before = find(world, close)
    done, again = write(world, close), write(world, close)

    assert ("REJECTED", "PAYLOAD_INVALID", None) == (missing, no_day, before)
    assert (site, False, True) == (done.external_id, done.was_found, again.was_found)
    assert find(world, close) is not None
    assert [False] == [one.is_active for one in read(world, "supplier", key).sites]


@pytest.mark.parametrize("upserts", [False, True])
def test_a_site_is_created_once_and_can_be_ordered_from(upserts: bool) -> None:
    """With an assignment to the unit that requests."""
    world = OracleWorld(options={"upserts_suppliers": upserts})
    key = str(write(world, request("supplier.create", supplier=a_supplier())).external_id)
    wanted = request("supplier_site.create", key, site={"code": "HAMBURG", "business_unit": "DE Operations"})
    assert find(world, wanted) is None

    done = write(world, wanted)
    again = write(world, wanted)
    commitment = world.commitment(supplier_id=key, supplier_site_id=done.external_id)
    order = write(world, world.create(commitment))

    (site,) = read(world, "supplier", key).sites
    assert ("HAMBURG", "DE Operations", True) == (site.code, site.business_unit, site.is_purchasing)
    assert (True, done.external_id) == (again.was_found, again.external_id)
    assert order.external_id is not None


def test_several_suppliers_come_in_one_batch_or_not_at_all() -> None:
    """Those that are there already are left out; one that is refused takes the others with it."""
    world = OracleWorld()
    write(world, request("supplier.create", supplier=a_supplier("A GmbH")))
    names = ["A GmbH", "B GmbH", "C GmbH"]
    rows = [a_supplier(one, tax_registrations=()).model_dump(mode="json") for one in names]
    broken = [*rows, a_supplier("D GmbH", country=None, tax_registrations=()).model_dump(mode="json")]
    broken[-1]["tax_registrations"] = [{"number": "9" * 40, "country": "DE"}]

    refusal(world, request("supplier.load", suppliers=broken))
    before = suppliers(world)
    done = write(world, request("supplier.load", suppliers=rows))

    assert not {"B GmbH", "C GmbH", "D GmbH"} & set(before)
    assert set(names) == set(done.answer["suppliers"])
    assert find(world, request("supplier.load", suppliers=rows)) is not None
    assert find(world, request("supplier.load", suppliers=broken)) is None


def test_the_same_supplier_twice_in_a_load_is_made_once() -> None:
    """Also when the load is sent again."""
    world = OracleWorld()
    row = a_supplier("B GmbH", tax_registrations=()).model_dump(mode="json")
    asked = request("supplier.load", suppliers=[row, row])

    done, again = write(world, asked), write(world, asked)

    assert ["B GmbH"] == list(done.answer["suppliers"])
    assert (1, True) == (list(suppliers(world)).count("B GmbH"), again.was_found)


def test_two_that_differ_under_one_name_are_refused_unsent() -> None:
    """A name stands in Oracle only once: which of them is meant, a person says."""
    world = OracleWorld()
    rows = [
        a_supplier("B GmbH", country=one, tax_registrations=()).model_dump(mode="json")
        for one in ("DE", "FR")
    ]

    with pytest.raises(RejectedError, match="in the load twice, and the two differ") as caught:
        write(world, request("supplier.load", suppliers=rows))

    assert "PAYLOAD_INVALID" == caught.value.refusal.case_class
    assert "B GmbH" not in suppliers(world)


def test_a_cost_centre_is_a_value_that_is_created_and_closed() -> None:
    """In the configured value set; another state under the same value is changed, never created over."""
    world, wanted = OracleWorld(), a_cost_centre()
    closed = a_cost_centre(ends_on=date(2026, 6, 30), is_active=False)

    write(world, request("value.create", cost_centre=wanted))
    made = read(world, "cost_centre", "990")
    again = write(world, request("value.create", cost_centre=wanted))
    error = refusal(world, request("value.create", cost_centre=closed))
    assert find(world, request("value.change", "990", cost_centre=closed)) is None
    write(world, request("value.change", "990", cost_centre=closed))

    found = read(world, "cost_centre", "990")
    assert ("Fleet", True, None) == (made.name, made.is_active, made.ends_on)
    assert again.was_found
    assert "change it instead" in error.message
    assert (False, date(2026, 6, 30)) == (found.is_active, found.ends_on)
    assert find(world, request("value.change", "990", cost_centre=closed)) is not None


def test_a_value_that_is_not_there_is_not_changed() -> None:
    """It has to be created first."""
    assert (
        "create it first"
        in refusal(OracleWorld(), request("value.change", "991", cost_centre=a_cost_centre("991"))).message
    )


def test_a_maintenance_window_stops_a_write_before_anything_is_done() -> None:
    """It says so, and nothing was made."""
    world = OracleWorld()
    world.faults.add(Fault(id="away", kind="maintenance", path="/suppliers"))

    with pytest.raises(MaintenanceError):
        write(world, request("supplier.create", supplier=a_supplier()))

    assert a_supplier().name not in suppliers(world)


def test_a_closed_site_is_opened_again() -> None:
    """The same one: none is added beside it."""
    world = OracleWorld()
    key = str(write(world, request("supplier.create", supplier=a_supplier())).external_id)
    wanted = {"code": "DEPOT", "business_unit": "DE Operations"}
    made = write(world, request("supplier_site.create", key, site=wanted))
    write(world, request("supplier_site.close", key, site=wanted, inactive_on="2026-01-04"))
    ask = request("supplier_site.create", key, site=wanted)
    before = find(world, ask)

    again = write(world, ask)

    (site,) = read(world, "supplier", key).sites
    assert (None, made.external_id, True) == (before, again.external_id, site.is_active)
    assert find(world, ask) is not None


def test_a_supplier_gets_an_address_and_moves_and_gets_a_parent() -> None:
    """One address, changed in place; what the owner leaves empty stays as it is in Oracle."""
    world = OracleWorld()
    key = str(write(world, request("supplier.create", supplier=a_supplier())).external_id)
    above = str(
        write(
            world,
            request("supplier.create", supplier=a_supplier("Nordlicht Holding SE", tax_registrations=())),
        ).external_id
    )
    first = SupplierAddress(street="Hafenstr. 4", postcode="20457", town="Hamburg")
    moved = SupplierAddress(postcode="28195", town="Bremen", country="DE")
    seen = []
    for place, parent in ((first, None), (moved, above), (moved, None)):
        wanted = a_supplier(address=place, parent_id=parent)
        ask = request("supplier.change", key, supplier=wanted, fields=["address", "parent"])
        before = find(world, ask)
        write(world, ask)
        found = read(world, "supplier", key)
        seen.append((before, found.address.street, found.address.town, found.parent_id))
        assert find(world, ask) is not None

    assert [
        (None, "Hafenstr. 4", "Hamburg", None),
        (None, "Hafenstr. 4", "Bremen", above),
        (None, "Hafenstr. 4", "Bremen", None),
    ] == seen
