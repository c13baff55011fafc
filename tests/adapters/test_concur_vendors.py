"""Suppliers written to Concur Invoice as vendors: made once, changed, switched off, and refused with a reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.base import Receipt, Translated, WriteRequest
from adapters.errors import OutcomeUnknownError, RejectedError
from adapters.simulation import Fault
from store.canonical.supplier import Supplier, SupplierAddress, TaxRegistration
from tests.adapters.setup_concur import ConcurWorld

QUAY = SupplierAddress(street="1 Quay Street", postcode="T12", town="Cork", country="IE")


def a_world(**options: Any) -> ConcurWorld:
    return ConcurWorld(options={"vendor_currencies": {"IE": "EUR", "*": "USD"}, **options})


def a_vendor(**changes: Any) -> Supplier:
    tax = TaxRegistration(number="IE6388047V", country="IE")
    fields: dict[str, Any] = {
        "number": "V-1001", "name": "Harbour Paper Ltd", "status": "active", "address": QUAY, "tax_registrations": (tax,),
    }  # fmt: skip
    return Supplier(**fields | changes)


def request(operation: str, supplier: Supplier, key: str | None = None, **body: Any) -> WriteRequest:
    return WriteRequest(
        operation, f"{operation}/{key}", key, {"supplier": supplier.model_dump(mode="json"), **body}
    )


def write(world: ConcurWorld, wanted: WriteRequest) -> Receipt:
    return asyncio.run(world.adapter.write(wanted))


def find(world: ConcurWorld, wanted: WriteRequest) -> Receipt | None:
    return asyncio.run(world.adapter.find(wanted))


def read(world: ConcurWorld, key: str) -> Supplier:
    (row,) = asyncio.run(world.adapter.read_many("supplier", [key]))
    (found,) = world.adapter.translate("supplier", [row])
    assert isinstance(found, Translated)
    assert isinstance(found.record, Supplier)
    return found.record


def test_a_vendor_is_made_once_under_the_suppliers_number() -> None:
    """With its address, tax number and its country's currency; asked for again it is found."""
    world, wanted = a_world(), request("supplier.create", a_vendor())

    done = write(world, wanted)
    again = write(world, wanted)

    found = read(world, "V-1001/MAIN")
    assert ("V-1001/MAIN", "V-1001", True) == (done.external_id, done.number, again.was_found)
    assert ("Harbour Paper Ltd", "active", QUAY) == (found.name, found.status, found.address)
    (stored,) = world.simulator.vendors()
    assert ("EUR", "IE6388047V", "Y") == (stored["CurrencyCode"], stored["TaxID"], stored["Approved"])


def test_a_lost_answer_is_looked_up() -> None:
    world, wanted = a_world(), request("supplier.create", a_vendor())
    world.faults.add(Fault(id="lost", kind="lost_answer", path="/vendors$", method="POST"))

    with pytest.raises(OutcomeUnknownError):
        write(world, wanted)

    assert find(world, wanted) is not None
    assert 1 == len(world.simulator.vendors())


def test_only_what_differs_is_changed_and_one_that_ends_is_not_approved() -> None:
    """Only the fields that are asked for; what the owner leaves empty stays."""
    world = a_world()
    key = str(write(world, request("supplier.create", a_vendor())).external_id)
    moved = a_vendor(name="Harbour Board Ltd", address=SupplierAddress(town="Galway", country="IE"))
    seen = []
    for fields, wanted in (
        (["address"], moved), (["name"], moved), (["status"], a_vendor(status="inactive")), (["status"], a_vendor()),
    ):  # fmt: skip
        ask = request("supplier.change", wanted, key, fields=fields)
        before = find(world, ask)
        write(world, ask)
        found = read(world, key)
        assert found.address is not None
        seen.append((before, found.name, found.address.town, found.address.street, found.status))
        assert find(world, ask) is not None

    assert [
        (None, "Harbour Paper Ltd", "Galway", "1 Quay Street", "active"),
        (None, "Harbour Board Ltd", "Galway", "1 Quay Street", "active"),
        (None, "Harbour Board Ltd", "Galway", "1 Quay Street", "inactive"),
        (None, "Harbour Board Ltd", "Galway", "1 Quay Street", "active"),
    ] == seen


OTHER_TAX = (TaxRegistration(number="IE9999999X", country="IE"),)


@pytest.mark.parametrize(
    ("supplier", "class_", "told"),
    [
        (a_vendor(number=""), "PAYLOAD_INVALID", "has no number yet"),
        (a_vendor(number="V" * 33), "PAYLOAD_INVALID", "Concur takes 32"),
        (a_vendor(number="V-2", address=None, country="IE"), "REJECTED", "Address1 is required"),
        (a_vendor(number="V-9", tax_registrations=OTHER_TAX), "SUPPLIER_AMBIGUOUS", "another tax number"),
    ],
)
def test_what_concur_can_not_take_is_refused_and_named(supplier: Supplier, class_: str, told: str) -> None:
    world = a_world()
    write(world, request("supplier.create", a_vendor(number="V-9")))

    with pytest.raises(RejectedError) as caught:
        write(world, request("supplier.create", supplier))

    assert class_ == caught.value.refusal.case_class
    assert told in caught.value.message
    assert 1 == len(world.simulator.vendors())


def test_without_a_currency_nothing_is_sent() -> None:
    """The profile has to say what vendors of a country are paid in."""
    world = ConcurWorld()

    with pytest.raises(RejectedError, match="vendor_currencies of this system names no currency for IE"):
        write(world, request("supplier.create", a_vendor()))


def test_a_vendor_that_is_gone_is_not_changed() -> None:
    with pytest.raises(RejectedError, match="there is no vendor V-8/MAIN"):
        write(a_world(), request("supplier.change", a_vendor(), "V-8/MAIN", fields=["name"]))
