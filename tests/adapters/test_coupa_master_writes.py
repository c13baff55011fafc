"""Suppliers, users and reference data are looked for before they are made, changed by what differs, and verified."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.base import Receipt, WriteRequest
from adapters.coupa.options import Options
from adapters.errors import DuplicateError, OutcomeUnknownError, RejectedError
from tests.adapters.coupa_world import CoupaWorld
from tests.adapters.setups import fault

WRITING = (
    *Options().scopes,
    "core.supplier.write",
    "core.common.write",
    "core.accounting.write",
    "core.budget.write",
    "core.user.write",
)


def a_world(**options: object) -> CoupaWorld:
    return CoupaWorld(options={"scopes": WRITING, **options})


def a_request(operation: str, body: Mapping[str, Any], external_id: str | None = None) -> WriteRequest:
    return WriteRequest(operation, f"coupa/{operation}/1", external_id, body)


def write(
    world: CoupaWorld, operation: str, body: Mapping[str, Any], external_id: str | None = None
) -> Receipt:
    return asyncio.run(world.adapter.write(a_request(operation, body, external_id)))


def find(
    world: CoupaWorld, operation: str, body: Mapping[str, Any], external_id: str | None = None
) -> Receipt | None:
    return asyncio.run(world.adapter.find(a_request(operation, body, external_id)))


def case_of(
    world: CoupaWorld, operation: str, body: Mapping[str, Any], external_id: str | None = None
) -> str:
    with pytest.raises(RejectedError) as caught:
        write(world, operation, body, external_id)
    return caught.value.refusal.case_class


REMIT_TO = {"code": "BANK-1", "name": "Payments", "city": "Hull", "reference": "300100", "is_active": True}
SUPPLIER = {
    "number": "V-2",
    "name": "Nordic Steel",
    "tax_id": "SE556677889901",
    "country": "SE",
    "po_method": "email",
    "po_email": "po@example.com",
    "remit_to": [REMIT_TO],
}
VALUE = {"lookup": "Cost Centre", "number": "430", "name": "430 Packing"}
ACCOUNT = {"chart": "DE Chart", "segments": ["01", "430", "7110"]}
RATE = {"from_currency": "EUR", "to_currency": "USD", "rate": "1.1", "rate_on": "2026-01-05"}


def prepared(operation: str) -> CoupaWorld:
    """Return a Coupa in which what `operation` refers to exists."""
    world = a_world()
    put = world.simulator.put
    put("lookups", {"name": "Cost Centre", "active": True})
    put("currencies", {"code": "USD", "decimals": 2})
    put(
        "users",
        {
            "login": "amy",
            "email": "amy@x.example",
            "employee-number": "E1",
            "firstname": "Amy",
            "lastname": "A",
        },
    )
    put(
        "users",
        {
            "login": "bob",
            "email": "bob@x.example",
            "employee-number": "E2",
            "firstname": "Bob",
            "lastname": "B",
        },
    )
    put(
        "budget_lines",
        {"period": {"name": "2026-Q1"}, "segment-2": "420", "amount": "1000.00", "currency": {"code": "EUR"}},
    )
    return world


WRITES: list[tuple[str, Mapping[str, Any], str]] = [
    ("supplier.create", SUPPLIER, "suppliers"),
    ("lookup_value.create", VALUE, "lookup_values"),
    ("lookup.create", {"name": "Cost Objects", "description": "from the ERP"}, "lookups"),
    ("department.create", {"name": "Packing"}, "departments"),
    ("account.create", ACCOUNT, "accounts"),
    ("exchange_rate.create", RATE, "exchange_rates"),
    (
        "user.change",
        {"employee_number": "E1", "manager_number": "E2", "limits": {"invoice": "500.00 EUR"}},
        "users",
    ),
    ("budget.set", {"period": "2026-Q1", "segments": ["", "420"], "amount": "1500.00"}, "budget_lines"),
]


@pytest.mark.parametrize(("operation", "body", "resource"), WRITES)
def test_a_write_is_done_once_and_found_afterwards(
    operation: str, body: Mapping[str, Any], resource: str
) -> None:
    """Nothing is there before; afterwards it is found, and a second write makes and changes nothing."""
    world = prepared(operation)
    assert find(world, operation, body) is None

    first = write(world, operation, body)
    held = world.simulator.documents(resource)
    second = write(world, operation, body)

    assert (False, True, first.external_id) == (first.was_found, second.was_found, second.external_id)
    assert held == world.simulator.documents(resource)
    found = find(world, operation, body)
    assert found is not None
    assert (first.external_id, True) == (found.external_id, found.was_found)


@pytest.mark.parametrize(("operation", "body", "resource"), WRITES)
def test_a_write_whose_answer_is_lost_is_found(
    operation: str, body: Mapping[str, Any], resource: str
) -> None:
    """Whatever the lost answer left undone, such as an address, the next write does, and no more."""
    world = prepared(operation)
    world.faults.add(fault("lost_answer", method="(?:POST|PUT)", path=rf"^/api/{resource}"))
    world.faults.add(fault("lost_answer", id="post", method="POST", path=rf"^/api/{resource}\?"))
    world.faults.add(fault("lost_answer", id="put", method="PUT", path=rf"^/api/{resource}/\d+\?"))
    count = len(world.simulator.documents(resource))

    with pytest.raises(OutcomeUnknownError):
        write(world, operation, body)
    write(world, operation, body)

    assert len(world.simulator.documents(resource)) - count == int(operation.endswith(".create"))
    assert find(world, operation, body) is not None


def test_a_new_supplier_has_its_address() -> None:
    """With the ERP's site in its reference, by which the payment finds it."""
    world = prepared("supplier.create")

    receipt = write(world, "supplier.create", SUPPLIER)

    held = world.simulator.document("suppliers", int(receipt.external_id or ""))
    assert {"number": "V-2", "status": "active", "tax-id": "SE556677889901"}.items() <= held.items()
    (address,) = held["remit-to-addresses"]
    assert {
        "remit-to-code": "BANK-1",
        "external-src-ref": "300100",
        "active": True,
    }.items() <= address.items()


