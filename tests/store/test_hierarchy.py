"""Who leads whom: from organisations and who sits in them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from store.canonical.hierarchy import DEPTH_MAX, Hierarchy
from store.canonical.organisation import Organisation
from store.canonical.people import Employee


def person(number: str, unit: str | None, **fields: Any) -> Employee:
    return Employee(**{"number": number, "name": f"P{number}", "org_unit": unit, **fields})


def unit(number: str, parent: str | None = None, *managers: str, **fields: Any) -> Organisation:
    made = {"number": number, "name": number, "kind": "supervisory", "parent": parent, "managers": managers}
    return Organisation(**{**made, **fields})


PEOPLE = [person("1", "TOP"), person("2", "TOP"), person("3", "A")]
UNITS = [unit("TOP", None, "1"), unit("A", "TOP", "2")]


def kinds(hierarchy: Hierarchy) -> list[str]:
    return [f"{one.kind} {one.subject}" for one in hierarchy.irregularities()]


def test_a_worker_is_led_by_the_manager_of_where_they_sit() -> None:
    """And a manager, who sits above, by the manager there."""
    hierarchy = Hierarchy(PEOPLE, UNITS)

    assert ["2", "1"] == [one.number for one in hierarchy.chain("3")]
    assert ("A",) == hierarchy.approver("3").path
    assert [] == kinds(hierarchy)


def test_nobody_decides_for_themselves() -> None:
    """A manager who sits in the organisation that they lead is led by the one above it."""
    hierarchy = Hierarchy([person("1", "TOP"), person("2", "A")], UNITS)

    assert ("1", ("A", "TOP")) == (hierarchy.approver("2").number, hierarchy.approver("2").path)


def test_who_leads_the_top_has_nobody_above_and_is_no_irregularity() -> None:
    """Anybody else without an approver is one."""
    hierarchy = Hierarchy([*PEOPLE, person("4", "LOST")], UNITS)

    assert hierarchy.approver("1").number is None
    assert ["no_approver 4"] == kinds(hierarchy)


def test_who_is_on_leave_is_passed_over_where_the_profile_says_so() -> None:
    """Without it they decide as before."""
    people = [person("1", "TOP"), person("2", "TOP", status="on_leave"), person("3", "A")]

    assert "2" == Hierarchy(people, UNITS).approver("3").number
    assert "1" == Hierarchy(people, UNITS, skips_on_leave=True).approver("3").number


def test_of_two_records_of_a_number_the_active_one_counts() -> None:
    """Whichever was read first; two active ones are told."""
    ended = person("3", "TOP", is_active=False)

    for people in ([*PEOPLE, ended], [ended, *PEOPLE]):
        assert "A" == Hierarchy(people, UNITS).employee("3").org_unit  # type: ignore[union-attr]
    assert ["two_active 3"] == kinds(Hierarchy([*PEOPLE, person("3", "A")], UNITS))


def test_organisations_below_each_other_are_told_and_do_not_hang() -> None:
    """Whoever is in such a circle has no approver; who is below one is led into it and no further."""
    units = [unit("A", "B"), unit("B", "A"), unit("C", "A")]
    hierarchy = Hierarchy([person("3", "C")], units)

    assert hierarchy.approver("3").number is None
    assert {"cycle A", "cycle B", "no_approver 3", "vacant C"} == set(kinds(hierarchy))


def test_managers_of_each_other_end_the_chain() -> None:
    """Each person decides once."""
    units = [unit("A", None, "2"), unit("B", None, "1")]
    hierarchy = Hierarchy([person("1", "A"), person("2", "B")], units)

    assert ["2"] == [one.number for one in hierarchy.chain("1")]


def test_an_organisation_that_is_closed_is_not_looked_at() -> None:
    """Nor does a parent that is not shown go unnoticed."""
    units = [unit("A", "GONE"), unit("B", "GONE", is_active=False)]

    assert ["unknown_parent A"] == kinds(Hierarchy([], units))


@given(
    parents=st.lists(st.integers(0, 12), min_size=1, max_size=12),
    leads=st.lists(st.integers(0, 12), max_size=12),
    sits=st.lists(st.integers(0, 12), min_size=1, max_size=12),
)
def test_whatever_stands_in_hr_nobody_decides_for_themselves_and_nothing_hangs(
    parents: list[int], leads: list[int], sits: list[int]
) -> None:
    """Cycles, gaps and people who lead themselves included."""
    units = [
        unit(str(n), str(parent) if parent != n else None, *([str(leads[n])] if n < len(leads) else []))
        for n, parent in enumerate(parents)
    ]
    people = [person(str(n), str(at)) for n, at in enumerate(sits)]
    hierarchy = Hierarchy(people, units)

    for one in people:
        chain = hierarchy.chain(one.number)
        numbers = [step.number for step in chain]
        assert one.number not in numbers
        assert len(set(numbers)) == len(numbers) <= DEPTH_MAX
        assert hierarchy.approver(one.number).number in (numbers[0] if numbers else None, None)
    hierarchy.irregularities()
