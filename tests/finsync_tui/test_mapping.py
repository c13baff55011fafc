"""Mapping tables: which rule answers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.mapping import Table, tables
from finsync_tui.profile import MappingRow

TODAY = date(2026, 3, 1)


def a_row(source: str, target: str, **changes: object) -> MappingRow:
    return MappingRow.model_validate({"source": source, "target": target, **changes})


def found(table: Table, value: str, scope: str = "DE01") -> str | None:
    match = table.find(value, scope=scope, on=TODAY)
    return match.target if match else None


def test_an_exact_rule_goes_before_a_wildcard() -> None:
    """The most specific rule answers."""
    table = Table("t", 1, (a_row("CC*", "9"), a_row("CC4*", "4"), a_row("CC41", "41")))

    answers = [found(table, value) for value in ("CC41", "CC42", "CC1")]

    assert answers == ["41", "4", "9"]


def test_priority_beats_everything() -> None:
    """A higher priority wins over a better fit."""
    table = Table("t", 1, (a_row("CC41", "41"), a_row("*", "override", priority=5)))

    assert found(table, "CC41") == "override"


def test_a_rule_for_the_scope_goes_before_one_for_all() -> None:
    """A regional rule changes only its own region."""
    table = Table("t", 1, (a_row("A", "general"), a_row("A", "german", scope="DE01")))

    assert (found(table, "A"), found(table, "A", "US01")) == ("german", "general")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"valid_from": "2026-03-01"}, "x"),
        ({"valid_from": "2026-03-02"}, None),
        ({"valid_to": "2026-03-01"}, "x"),
        ({"valid_to": "2026-02-28"}, None),
    ],
)
def test_a_rule_holds_only_within_its_dates(dates: dict[str, str], expected: str | None) -> None:
    """Both ends of a rule's validity are included."""
    table = Table("t", 1, (a_row("A", "x", **dates),))

    assert expected == found(table, "A")


def test_a_match_names_the_rule_and_the_version() -> None:
    """Every answer can be traced to a row of a version."""
    table = Table("cost_centre", 7, (a_row("B", "b"), a_row("A", "a")))

    match = table.find("A", scope="", on=TODAY)

    assert match is not None
    assert (
        match.table,
        match.version,
        match.rule,
        match.source,
        match.target,
    ) == ("cost_centre", 7, 2, "A", "a")


def test_an_equals_sign_passes_the_value_on() -> None:
    """Codes that are the same on both sides need one row, not one each."""
    table = Table("t", 1, (a_row("*", "="),))

    assert found(table, "4711") == "4711"


@given(st.text(alphabet="AB[]?.*(", min_size=1, max_size=8))
def test_only_the_star_is_a_wildcard(value: str) -> None:
    """Brackets, dots and question marks in codes mean themselves."""
    exact = value.replace("*", "")
    table = Table("t", 1, (a_row(exact + "*", "hit"),)) if exact else Table("t", 1, (a_row("*", "hit"),))

    assert found(table, exact + "anything") == "hit"
    assert exact == "" or found(table, "Z" + exact) is None


def test_tables_carry_the_version_they_are_recorded_under() -> None:
    """The engine's tables name the versions that the store gave them."""
    made = tables({"a": (a_row("x", "y"),)}, {"a": 3})

    assert made["a"].version == 3
