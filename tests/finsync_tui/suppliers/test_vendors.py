"""Suppliers between Coupa, Oracle and Concur: a vendor is made, follows, ends and is one golden record with the others."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.suppliers import merging
from store import crossrefs, workflows
from store.canonical.supplier import Supplier
from tests.adapters.setup_concur import ConcurWorld
from tests.builders import MONDAY
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET
from tests.finsync_tui.suppliers.estate import Estate
from tests.finsync_tui.suppliers.test_following import DOCK, QUAY
from tests.finsync_tui.suppliers.test_onboarding import GB

CONCUR = "concur"
OPTIONS = {"vendor_currencies": {"*": "GBP"}}


class ThreeSystems(Estate):
    """Suppliers begin in one of the three and shall exist in the two others."""

    def __init__(self, source: str, ownership: dict[str, str], **concur: Any) -> None:
        systems = {
            **PROFILE["systems"],
            CONCUR: {"adapter": "concur", "base_url": "https://concur.example", "options": OPTIONS},
        }
        others = [one for one in (TARGET, SOURCE, CONCUR) if one != source]
        super().__init__(
            entities=((TARGET, "supplier"), (SOURCE, "supplier"), (CONCUR, "supplier")),
            systems=systems,
            flows={"supplier_onboarding": {"source": source}},
            suppliers={"create_in": others},
            ownership=ownership,
        )
        self.concur = ConcurWorld(clock=self.clock, options=OPTIONS | concur)
        self.adapters[CONCUR] = self.concur.adapter
        self.coupa.simulator.put("suppliers", {**self.coupa.supplier, "status": "inactive"})

    def vendor(self, code: str | None = None) -> dict[str, Any]:
        """Return the vendor of that code; without one, the only one there is."""
        (found,) = [one for one in self.concur.simulator.vendors() if code in (None, one["VendorCode"])]
        return found

    def in_coupa(self, made: int, **changes: Any) -> None:
        self.clock.advance(timedelta(minutes=1))
        document = self.coupa.simulator.document("suppliers", made)
        self.coupa.simulator.put("suppliers", {**document, **changes})
        self.cycle()

    def state(self, key: str) -> tuple[str, str]:
        flow = workflows.of_document(self.store.db, key, Supplier.entity)[-1]
        return flow.kind, flow.state


def test_a_supplier_of_coupa_becomes_a_vendor_under_the_erps_number_and_follows() -> None:
    """Made once, changed, switched off and on again, read back each time; all three are one golden record."""
    estate = ThreeSystems(SOURCE, {"supplier": SOURCE})
    made = estate.coupa_supplier("Harbour Paper Trading Ltd", **{"tax-id": GB, "primary-address": QUAY})
    for _ in range(3):
        estate.cycle()
    first = dict(estate.vendor())
    estate.in_coupa(made, **{"primary-address": DOCK, "name": "Harbour Board Ltd"})
    moved = dict(estate.vendor())
    estate.in_coupa(made, status="inactive")
    ended = dict(estate.vendor())
    estate.in_coupa(made, status="active")

    assert (str(estate.coupa_state(made)["number"]), "Harbour Paper Trading Ltd", "Hull", GB) == (
        first["VendorCode"], first["VendorName"], first["City"], first["TaxID"],
    )  # fmt: skip
    assert ("Harbour Board Ltd", "9 Dock St", "EH6 6JJ") == (
        moved["VendorName"],
        moved["Address1"],
        moved["PostalCode"],
    )
    assert ("N", "Y") == (ended["Approved"], estate.vendor()["Approved"])
    assert ("activate", "done") == estate.state(f"{SOURCE}:{made}")
    assert [] == estate.open_classes
    shown = estate.store.db.execute(
        "SELECT s.record_count, s.system_count FROM v_supplier s JOIN v_supplier_record r ON r.supplier_id=s.id"
        " WHERE r.record_key=?", (f"{SOURCE}:{made}",),
    ).fetchone()  # fmt: skip
    assert (3, 3) == tuple(shown)


def test_a_vendor_of_concur_is_made_in_the_erp_and_in_procurement() -> None:
    """Where suppliers begin in Concur they keep its code as their number, and their end follows."""
    estate = ThreeSystems(CONCUR, {"supplier": CONCUR})
    estate.concur.simulator.put_vendor(
        {
            "VendorCode": "V-1001", "AddressCode": "MAIN", "VendorName": "Zenith Robotics Ltd", "Address1": "4 Quay Rd", "City": "Hull",
            "PostalCode": "HU1 1AA", "CountryCode": "GB", "CurrencyCode": "GBP", "TaxID": GB, "Approved": "Y",
        }
    )  # fmt: skip
    for _ in range(3):
        estate.cycle()
    links = {
        one.system: one for one in crossrefs.of(estate.store.db, Supplier.entity, f"{CONCUR}:V-1001/MAIN")
    }
    oracle = estate.oracle_state(int(links[TARGET].external_id))
    coupa = estate.coupa_state(int(links[SOURCE].external_id))

    estate.concur.simulator.put_vendor({**estate.vendor(), "Approved": "N"})
    estate.cycle()

    assert ("Zenith Robotics Ltd", GB) == (oracle["Supplier"], oracle["TaxpayerId"])
    assert ("V-1001", "Zenith Robotics Ltd", "Hull") == (
        coupa["number"],
        coupa["name"],
        coupa["primary-address"]["city"],
    )
    assert "INACTIVE" == estate.oracle_state(int(links[TARGET].external_id))["Status"]
    assert "inactive" == estate.coupa_state(int(links[SOURCE].external_id))["status"]
    assert [] == estate.open_classes


def test_a_vendor_without_a_currency_waits_for_the_profile_and_the_erp_has_it_meanwhile() -> None:
    """Concur's refusal is an exception that says which setting is missing."""
    estate = ThreeSystems(SOURCE, {"supplier": SOURCE}, vendor_currencies={"IE": "EUR"})
    made = estate.coupa_supplier("Harbour Paper Trading Ltd", **{"tax-id": GB, "primary-address": QUAY})

    for _ in range(3):
        estate.cycle()

    assert ["PAYLOAD_INVALID"] == estate.open_classes
    (cause,) = estate.store.db.execute("SELECT cause FROM exception_case WHERE ended_at IS NULL").fetchone()
    assert "vendor_currencies" in cause
    assert crossrefs.get(estate.store.db, Supplier.entity, f"{SOURCE}:{made}", TARGET) is not None
    assert [] == estate.concur.simulator.vendors()


