"""An employee who is paid as a supplier is known by the employee number, and is never a company that looks the same."""

from __future__ import annotations

import pytest

from finsync_tui import actions
from finsync_tui.suppliers import merging
from store import records
from store.canonical.supplier import Supplier
from store.errors import NotAllowedError
from tests.adapters.setup_oracle import UNIT
from tests.adapters.test_oracle_suppliers import a_supplier, read, request, write
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_onboarding import GB, Onboarding

ANN = "Ann Harbour"


class Hired(Onboarding):
    """Ann works for the company and is paid by Oracle under her employee number."""

    def __init__(self) -> None:
        super().__init__()
        self.ann = self.oracle.simulator.add_employee("E-77", ANN, units=[UNIT], country="GB")
        self.cycle()

    def kind(self, system: str, external_id: int) -> str:
        held = records.get(self.store.db, Supplier, system, str(external_id))
        assert held is not None
        return held.record.kind

    def golden(self) -> list[tuple[str, ...]]:
        """Return the keys of each golden record that is in use."""
        rows = self.store.db.execute(
            "SELECT group_concat(record_key) FROM (SELECT supplier_id, record_key FROM v_supplier_record ORDER BY record_key)"
            " GROUP BY supplier_id"
        )
        return sorted(tuple(row[0].split(",")) for row in rows)


def test_a_company_with_the_number_and_nearly_the_name_of_an_employee_is_made_beside_her() -> None:
    """Neither linked nor asked about, nor one golden record with her; Oracle has both."""
    estate = Hired()

    made = estate.new("Ann Harbour Ltd", number="E-77")
    estate.cycle()

    link = estate.link(made)
    assert link is not None
    assert (str(estate.ann), "created") != (link.external_id, link.why)
    assert ("employee", "company") == (
        estate.kind(TARGET, estate.ann),
        estate.kind(TARGET, int(link.external_id)),
    )
    her = f"{TARGET}:{estate.ann}"
    pairs = estate.store.db.execute(
        "SELECT count(*) FROM supplier_pair WHERE ? IN (one, other)", (her,)
    ).fetchone()
    assert (0, []) == (pairs[0], estate.open_classes)
    assert (her,) in estate.golden()


def test_a_company_of_exactly_her_name_waits_for_a_name_of_its_own() -> None:
    """A name stands in Oracle only once: she is not taken for the company, and nothing is made."""
    estate = Hired()
    before = len(estate.oracle_names)

    made = estate.new(ANN)

    assert ["SUPPLIER_AMBIGUOUS"] == estate.open_classes
    assert (None, before) == (estate.link(made), len(estate.oracle_names))


def test_nobody_can_call_or_merge_them_one() -> None:
    """Saying that they are the same is refused, and so is a merge in either direction."""
    estate = Hired()
    made = estate.new("Ann Harbour Ltd", **{"tax-id": GB})
    pair = (f"{SOURCE}:{made}", f"{TARGET}:{estate.ann}")

    with pytest.raises(NotAllowedError, match="is an employee"):
        actions.answer_suppliers(estate.store, estate.profile, estate.who(), [pair], "same", "looks like her")
    for keep, double in (pair, pair[::-1]):
        with pytest.raises(NotAllowedError, match="employee: such suppliers are nobody's doubles"):
            merging.plan(estate.store.db, estate.profile, keep, double)
    actions.answer_suppliers(
        estate.store, estate.profile, estate.who(), [pair], "different", "she is a person", estate.signer()
    )


def test_an_employee_of_the_source_is_made_with_her_number_and_found_by_it() -> None:
    """Where the profile says so, employees of an ERP exist in the other one too: under the employee number, as employees."""
    estate = Hired()
    ben = a_supplier("Ben Quay", number="E-78", kind="employee", tax_registrations=())

    done = write(estate.oracle, request("supplier.create", supplier=ben))
    found = read(estate.oracle, "supplier", str(done.external_id))

    assert ("E-78", "employee", "E-78") == (found.number, found.kind, done.number)
