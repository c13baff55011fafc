"""`finsync hierarchy`: who leads whom, from what was read."""

from __future__ import annotations

from store import records
from store.canonical.organisation import Organisation
from store.canonical.people import Employee
from store.canonical.record import CanonicalRecord
from tests.builders import MONDAY
from tests.finsync_tui.cli.conftest import EVIL, Finsync


def put_people(finsync: Finsync, *more: CanonicalRecord) -> None:
    """Ann leads the company, Bea the organisation that Ben sits in."""
    found: list[CanonicalRecord] = [
        Organisation(number="TOP", name="Company", kind="supervisory", managers=("1",)),
        Organisation(number="A", name=EVIL, kind="supervisory", parent="TOP", managers=("2",)),
        Organisation(number="CCH", name="All cost centres", kind="cost_centre_hierarchy"),
        Employee(number="1", name="Ann", org_unit="TOP"),
        Employee(number="2", name="Bea", org_unit="TOP"),
        Employee(number="3", name="Ben", org_unit="A"),
        *more,
    ]
    with finsync.store() as store, store.transaction() as db:
        for n, one in enumerate(found):
            records.put_page(db, one.entity, "workday", [records.Incoming(str(n), one, b"{}")], MONDAY)


def test_organisations_are_shown_from_the_top_with_who_leads_them(finsync: Finsync) -> None:
    """Nodes of cost centres are no part of it; what HR wrote cannot speak to the terminal."""
    put_people(finsync)

    shown = finsync("hierarchy")
    told = finsync("hierarchy", "--json").json

    assert 0 == shown.code
    assert "\x1b" not in shown.out
    assert [("TOP", 0, ["1"], 2), ("A", 1, ["2"], 1)] == [
        (one["organisation"], one["depth"], one["managers"], one["members"]) for one in told
    ]
    assert ["A"] == [one["organisation"] for one in finsync("hierarchy", "A", "--json").json]


def test_a_circle_is_listed_once_and_found_by_the_check(finsync: Finsync) -> None:
    """It hangs from no top; the check ends with 3, and with 0 where all is as it should be."""
    put_people(finsync)
    well = finsync("hierarchy", "--check", "--json")
    put_people(
        finsync,
        Organisation(number="X", name="X", kind="supervisory", parent="Y"),
        Organisation(number="Y", name="Y", kind="supervisory", parent="X"),
    )

    ill = finsync("hierarchy", "--check", "--json")
    told = finsync("hierarchy", "--json").json

    assert (0, []) == (well.code, well.json)
    assert (3, ["X", "Y"]) == (ill.code, [one["subject"] for one in ill.json])
    assert ["TOP", "A", "X", "Y"] == [one["organisation"] for one in told]


def test_an_organisation_that_was_never_shown_is_wrong_usage(finsync: Finsync) -> None:
    """Nothing is asked of the system."""
    assert 2 == finsync("hierarchy", "NOBODY").code