@pytest.mark.parametrize("stated", ["Y", None])
def test_unmerging_vendors_restores_exactly_what_was(stated: str | None) -> None:
    """A vendor that stands twice in Concur, its twin in Oracle with it: ended, and afterwards as both were before. One that did not
    say that it is approved says so afterwards, and the preview tells it."""
    estate = ThreeSystems(SOURCE, {"supplier": SOURCE})
    for code in ("V-1", "V-2"):
        estate.concur.simulator.put_vendor(
            {
                "VendorCode": code, "AddressCode": "MAIN", "VendorName": "Zenith Robotics Ltd", "Address1": "4 Quay Rd",
                "City": "Hull", "PostalCode": "HU1 1AA", "CountryCode": "GB", "CurrencyCode": "GBP", "TaxID": GB,
                "PaymentMethodType": "CHECK", "Custom1": "kept", **({"Approved": stated} if stated else {}),
            }
        )  # fmt: skip
    twins = [
        estate.oracle_supplier(name, number=code)
        for name, code in (("Zenith Robotics Ltd", "V-1"), ("Zenith", "V-2"))
    ]
    estate.read()
    with estate.store.transaction() as db:
        for code, twin in zip(("V-1", "V-2"), twins, strict=True):
            crossrefs.link(
                db, "supplier", f"{CONCUR}:{code}/MAIN", TARGET, str(twin), number=code, why="created", linked_at=MONDAY
            )  # fmt: skip
    estate.settle()

    def everything() -> tuple[Any, ...]:
        links = estate.store.db.execute("SELECT * FROM crossref WHERE entity='supplier' ORDER BY 1, 2, 3")
        members = estate.store.db.execute(
            "SELECT system, external_id, golden_id FROM golden_member ORDER BY 1, 2"
        )
        return (
            [dict(estate.vendor(code)) for code in ("V-1", "V-2")], [estate.oracle_state(one) for one in twins],
            [tuple(row) for row in links], [tuple(row) for row in members],
        )  # fmt: skip

    before = everything()
    plan = merging.plan(estate.store.db, estate.profile, f"{CONCUR}:V-1/MAIN", f"{CONCUR}:V-2/MAIN")
    told = merging.unrestored(estate.store.db, asdict(plan))
    made = actions.merge_suppliers(
        estate.store,
        estate.profile,
        estate.who(),
        f"{CONCUR}:V-1/MAIN",
        f"{CONCUR}:V-2/MAIN",
        "one number",
        estate.signer(),
    )
    actions.approve_merge(estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom"))
    estate.cycle()
    merged = (
        estate.vendor("V-1").get("Approved"),
        estate.vendor("V-2")["Approved"],
        estate.oracle_state(twins[1])["Status"],
    )
    actions.part_suppliers(estate.store, estate.who(), made.merge, "they are two")
    estate.cycle()

    if stated is None:
        before[0][1]["Approved"] = "Y"
    assert (stated, "N", "INACTIVE") == merged
    assert before == everything()
    assert ([] if stated else [f"{CONCUR}:V-2/MAIN"]) == [key for key, _ in told]
    assert [] == estate.open_classes
