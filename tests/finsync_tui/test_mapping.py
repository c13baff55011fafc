"""Mapping tables: which rule answers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.mapping import Table, tables
from finsync_tui.mapping.explaining import considered
from finsync_tui.profile import MappingRow

TODAY = date(2026, 3, 1)


def a_row(source: str, target: str, **changes: object) -> MappingRow:
    return MappingRow.model_validate({"source": source, "target": target, **changes})


def found(table: Table, value: str, scope: str = "DE01", **given: str) -> str | None:
    match = table.find(value, scope=scope, on=TODAY, given=given)
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


def test_a_range_holds_both_its_ends_and_what_lies_between() -> None:
    """Numbers are compared as numbers, codes of one length as codes; anything else does not lie in it."""
    table = Table("t", 1, (a_row("4000..4999", "costs"), a_row("A10..B05", "letters"), a_row("7..12", "few")))

    answers = {
        value: found(table, value)
        for value in ("4000", "4999", "5000", "40000", "A99", "B06", "B5", "9", "12", "07")
    }

    assert answers == {
        "4000": "costs", "4999": "costs", "5000": None, "40000": None, "A99": "letters", "B06": None, "B5": None,
        "9": "few", "12": "few", "07": "few",
    }  # fmt: skip


@pytest.mark.parametrize("source", ["5000..4000", "B1..A9", "A1..A10", "10..9"])
def test_a_range_that_no_value_lies_in_is_refused(source: str) -> None:
    """It could only be a slip."""
    with pytest.raises(ValueError, match="no value lies in the range"):
        a_row(source, "x")


def test_one_value_goes_before_a_range_before_a_pattern() -> None:
    """The most particular rule answers."""
    table = Table("t", 1, (a_row("4*", "pattern"), a_row("4000..4999", "range"), a_row("4100", "value")))

    assert [found(table, value) for value in ("4100", "4200", "45000")] == ["value", "range", "pattern"]


def test_a_rule_with_conditions_is_for_those_who_meet_them() -> None:
    """More conditions win over fewer; a document without the field meets none."""
    rows = (
        a_row("6100", "general"),
        a_row("6100", "it", where=(("category", "IT*"),)),
        a_row("6100", "it in euro", where=(("category", "IT*"), ("currency", "EUR"))),
    )
    table = Table("t", 1, rows)

    answers = [
        found(table, "6100", category="IT hardware", currency="EUR"),
        found(table, "6100", category="IT hardware", currency="USD"),
        found(table, "6100", category="Travel"),
        found(table, "6100"),
    ]

    assert answers == ["it in euro", "it", "general", "general"]


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ((("categroy", "IT"),), "nothing that a rule can ask for"),
        ((("category", ""),), "is empty"),
        ((("category", "A"), ("category", "B")), "asked for twice"),
        ((("supplier", "9..1"),), "no value lies in"),
    ],
)
def test_a_condition_that_can_never_be_met_is_refused(
    where: tuple[tuple[str, str], ...], problem: str
) -> None:
    """A misspelt name fails when the table is read, not at midnight."""
    with pytest.raises(ValueError, match=problem):
        a_row("6100", "x", where=where)


def test_a_region_stands_between_the_company_and_all() -> None:
    """A company inherits its region's rules, and its own go before them."""
    rows = (a_row("A", "all"), a_row("A", "region", scope="EMEA"), a_row("A", "own", scope="DE01"))
    regions = {"DE01": "EMEA", "FR01": "EMEA"}

    table = Table("t", 1, rows, regions)

    assert [found(table, "A", scope) for scope in ("DE01", "FR01", "US01")] == ["own", "region", "all"]


def test_only_a_rule_for_everything_with_a_fixed_target_is_a_default() -> None:
    """Passing values on is no guess; answering all of them with one is."""
    table = Table("t", 1, (a_row("A*", "a"), a_row("*", "9999")))
    passing = Table("t", 1, (a_row("*", "="),))

    matches = [one.find("X", scope="DE01", on=TODAY) for one in (table, passing)] + [
        table.find("A1", scope="DE01", on=TODAY)
    ]

    assert [match is not None and match.is_default for match in matches] == [True, False, False]


def test_versions_from_before_there_were_conditions_keep_their_digest() -> None:
    """What people signed stays what they signed."""
    row = a_row("A", "1", scope="DE01")

    assert row.model_dump_json() == (
        '{"source":"A","target":"1","scope":"DE01","priority":0,"valid_from":null,"valid_to":null}'
    )


CELLS = st.sampled_from(["A", "AB", "A*", "*", "A*C", "10..20", "15", "1*", "AA..AZ"])
RULES = st.builds(
    MappingRow,
    source=CELLS,
    target=st.sampled_from("xyz"),
    scope=st.sampled_from(["", "DE01", "EMEA", "US01"]),
    priority=st.integers(-1, 1),
    valid_from=st.sampled_from([None, TODAY, date(2026, 3, 2)]),
    where=st.sampled_from([(), (("category", "IT*"),), (("category", "IT"), ("currency", "EUR"))]),
)


@given(st.lists(RULES, max_size=12), st.sampled_from(["A", "AB", "ABC", "15", "20", "AX", ""]), st.booleans())
def test_the_index_finds_what_asking_every_rule_finds(
    rows: list[MappingRow], value: str, has_category: bool
) -> None:
    """However rules are stored for speed, the answer is that of the plain description: the best of all that fit."""
    known = {"category": "IT"} if has_category else {}
    table = Table("t", 1, tuple(rows), {"DE01": "EMEA"})

    match = table.find(value, scope="DE01", on=TODAY, given=known)
    every = considered(table, value, scope="DE01", on=TODAY, given=known)

    answering = [one.row for one in every if not one.why_not]
    assert answering == ([match.rule] if match is not None else [])


def test_it_is_told_why_the_other_rules_did_not_answer() -> None:
    """Each rule for the value has its reason."""
    rows = (
        a_row("A", "1"),
        a_row("A", "2", scope="US01"),
        a_row("A", "3", valid_from="2027-01-01"),
        a_row("A", "4", where=(("category", "IT"),)),
        a_row("*", "5", priority=-1),
        a_row("A*", "6"),
        a_row("B", "7"),
    )

    every = considered(Table("t", 1, rows), "A", scope="DE01", on=TODAY, given={"category": "Travel"})

    assert [(one.row, one.why_not) for one in every] == [
        (1, ""),
        (6, "row 1 has a more exact value"),
        (5, "row 1 has a higher priority"),
        (2, "it is for US01 only"),
        (4, "it asks for category IT, and the document has Travel"),
        (3, "it holds from 2027-01-01 on"),
    ]