def test_a_supplier_that_is_there_without_a_number_gets_ours() -> None:
    """Found by its name: it is not made a second time."""
    world = prepared("supplier.create")
    held = world.simulator.put("suppliers", {"name": "Nordic Steel", "status": "active"})

    receipt = write(world, "supplier.create", {"number": "V-2", "name": "Nordic Steel"})

    assert (str(held["id"]), "V-2", True) == (receipt.external_id, receipt.number, receipt.was_found)


def test_a_supplier_with_another_number_is_for_a_person() -> None:
    """Same name, other number: one of them is wrong, or they are two."""
    world = prepared("supplier.create")

    assert "SUPPLIER_AMBIGUOUS" == case_of(
        world, "supplier.create", {"number": "V-9", "name": "Harbour Paper Ltd"}
    )


def test_a_supplier_is_changed_by_what_differs() -> None:
    """Only that is sent: its lists stay what they are."""
    world = prepared("supplier.change")
    supplier = str(world.supplier["id"])

    receipt = write(
        world, "supplier.change", {"number": "V-77", "status": "active", "remit_to": [REMIT_TO]}, supplier
    )
    again = write(world, "supplier.change", {"remit_to": [REMIT_TO | {"city": "Grimsby"}]}, supplier)

    held = world.simulator.document("suppliers", world.supplier["id"])
    assert ("V-77", ["Grimsby"]) == (held["number"], [one["city"] for one in held["remit-to-addresses"]])
    assert (False, False) == (receipt.was_found, again.was_found)
    assert 1 == world.simulator.requests.count("POST", "addresses")


