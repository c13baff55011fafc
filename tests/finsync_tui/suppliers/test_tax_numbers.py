"""All tax numbers of a supplier that a system has a place for are written, read back and compared."""

from __future__ import annotations

from typing import Any

from store import workflows
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_onboarding import BOTH, GB, GB_OTHER, Onboarding

DE = "DE136695976"


def paid_at(*numbers: tuple[str, str]) -> dict[str, Any]:
    rows = [{"number": number, "country": {"code": of}, "active": True} for number, of in numbers]
    return {
        "id": 71,
        "remit-to-code": "PAY",
        "country": {"code": "DE"},
        "active": True,
        "tax-registrations": rows,
    }


def left_out(estate: Onboarding) -> list[str]:
    rows = estate.store.db.execute(
        "SELECT message FROM finding WHERE class='TAX_NUMBERS_LEFT_OUT' ORDER BY id"
    )
    return [row[0] for row in rows]


def test_oracle_gets_the_number_of_the_suppliers_own_country_and_what_has_no_place_is_said() -> None:
    """Oracle has one place: whichever number the source names first, its own country's is there, also when it changes."""
    estate = Onboarding(ownership=BOTH)

    made = estate.new(**{"tax-id": None, "remit-to-addresses": [paid_at((DE, "DE"), (GB, "GB"))]})
    first = estate.twin(made)
    estate.change(made, **{"remit-to-addresses": [paid_at((DE, "DE"), (GB_OTHER, "GB"))]})
    second = estate.twin(made)

    assert ((GB, "GB"), (GB_OTHER, "GB")) == tuple(
        (one["TaxpayerId"], one["TaxpayerCountry"]) for one in (first, second)
    )
    told = f"{TARGET} has no place for {DE}: it shows the supplier's other tax numbers"
    assert [told, told] == left_out(estate)
    done = [(w.kind, w.state) for w in workflows.of_document(estate.store.db, f"{SOURCE}:{made}", "supplier")]
    assert ([("onboard", "done"), ("change", "done")], []) == (done, estate.open_classes)


def test_a_number_that_is_not_shown_as_it_was_told_is_held() -> None:
    """Another of its numbers stands there instead, before it was read back: that was enough once."""
    estate = Onboarding(ownership=BOTH)
    estate.coupa_supplier("Quay Board Ltd", **{"tax-id": GB, "remit-to-addresses": [paid_at((DE, "DE"))]})
    estate.read()
    for _ in range(8):  # made, told, and not read back yet
        estate.deliver()
    row = next(r for r in estate.oracle.simulator.world.tables["suppliers"] if r.data["TaxpayerId"] == GB)
    row.data.update(TaxpayerId=DE, TaxpayerCountry="DE")
    row.rendered.clear()

    estate.settle()

    assert ["READ_BACK_DIFFERS"] == estate.open_classes