def test_further_tax_numbers_stand_where_the_supplier_is_paid() -> None:
    """Each on the place of its country, once; one that was given up is switched off; without a place it is said to be left out."""
    world = prepared("supplier.change")
    supplier = str(world.supplier["id"])
    swedish = {"tax_numbers": [{"number": "GB1", "country": "GB"}, {"number": "SE1", "country": "SE"}]}
    moved = {
        "tax_numbers": [{"number": "GB1", "country": "GB"}, {"number": "SE2", "country": "SE"}],
        "tax_numbers_ended": ["SE1"],
    }
    places = [REMIT_TO | {"code": "A", "country": "GB"}, REMIT_TO | {"code": "B", "country": "SE"}]

    early = write(world, "supplier.change", swedish, supplier)
    write(world, "supplier_remit_to.change", {"remit_to": places}, supplier)
    before = find(world, "supplier.change", swedish, supplier)
    receipt = write(world, "supplier.change", swedish, supplier)
    again = write(world, "supplier.change", swedish, supplier)
    write(world, "supplier.change", moved, supplier)

    held = world.simulator.document("suppliers", world.supplier["id"])["remit-to-addresses"]
    shown = [
        (one["remit-to-code"], tax["number"], tax["active"])
        for one in held
        for tax in one.get("tax-registrations") or ()
    ]
    assert [("B", "SE1", False), ("B", "SE2", True)] == shown
    assert ["SE1"] == early.answer["tax_numbers_left_out"]
    assert ["GB1", "SE1"] == receipt.answer["tax_numbers"]
    assert (None, False, True) == (before, receipt.was_found, again.was_found)
    assert find(world, "supplier.change", moved, supplier) is not None


def test_a_number_that_another_supplier_has_is_a_duplicate() -> None:
    """Coupa says taken; who has it is for the look-up."""
    world = prepared("supplier.change")
    world.simulator.put("suppliers", {"name": "Other", "number": "V-2", "status": "active"})

    with pytest.raises(DuplicateError):
        write(world, "supplier.change", {"number": "V-2"}, str(world.supplier["id"]))


def test_a_child_value_is_the_one_below_its_parent() -> None:
    """The same number may stand in two places of a hierarchy."""
    world = prepared("lookup_value.create")
    for name in ("North", "South"):
        write(world, "lookup_value.create", {"lookup": "Cost Centre", "number": name, "name": name})
    north = write(world, "lookup_value.create", VALUE | {"parent": "North"})

    south = write(world, "lookup_value.create", VALUE | {"parent": "South"})

    assert north.external_id != south.external_id
    assert "South-430" == south.answer["code"]


def test_a_value_is_changed_and_closed() -> None:
    """By its number or its id; it is inactivated, never deleted."""
    world = prepared("lookup_value.change")
    made = write(world, "lookup_value.create", VALUE)

    write(world, "lookup_value.change", VALUE | {"name": "430 Gone", "is_active": False}, made.external_id)

    (held,) = world.simulator.documents("lookup_values")
    assert ("430 Gone", False) == (held["name"], held["active"])


def test_a_change_that_does_not_say_so_opens_no_closed_value() -> None:
    """A new one is in use; one that was closed stays closed when it is renamed."""
    world = prepared("lookup_value.change")
    made = write(world, "lookup_value.create", VALUE)
    (new,) = world.simulator.documents("lookup_values")
    was_active = new["active"]
    write(world, "lookup_value.change", {"is_active": False}, made.external_id)

    write(world, "lookup_value.change", {"name": "430 Renamed"}, made.external_id)

    (held,) = world.simulator.documents("lookup_values")
    assert (True, "430 Renamed", False) == (was_active, held["name"], held["active"])


@pytest.mark.parametrize(("kind", "resource"), [("department", "departments"), ("lookup", "lookups")])
def test_a_label_is_renamed_and_closed_by_its_id(kind: str, resource: str) -> None:
    """The same one goes on, and its old name is free; one that is gone is not made anew."""
    world = a_world()
    made = write(world, f"{kind}.create", {"name": "Packing"})
    later = {"name": "Packing and Shipping", "is_active": False}

    write(world, f"{kind}.change", later, made.external_id)

    (held,) = world.simulator.documents(resource)
    assert (int(made.external_id or 0), "Packing and Shipping", False) == (
        held["id"],
        held["name"],
        held["active"],
    )
    assert find(world, f"{kind}.change", later, made.external_id) is not None
    assert find(world, f"{kind}.create", {"name": "Packing"}) is None
    assert "REJECTED" == case_of(world, f"{kind}.change", later, "999")


def test_a_value_below_nothing_is_a_mapping_that_is_missing() -> None:
    """Parents come before their children."""
    assert "MAPPING_MISSING" == case_of(prepared("x"), "lookup_value.create", VALUE | {"parent": "Nowhere"})


def test_an_account_is_known_by_its_segments() -> None:
    """A dash inside a segment makes two accounts read the same: they are two."""
    world = prepared("account.create")
    one = write(world, "account.create", {"chart": "DE Chart", "segments": ["01", "4-30", "7110"]})

    other = write(world, "account.create", {"chart": "DE Chart", "segments": ["01-4", "30", "7110"]})

    assert one.external_id != other.external_id


def test_an_account_that_is_out_of_use_is_taken_into_use_again() -> None:
    """It is there by its segments: changed where it is, and no second one is made."""
    world = prepared("account.create")
    first = write(world, "account.create", {**ACCOUNT, "is_active": False})

    again = write(world, "account.create", {**ACCOUNT, "is_active": True})

    (held,) = [one for one in world.simulator.documents("accounts") if str(one["id"]) == first.external_id]
    assert (first.external_id, False, True) == (again.external_id, again.was_found, held["active"])
    assert 1 == world.simulator.requests.count("PUT", "^/api/accounts")


def test_a_budget_that_is_not_there_is_refused() -> None:
    """Its period and segments come from Coupa's set-up."""
    body = {"period": "2031-Q1", "segments": ["", "420"], "amount": "1"}

    assert "REJECTED" == case_of(prepared("budget.set"), "budget.set", body)


def test_a_budget_in_another_currency_is_refused() -> None:
    """A number alone would change what it is worth."""
    body = {"period": "2026-Q1", "segments": ["", "420"], "amount": "1", "currency": "USD"}

    assert "PAYLOAD_INVALID" == case_of(prepared("budget.set"), "budget.set", body)


def test_a_rate_is_corrected_and_its_neighbours_stay() -> None:
    """Of the same day, to another currency, and of another day."""
    world = prepared("exchange_rate.create")
    for changes in (
        {},
        {"rate_on": "2026-01-06"},
        {"to_currency": "EUR", "from_currency": "USD", "rate": "0.9"},
    ):
        write(world, "exchange_rate.create", RATE | changes)

    write(world, "exchange_rate.create", RATE | {"rate": "1.2"})

    assert ["1.200000000", "1.100000000", "0.900000000"] == [
        one["rate"] for one in world.simulator.documents("exchange_rates")
    ]


def test_a_rate_with_more_decimals_than_coupa_keeps_is_told() -> None:
    """Nine are kept: what is shown is not what was sent."""
    assert "WRITE_BACK_IGNORED" == case_of(
        prepared("x"), "exchange_rate.create", RATE | {"rate": "1.1234567891"}
    )


def test_a_user_is_changed_and_leaves() -> None:
    """Manager by employee number, limit by its name; who leaves is inactivated."""
    world = prepared("user.change")

    write(
        world,
        "user.change",
        {"employee_number": "E1", "manager_number": "E2", "limits": {"invoice": "500.00 EUR"}},
    )
    write(world, "user.change", {"employee_number": "E1", "is_active": False})

    held = next(one for one in world.simulator.documents("users") if one["login"] == "amy")
    assert ("bob", "500.0000", False) == (
        held["manager"]["login"],
        held["invoice-approval-limit"]["amount"],
        held["active"],
    )


def test_a_user_nobody_knows_is_refused() -> None:
    """People come from HR by their employee number; none is made here."""
    assert "REJECTED" == case_of(prepared("x"), "user.change", {"employee_number": "E9", "is_active": False})


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("supplier.create", {"number": "V-3"}),
        ("lookup_value.create", {"lookup": "Cost Centre"}),
        ("department.create", {"is_active": True}),
        ("account.create", {"chart": "DE Chart"}),
        ("budget.set", {"period": "2026-Q1", "segments": ["", "420"], "amount": "much"}),
        ("exchange_rate.create", RATE | {"rate": "high"}),
    ],
)
def test_what_lacks_a_part_is_refused_unsent(operation: str, body: Mapping[str, Any]) -> None:
    """It is said before Coupa is bothered."""
    world = prepared(operation)

    assert "PAYLOAD_INVALID" == case_of(world, operation, body)
    assert 0 == world.simulator.requests.count("POST", "^/api") + world.simulator.requests.count(
        "PUT", "^/api"
    )
